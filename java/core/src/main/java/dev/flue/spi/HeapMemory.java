// SPDX-License-Identifier: Apache-2.0
package dev.flue.spi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** Regions in the JVM's own direct memory: for tests, and for a host stack without the library. */
public final class HeapMemory implements Memory {
    private static final int MAX_REGIONS = 1024;

    private final AtomicReferenceArray<ByteBuffer> table = new AtomicReferenceArray<>(MAX_REGIONS);

    @Override
    public Region allocate(long bytes) {
        if (bytes < 1 || bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a region of " + bytes + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int id = 1; id < MAX_REGIONS; id++) {
            if (table.compareAndSet(id, null, buffer)) {
                return new HeapRegion(id, buffer);
            }
        }
        throw new OutOfMemoryError("all " + MAX_REGIONS + " region ids are in use");
    }

    @Override
    public ByteBuffer buffer(int regionId) {
        ByteBuffer buffer = regionId > 0 && regionId < MAX_REGIONS ? table.get(regionId) : null;
        if (buffer == null) {
            throw new IllegalArgumentException("no region " + regionId);
        }
        return buffer;
    }

    @Override
    public String kind() {
        return "java";
    }

    private final class HeapRegion implements Region {
        private final int id;
        private final ByteBuffer buffer;

        HeapRegion(int id, ByteBuffer buffer) {
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
            table.compareAndSet(id, buffer, null);
        }
    }
}
