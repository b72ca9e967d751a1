// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.OidRefusals;
import dev.flue.spi.Memory;
import java.util.Comparator;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * A switch in the JVM's memory with faults from a seed, on virtual time: what host stacks are
 * tested over without native code. Each {@link Port} is a miniport without a chimney. One thread.
 *
 * <p>A frame that goes in at the time of its port's last turn comes out one delay later.
 */
public final class MemorySwitch implements AutoCloseable {
    /** Sees every frame that is put on the link, before faults. */
    @FunctionalInterface
    public interface Listener {
        void onFrame(long nowNanos, int fromPort, byte[] frame);

        /** And every frame that a port receives, after them. */
        default void onReceived(long nowNanos, int toPort, byte[] frame) {}
    }

    /** From one port to another. */
    private static final class Link {
        LinkFaults faults;
        // The drop of faults of its own counts, not that of the switch.
        boolean own;
        boolean bad;
        long busyUntil = Long.MIN_VALUE;

        Link(LinkFaults faults) {
            this.faults = faults;
        }
    }

    private static final int BUFFERS = 1024;
    private static final int ETHERNET_HEADER = 14;
    private static final long NANOS_OF_8_SECONDS = 8_000_000_000L;
    private static final Comparator<Flight> ORDER =
            Comparator.comparingLong(Flight::time).thenComparing(Flight::seq);
    private static final long HASH_FACTOR = 0x9E3779B97F4A7C15L;

    private final Memory memory;
    private final Link[][] links;
    private final int mtu;
    private final SplittableRandom random;
    private final Port[] ports;
    private Listener listener = (now, port, frame) -> {};
    private int dropPpm;
    private long sequence;
    private long hash = 1;
    private long dropped;

    private record Flight(long time, long seq, int port, byte[] frame) {}

    /**
     * @param ports 2 or more
     * @param mtu bytes of an IP packet
     */
    public MemorySwitch(Memory memory, int ports, int mtu, long seed, LinkFaults faults) {
        this.memory = memory;
        this.links = new Link[ports][ports];
        for (Link[] from : links) {
            for (int to = 0; to < ports; to++) {
                from[to] = new Link(faults);
            }
        }
        this.mtu = mtu;
        this.dropPpm = faults.dropPpm();
        this.random = new SplittableRandom(seed);
        this.ports = new Port[ports];
    }

    /** Plug in: the miniport at socket {@code index}, with this MAC address. */
    public Port port(int index, long mac) {
        if (ports[index] != null) {
            throw new IllegalStateException("port " + index + " is taken");
        }
        ports[index] = new Port(index, mac);
        return ports[index];
    }

    public MemorySwitch listener(Listener newListener) {
        listener = newListener;
        return this;
    }

    /** When some port will have a frame to receive; Long.MAX_VALUE when none is under way. */
    public long nextEvent() {
        long next = Long.MAX_VALUE;
        for (Port port : ports) {
            if (port != null && !port.flights.isEmpty()) {
                next = Math.min(next, port.flights.peek().time);
            }
        }
        return next;
    }

    /** Hash over time, port and bytes of everything delivered. */
    public long traceHash() {
        return hash;
    }

    /** Frames lost so far, to faults or for want of a buffer. */
    public long dropped() {
        return dropped;
    }

    /** Change the probability of loss from now on. */
    public void setDrop(int ppm) {
        dropPpm = ppm;
    }

    /** Give one link faults of its own from now on; what is under way keeps its time. */
    public void setFaults(int from, int to, LinkFaults faults) {
        Link link = links[from][to];
        link.faults = faults;
        link.own = true;
        link.bad &= faults.burstEnterPpm() > 0;
        if (faults.bitsPerSecond() == 0) {
            link.busyUntil = Long.MIN_VALUE;
        }
    }

    @Override
    public void close() {
        for (Port port : ports) {
            if (port != null) {
                port.flights.clear();
                port.pool.close();
            }
        }
    }

    private void send(long now, int from, byte[] frame) {
        listener.onFrame(now, from, frame);
        long destination = address(frame, 0);
        boolean known = false;
        for (Port port : ports) {
            known |= port != null && port.mac == destination;
        }
        for (Port port : ports) {
            if (port != null && port.index != from && (!known || port.mac == destination)) {
                fly(now, from, port, frame);
            }
        }
    }

    private void fly(long now, int from, Port to, byte[] frame) {
        Link link = links[from][to.index];
        LinkFaults faults = link.faults;
        int loss = lossNow(link);
        long leaves = leaves(link, now, frame);
        if (leaves < 0 || hit(loss)) {
            dropped++;
            return;
        }
        int copies = hit(faults.duplicatePpm()) ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            byte[] bytes = frame;
            if (hit(faults.corruptPpm())) {
                bytes = frame.clone();
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            long time = leaves + faults.delayNanos();
            time += faults.jitterNanos() > 0 ? random.nextLong(faults.jitterNanos() + 1) : 0;
            time += hit(faults.reorderPpm()) ? faults.reorderNanos() : 0;
            to.flights.add(new Flight(time, sequence++, to.index, bytes));
        }
    }

    /** Draws the state of bursts, if there are any. */
    private int lossNow(Link link) {
        LinkFaults faults = link.faults;
        if (faults.burstEnterPpm() > 0) {
            link.bad ^= hit(link.bad ? faults.burstLeavePpm() : faults.burstEnterPpm());
            if (link.bad) {
                return faults.burstDropPpm();
            }
        }
        return link.own ? faults.dropPpm() : dropPpm;
    }

    /** When a frame has left the bottleneck; -1 = it is too long, or the queue is full. */
    private static long leaves(Link link, long now, byte[] frame) {
        LinkFaults faults = link.faults;
        if (faults.mtu() > 0 && frame.length > faults.mtu() + ETHERNET_HEADER) {
            return -1;
        }
        long rate = faults.bitsPerSecond();
        if (rate == 0) {
            return now;
        }
        long start = Math.max(now, link.busyUntil);
        // In doubles: exact enough, and without overflow.
        long waiting = (long) ((start - now) * (double) rate / NANOS_OF_8_SECONDS);
        if (faults.queueBytes() > 0 && waiting + frame.length > faults.queueBytes()) {
            return -1;
        }
        link.busyUntil = start + (long) (frame.length * (double) NANOS_OF_8_SECONDS / rate);
        return link.busyUntil;
    }

    private boolean hit(int ppm) {
        return ppm > 0 && random.nextInt(1_000_000) < ppm;
    }

    private void delivered(Flight flight) {
        hash = (hash ^ flight.time) * HASH_FACTOR;
        hash = (hash ^ flight.port) * HASH_FACTOR;
        for (byte b : flight.frame) {
            hash = (hash ^ b & 0xff) * 0x100000001B3L;
        }
        hash ^= hash >>> 29;
    }

    private static long address(byte[] frame, int at) {
        long mac = 0;
        for (int i = 0; i < 6; i++) {
            mac = mac << 8 | frame[at + i] & 0xff;
        }
        return mac;
    }

    /** One socket of the link. */
    public final class Port implements Miniport {
        private final int index;
        private final long mac;
        private final NblPool pool;
        private final NetBufferList nbl;
        private final PriorityQueue<Flight> flights = new PriorityQueue<>(ORDER);
        private final OidRefusals oids = new OidRefusals(memory);
        private MiniportAdapter adapter;
        private long sentHead;
        private long sentTail;
        private long now;

        private Port(int index, long mac) {
            this.index = index;
            this.mac = mac;
            this.pool = new NblPool(memory, BUFFERS, mtu + ETHERNET_HEADER);
            this.nbl = new NetBufferList(memory);
        }

        /** Received frames that have not come back. */
        public int held() {
            return pool.held();
        }

        /** For a script that speaks to the link without a stack. */
        public void send(long nowNanos, byte[] frame) {
            MemorySwitch.this.send(nowNanos, index, frame);
        }

        @Override
        public void initialize(MiniportAdapter miniportAdapter) {
            adapter = miniportAdapter;
        }

        @Override
        public Capabilities capabilities() {
            return new Capabilities(
                    false,
                    "a switch in memory has no offload target",
                    true,
                    true,
                    false,
                    0,
                    0,
                    mtu,
                    mac,
                    "memory switch");
        }

        @Override
        public void sendNetBufferLists(long netBufferLists) {
            for (long ref = netBufferLists; ref != 0; ref = nbl.wrap(ref).next()) {
                MemorySwitch.this.send(now, index, pool.bytes(ref));
            }
            if (sentTail == 0) {
                sentHead = netBufferLists;
            } else {
                nbl.wrap(sentTail).next(netBufferLists);
            }
            for (long ref = netBufferLists; ref != 0; ref = nbl.wrap(ref).next()) {
                sentTail = ref;
            }
        }

        @Override
        public void returnNetBufferLists(long netBufferLists) {
            pool.freeChain(netBufferLists);
        }

        @Override
        public void oidRequest(long request) {
            oids.add(request, OffloadStatus.NOT_SUPPORTED);
        }

        @Override
        public int doWork(long nowNanos) {
            now = nowNanos;
            int work = oids.complete(adapter);
            if (sentHead != 0) {
                long chain = sentHead;
                sentHead = 0;
                sentTail = 0;
                adapter.sendNetBufferListsComplete(chain);
                work++;
            }
            while (!flights.isEmpty() && flights.peek().time <= now) {
                Flight flight = flights.remove();
                delivered(flight);
                listener.onReceived(now, index, flight.frame);
                long ref = pool.allocate(flight.frame);
                if (ref == 0) {
                    dropped++;
                } else {
                    adapter.receiveNetBufferLists(ref);
                }
                work++;
            }
            return work;
        }

        @Override
        public long nextDeadline() {
            if (sentHead != 0 || !oids.isEmpty()) {
                return now;
            }
            return flights.isEmpty() ? Long.MAX_VALUE : flights.peek().time;
        }

        /** Frames taken and not completed yet, and received ones not returned. */
        public Map<String, Integer> heldByName() {
            return Map.of("received frames", held(), "sent frames", sentHead == 0 ? 0 : 1);
        }

        @Override
        public void initiateOffload(long root) {
            throw noChimney();
        }

        @Override
        public void queryOffload(long root) {
            throw noChimney();
        }

        @Override
        public void updateOffload(long root) {
            throw noChimney();
        }

        @Override
        public void invalidateOffload(long root) {
            throw noChimney();
        }

        @Override
        public void terminateOffload(long root) {
            throw noChimney();
        }

        @Override
        public void tcpOffloadSend(long token, long netBufferLists) {
            throw noChimney();
        }

        @Override
        public void tcpOffloadReceive(long token, long netBufferLists) {
            throw noChimney();
        }

        @Override
        public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
            throw noChimney();
        }

        @Override
        public void tcpOffloadForward(long token, long netBufferLists) {
            throw noChimney();
        }

        @Override
        public void tcpOffloadReceiveReturn(long netBufferLists) {
            throw noChimney();
        }

        private UnsupportedOperationException noChimney() {
            return new UnsupportedOperationException("a switch in memory has no offload target");
        }
    }
}
