// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import dev.flue.offload.Capabilities;
import dev.flue.offload.Mdl;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.OidRefusals;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * Two ports back to back in Java memory, without chimney: for tests, and where there is no native
 * library. Frames may be dropped and delayed by seed, in virtual time; the same seed and calls give
 * the same trace. One thread.
 */
public final class MemoryLink implements AutoCloseable {
    /** Looks at every frame that is sent, and decides. */
    @FunctionalInterface
    public interface Filter {
        /**
         * @param from end that sends, 0 or 1
         * @param number of the frame on the link, from 0
         * @return false = lost
         */
        boolean pass(int from, long number, ByteBuffer frame, int at, int length);
    }

    private static final int MAX_FRAME = 9216;
    private static final int FIRST_FRAMES = 64;
    private static final int MAX_FRAMES = 65536;
    private static final long[] MACS = {0x0200_0000_0001L, 0x0200_0000_0002L};

    private record Flight(long dueAt, long number, long frame) implements Comparable<Flight> {
        @Override
        public int compareTo(Flight other) {
            int byTime = Long.compare(dueAt, other.dueAt);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private final Memory memory;
    private final BufferPool frames;
    private final Random random;
    private final End[] ends = {new End(0), new End(1)};
    private Filter filter = (from, number, frame, at, length) -> true;
    private int dropPpm;
    private long delayMin;
    private long delayMax;
    private long sent;
    private long lost;

    public MemoryLink(Memory memory, long seed) {
        this.memory = memory;
        this.frames = new BufferPool(memory, MAX_FRAME, FIRST_FRAMES, MAX_FRAMES);
        this.random = new Random(seed);
    }

    /** Port 0 or 1, of MAC address 02:00:00:00:00:01 and :02. */
    public Miniport end(int index) {
        return ends[index];
    }

    /** Lose this many frames of a million. */
    public void drop(int ppm) {
        dropPpm = ppm;
    }

    /** Delay each frame by this much, evenly spread; a spread reorders. */
    public void delay(long minNanos, long maxNanos) {
        delayMin = minNanos;
        delayMax = maxNanos;
    }

    public void filter(Filter value) {
        filter = value;
    }

    /** Put a frame on the link that no stack sent, as if it came from one end. */
    public void inject(int from, byte[] frame) {
        long copy = frames.allocate();
        int at = BufferPool.dataAt(copy);
        frames.buffer(copy).put(at, frame, 0, frame.length);
        frames.range(copy, 0, frame.length);
        ends[1 - from].arriving.add(new Flight(ends[from].now, sent++, copy));
    }

    /** Frames sent, lost ones included. */
    public long sent() {
        return sent;
    }

    public long lost() {
        return lost;
    }

    /** Frames that are under way or that a stack has not given back. */
    public int held() {
        return frames.held();
    }

    /** What is still under way is lost. */
    @Override
    public void close() {
        for (End end : ends) {
            for (Flight flight : end.arriving) {
                frames.free(flight.frame());
            }
            end.arriving.clear();
        }
        frames.close();
    }

    /** One port. */
    private final class End implements Miniport {
        private final int index;
        private final PriorityQueue<Flight> arriving = new PriorityQueue<>();
        private MiniportAdapter adapter;
        private OidRefusals oids;
        private long completedHead;
        private long completedTail;
        private long now;
        private NetBufferList list;
        private NetBuffer netBuffer;
        private Mdl mdl;

        End(int index) {
            this.index = index;
        }

        @Override
        public void initialize(MiniportAdapter value) {
            adapter = value;
            oids = new OidRefusals(memory);
            list = new NetBufferList(memory);
            netBuffer = new NetBuffer(memory);
            mdl = new Mdl(memory);
        }

        @Override
        public Capabilities capabilities() {
            String cause = "a memory link offloads nothing";
            return new Capabilities(
                    false, cause, false, false, false, 0, 0, 0, MACS[index], "memory link");
        }

        @Override
        public void sendNetBufferLists(long netBufferLists) {
            for (long at = netBufferLists; at != 0; at = list.wrap(at).next()) {
                send(at);
            }
            if (completedTail == 0) {
                completedHead = netBufferLists;
            } else {
                list.wrap(completedTail).next(netBufferLists);
            }
            completedTail = netBufferLists;
            while (list.wrap(completedTail).next() != 0) {
                completedTail = list.next();
            }
        }

        private void send(long netBufferList) {
            long copy = frames.allocate();
            long number = sent++;
            if (copy == 0) {
                lost++;
                return;
            }
            int length = copy(netBufferList, copy);
            frames.range(copy, 0, length);
            int at = BufferPool.dataAt(copy);
            boolean pass = filter.pass(index, number, frames.buffer(copy), at, length);
            if (!pass || random.nextInt(1_000_000) < dropPpm) {
                lost++;
                frames.free(copy);
                return;
            }
            long spread = delayMax - delayMin;
            long delay = delayMin + (spread > 0 ? (long) (random.nextDouble() * spread) : 0);
            ends[1 - index].arriving.add(new Flight(now + delay, number, copy));
        }

        private int copy(long netBufferList, long target) {
            netBuffer.wrap(list.wrap(netBufferList).firstNetBuffer());
            int left = netBuffer.dataLength();
            int offset = netBuffer.currentMdlOffset();
            ByteBuffer to = frames.buffer(target);
            int at = BufferPool.dataAt(target);
            for (long piece = netBuffer.currentMdl(); left > 0; piece = mdl.next()) {
                mdl.wrap(piece);
                int bytes = Math.min(left, mdl.byteCount() - offset);
                ByteBuffer from = memory.buffer(Refs.region(mdl.data()));
                to.put(at, from, Refs.offset(mdl.data()) + offset, bytes);
                at += bytes;
                left -= bytes;
                offset = 0;
            }
            return at - BufferPool.dataAt(target);
        }

        @Override
        public void returnNetBufferLists(long netBufferLists) {
            frames.freeChain(netBufferLists);
        }

        @Override
        public void oidRequest(long request) {
            oids.add(request, OffloadStatus.NOT_SUPPORTED);
        }

        @Override
        public int doWork(long nowNanos) {
            now = nowNanos;
            int work = oids.complete(adapter);
            if (completedHead != 0) {
                long chain = completedHead;
                completedHead = 0;
                completedTail = 0;
                work++;
                adapter.sendNetBufferListsComplete(chain);
            }
            long head = 0;
            long tail = 0;
            while (!arriving.isEmpty() && arriving.peek().dueAt() <= now) {
                long frame = arriving.poll().frame();
                if (tail == 0) {
                    head = frame;
                } else {
                    frames.next(tail, frame);
                }
                tail = frame;
                work++;
            }
            if (head != 0) {
                adapter.receiveNetBufferLists(head);
            }
            return work;
        }

        @Override
        public long nextDeadline() {
            if (completedHead != 0 || !oids.isEmpty()) {
                return now;
            }
            return arriving.isEmpty() ? Long.MAX_VALUE : arriving.peek().dueAt();
        }

        // Nothing is offloaded here: the stack above reads that in the capabilities.

        private UnsupportedOperationException none() {
            return new UnsupportedOperationException("a memory link offloads nothing");
        }

        @Override
        public void initiateOffload(long root) {
            throw none();
        }

        @Override
        public void queryOffload(long root) {
            throw none();
        }

        @Override
        public void updateOffload(long root) {
            throw none();
        }

        @Override
        public void invalidateOffload(long root) {
            throw none();
        }

        @Override
        public void terminateOffload(long root) {
            throw none();
        }

        @Override
        public void tcpOffloadSend(long token, long netBufferLists) {
            throw none();
        }

        @Override
        public void tcpOffloadReceive(long token, long netBufferLists) {
            throw none();
        }

        @Override
        public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
            throw none();
        }

        @Override
        public void tcpOffloadForward(long token, long netBufferLists) {
            throw none();
        }

        @Override
        public void tcpOffloadReceiveReturn(long netBufferLists) {
            throw none();
        }
    }
}
