// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bindings.Flue;
import dev.flue.bindings.NativePort;
import java.io.IOException;

/** What a contestant's two ends are made of. */
enum Kind {
    /** java.nio, reads and selects that block. */
    NIO_BLOCKING(2, true, 2),
    /** java.nio, reads and selects again and again. */
    NIO_SPINNING(2, true, 2),
    /** Netty's epoll transport. */
    NETTY(2, true, 2),
    /** Flue, two processes over net_memif, polled by the application's thread. */
    MEMIF(2, false, 2),
    /** The same, each engine on a thread of its own. */
    MEMIF_OWN_THREAD(2, false, 4),
    /** Flue, two threads of one process over net_ring. */
    RING(1, false, 2),
    /** The same, each engine on a thread of its own. */
    RING_OWN_THREAD(1, false, 4),
    /** Flue, both ends in turn on one thread: the length of the path. */
    INLINE(1, false, 1);

    private static final int RING_ENTRIES = 4096;

    private final int processes;
    private final boolean kernel;
    private final int threads;

    Kind(int processes, boolean kernel, int threads) {
        this.processes = processes;
        this.kernel = kernel;
        this.threads = threads;
    }

    int processes() {
        return processes;
    }

    /** Whether its TCP is the kernel's. */
    boolean kernel() {
        return kernel;
    }

    /** Threads that work. */
    int threads() {
        return threads;
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
     * @param socket of net_memif
     */
    Ends open(boolean server, int cpu, String socket) throws IOException {
        return switch (this) {
            case NIO_BLOCKING, NIO_SPINNING -> nio(server);
            case NETTY ->
                    server
                            ? new Ends(new NettyServer(cpu), null)
                            : new Ends(null, new NettyClient(cpu));
            case MEMIF, MEMIF_OWN_THREAD -> memif(server, cpu, socket);
            case RING, RING_OWN_THREAD, INLINE -> ring();
        };
    }

    private Ends nio(boolean server) {
        boolean spinning = this == NIO_SPINNING;
        return server
                ? new Ends(new NioServer(spinning), null)
                : new Ends(null, new NioClient(spinning));
    }

    private Ends memif(boolean server, int cpu, String socket) {
        String address = server ? FlueNode.SERVER : FlueNode.CLIENT;
        NativePort port =
                NativePort.dpdk(
                        "net_memif0,role="
                                + (server ? "server" : "client")
                                + ",rsize=12,socket-abstract=no,socket="
                                + socket,
                        FlueNode.mac(address),
                        FlueNode.MTU,
                        FlueNode.BUFFERS);
        FlueNode node = new FlueNode(port, address, ownThread() ? cpu + 2 : -1);
        return server
                ? new Ends(new FlueServer(node), null)
                : new Ends(null, new FlueClient(node, node::turn));
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
