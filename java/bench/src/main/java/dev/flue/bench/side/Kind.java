// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bindings.Flue;
import dev.flue.bindings.NativePort;
import java.io.IOException;

/** What an end of a contestant is made of. */
enum Kind {
    /** java.nio, reads and selects that block. */
    NIO_BLOCKING(1, false),
    /** java.nio, reads and selects again and again. */
    NIO_SPINNING(1, false),
    /** Netty's epoll transport. */
    NETTY(1, false),
    /** A program in C that writes and reads every byte over net_memif, without any TCP. */
    COPY(1, false),
    /** Flue over net_memif, polled by the application's thread. */
    MEMIF(1, false),
    /** The same, the engine on a thread of its own. */
    MEMIF_OWN_THREAD(2, false),
    /** Flue over net_af_packet on one end of a veth. */
    PACKET(1, false),
    /** Flue over a TAP interface. */
    TAP(1, false),
    /** Flue, two threads of one process over net_ring. */
    RING(2, true),
    /** The same, each engine on a thread of its own. */
    RING_OWN_THREAD(4, true),
    /** Flue, both ends in turn on one thread: the length of the path. */
    INLINE(1, true);

    private static final int RING_ENTRIES = 4096;

    /** Frames go from the ring to the interface, past its queues. */
    private static final String PACKET_OPTIONS = ",qdisc_bypass=1";

    private final int threads;
    private final boolean both;

    Kind(int threads, boolean both) {
        this.threads = threads;
        this.both = both;
    }

    /** Threads of its process that work. */
    int threads() {
        return threads;
    }

    /** Whether one process has both ends. */
    boolean both() {
        return both;
    }

    private boolean ownThread() {
        return this == MEMIF_OWN_THREAD || this == RING_OWN_THREAD;
    }

    /** Both ends of what lives in one process, or the one that is asked for. */
    record Ends(ServerEnd server, ClientEnd client) {}

    /**
     * Make the ends of this process.
     *
     * @param server whether the server is wanted, where there are two processes
     * @param cpu of the end's thread
     * @param where the socket of net_memif; of a device "INTERFACE,ADDRESS", the address our own
     */
    Ends open(boolean server, int cpu, String where) throws IOException {
        return switch (this) {
            case NIO_BLOCKING, NIO_SPINNING -> nio(server);
            case NETTY ->
                    server
                            ? new Ends(new NettyServer(cpu), null)
                            : new Ends(null, new NettyClient(cpu));
            case MEMIF, MEMIF_OWN_THREAD -> memif(server, cpu, where);
            case PACKET, TAP -> device(server, where.split(","));
            case RING, RING_OWN_THREAD, INLINE -> ring();
            case COPY -> throw new IllegalStateException("a program of its own");
        };
    }

    private Ends nio(boolean server) {
        boolean spinning = this == NIO_SPINNING;
        return server
                ? new Ends(new NioServer(spinning), null)
                : new Ends(null, new NioClient(spinning));
    }

    private Ends memif(boolean server, int cpu, String where) {
        String address = server ? FlueNode.SERVER : FlueNode.CLIENT;
        NativePort port =
                NativePort.dpdk(
                        "net_memif0,role="
                                + (server ? "server" : "client")
                                + ",rsize=12,socket-abstract=no,socket="
                                + where,
                        FlueNode.mac(address),
                        FlueNode.MTU,
                        FlueNode.BUFFERS);
        return end(server, new FlueNode(port, address, ownThread() ? cpu + 2 : -1));
    }

    private static Ends end(boolean server, FlueNode node) {
        return server
                ? new Ends(new FlueServer(node), null)
                : new Ends(null, new FlueClient(node, node::turn));
    }

    private Ends device(boolean server, String... where) {
        long mac = FlueNode.mac(where[1]);
        NativePort port =
                this == TAP
                        ? NativePort.tap(where[0], mac, FlueNode.MTU, FlueNode.BUFFERS)
                        : NativePort.dpdk(
                                "net_af_packet0,iface=" + where[0] + PACKET_OPTIONS,
                                mac,
                                FlueNode.MTU,
                                FlueNode.BUFFERS);
        return end(server, new FlueNode(port, where[1], -1));
    }

    private Ends ring() {
        Flue.startDpdk(null);
        NativePort[] ports =
                NativePort.dpdkRingPair(
                        RING_ENTRIES,
                        FlueNode.mac(FlueNode.SERVER),
                        FlueNode.mac(FlueNode.CLIENT),
                        FlueNode.BUFFERS);
        FlueNode server = new FlueNode(ports[0], FlueNode.SERVER, ownThread() ? 3 : -1);
        FlueNode client = new FlueNode(ports[1], FlueNode.CLIENT, ownThread() ? 2 : -1);
        Runnable turn =
                this == INLINE
                        ? () -> {
                            client.turn();
                            server.turn();
                        }
                        : client::turn;
        return new Ends(new FlueServer(server), new FlueClient(client, turn));
    }
}
