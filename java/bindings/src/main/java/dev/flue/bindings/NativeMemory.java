// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.global.flue;
import dev.flue.spi.Memory;
import dev.flue.spi.Region;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Regions of libflue as direct buffers. There is one table of regions a process, so both kinds of
 * memory resolve every id, also of regions that C made: packet buffers, channels, counters. Such a
 * region is looked up when its id is first met; from then on {@link #buffer} is one array read.
 *
 * <p>Life of a region: closing it makes its id resolve to nothing and turns its pages into zeroes
 * in place, so a buffer somebody still holds stays readable. The address space goes back when the
 * last buffer on it is unreachable and every engine and port that was open by then, and may have
 * been lent a piece of it, is closed.
 */
public final class NativeMemory implements Memory {
    private static final int MAX_REGIONS = 1024;
    private static final long HUGEPAGE_BYTES = 2 << 20;
    private static final int RETIRED_LIMIT = 512;
    private static final int COLLECTIONS = 5;
    private static final long WAIT_MILLIS = 20;
    private static final AtomicReferenceArray<ByteBuffer> TABLE =
            new AtomicReferenceArray<>(MAX_REGIONS);
    private static final Cleaner CLEANER = Cleaner.create();
    // Guards changes of the table, and what follows; reading the table takes no lock.
    private static final Object LOCK = new Object();
    // Numbers of the open engines and ports, in order of opening.
    private static final TreeSet<Long> BORROWERS = new TreeSet<>();
    // Ids of regions without a reachable buffer, and the number of the moment that was noticed.
    private static final Map<Integer, Long> UNREACHABLE = new HashMap<>();
    private static long moments;
    // Regions that were closed and are not unmapped.
    private static int retired;

    private static final NativeMemory HEAP = new NativeMemory(0, "heap");
    private static final NativeMemory HUGEPAGES = new NativeMemory(1, "hugepages");

    private final int regionKind;
    private final String kind;

    private NativeMemory(int regionKind, String kind) {
        this.regionKind = regionKind;
        this.kind = kind;
    }

    /**
     * Anonymous pages.
     *
     * @throws FlueException when the library is not available
     */
    public static NativeMemory heap() {
        Flue.require();
        return HEAP;
    }

    /**
     * 2 MiB hugepages. Each region takes whole ones.
     *
     * @throws FlueException when the library is not available, or no hugepage is free
     */
    public static NativeMemory hugepages() {
        Flue.require();
        if (flue.flue_hugepages_free() == 0) {
            throw new FlueException(noHugepages(1, 0), Errno.ENOMEM);
        }
        return HUGEPAGES;
    }

    @Override
    public Region allocate(long bytes) {
        if (bytes < 1 || bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a region of " + bytes + " bytes");
        }
        makeRoom();
        int id = flue.flue_region_create(regionKind, bytes);
        if (id == -Errno.ENOSPC) {
            makeRoom(1);
            id = flue.flue_region_create(regionKind, bytes);
        }
        if (id < 0) {
            throw new OutOfMemoryError(refusal(bytes, -id));
        }
        synchronized (LOCK) {
            return new NativeRegion(id, enter(id));
        }
    }

    @Override
    public ByteBuffer buffer(int regionId) {
        ByteBuffer buffer =
                regionId > 0 && regionId < MAX_REGIONS ? TABLE.getAcquire(regionId) : null;
        return buffer != null ? buffer : lookUp(regionId);
    }

    @Override
    public String kind() {
        return kind;
    }

    /** C closed regions (it destroyed an engine, a port): forget those that no longer resolve. */
    static void forgetClosed() {
        synchronized (LOCK) {
            for (int id = 1; id < MAX_REGIONS; id++) {
                if (TABLE.get(id) != null && flue.flue_region_size(id) < 0) {
                    retire(id);
                }
            }
        }
    }

    private static void retire(int id) {
        TABLE.set(id, null);
        retired++;
    }

    /**
     * Regions come back when the garbage collector finds their buffers; somebody who makes and
     * closes many in a short time has to ask it to. Before anything that makes regions.
     */
    static void makeRoom() {
        makeRoom(RETIRED_LIMIT);
    }

    /** {@code limit}: closed regions that may wait for the collector. */
    private static void makeRoom(int limit) {
        synchronized (LOCK) {
            try {
                for (int i = 0; i < COLLECTIONS && reachable() >= limit; i++) {
                    System.gc();
                    awaitCleaner(limit / 2, WAIT_MILLIS << i);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Closed regions that somebody may still have a buffer on. */
    private static int reachable() {
        return retired - UNREACHABLE.size();
    }

    /** The cleaner tells of one region after the other: wait for as long as it does. */
    private static void awaitCleaner(int enough, long millis) throws InterruptedException {
        int before;
        do {
            before = reachable();
            LOCK.wait(millis);
        } while (reachable() < before && reachable() > enough);
    }

    /**
     * Close a region that was made by its id. If Java has a buffer on it, the cleaner unmaps it.
     */
    static void release(int id) {
        synchronized (LOCK) {
            flue.flue_region_close(id);
            if (TABLE.get(id) == null) {
                flue.flue_region_unmap(id);
            } else {
                retire(id);
            }
        }
    }

    /** Something was opened that may hold addresses of lent memory. Returns its number. */
    static long borrowerOpened() {
        synchronized (LOCK) {
            BORROWERS.add(++moments);
            return moments;
        }
    }

    static void borrowerClosed(long number) {
        synchronized (LOCK) {
            BORROWERS.remove(number);
            unmapUnreachable();
        }
    }

    private static void unreachable(int id) {
        synchronized (LOCK) {
            UNREACHABLE.put(id, ++moments);
            unmapUnreachable();
            LOCK.notifyAll();
        }
    }

    private static void unmapUnreachable() {
        long oldest = BORROWERS.isEmpty() ? Long.MAX_VALUE : BORROWERS.first();
        UNREACHABLE
                .entrySet()
                .removeIf(
                        each -> {
                            boolean nobody = each.getValue() < oldest;
                            if (nobody) {
                                flue.flue_region_unmap(each.getKey());
                                retired--;
                            }
                            return nobody;
                        });
    }

    private static ByteBuffer lookUp(int id) {
        if (id <= 0 || id >= MAX_REGIONS) {
            throw new IllegalArgumentException("no region " + id);
        }
        synchronized (LOCK) {
            ByteBuffer buffer = TABLE.get(id);
            return buffer != null ? buffer : enter(id);
        }
    }

    /** Under the lock: make the buffer of an open region, which nobody has yet. */
    private static ByteBuffer enter(int id) {
        // Asking for the address tells C that Java holds it: the id is not used again, and the
        // address space not given back, before flue_region_unmap().
        Pointer address = flue.flue_region_address(id);
        if (address == null) {
            throw new IllegalArgumentException("no region " + id);
        }
        long size = flue.flue_region_size(id);
        if (size < 0) {
            flue.flue_region_unmap(id);
            throw new IllegalArgumentException("no region " + id);
        }
        ByteBuffer buffer = new BytePointer(address).capacity(size).asByteBuffer();
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        CLEANER.register(buffer, () -> unreachable(id));
        TABLE.set(id, buffer);
        return buffer;
    }

    private String refusal(long bytes, int errno) {
        if (errno == Errno.ENOSPC) {
            return "all " + (MAX_REGIONS - 1) + " region ids are in use";
        }
        if (regionKind == flue.FLUE_REGION_HUGEPAGE && errno == Errno.ENOMEM) {
            long pages = (bytes + HUGEPAGE_BYTES - 1) / HUGEPAGE_BYTES;
            return noHugepages(pages, flue.flue_hugepages_free());
        }
        return "a region of " + bytes + " bytes: " + Errno.text(errno);
    }

    /** For people. */
    static String noHugepages(long needed, int free) {
        return needed
                + " hugepages of 2 MiB are needed and "
                + free
                + " are free; reserve more (sysctl vm.nr_hugepages=N, as root) or use heap memory";
    }

    private static final class NativeRegion implements Region {
        private final int id;
        private final ByteBuffer buffer;

        NativeRegion(int id, ByteBuffer buffer) {
            this.id = id;
            this.buffer = buffer;
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public ByteBuffer buffer() {
            return buffer;
        }

        @Override
        public void close() {
            synchronized (LOCK) {
                // Only while the id is ours: after the unmap another region may have it.
                if (TABLE.get(id) == buffer) {
                    retire(id);
                    flue.flue_region_close(id);
                }
            }
        }
    }
}
