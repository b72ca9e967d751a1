// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.ArrayList;
import java.util.List;

/** Who can take part on a machine, and why the others cannot. */
final class Contestants {
    static final String MEMIF = "flue-memif";
    static final String RING = "flue-ring";
    static final String NIO_BLOCKING = "nio-blocking";
    static final String NIO_SPINNING = "nio-spinning";
    static final String NETTY = "netty";

    private static final List<String> HERE = List.of();

    private final List<Contestant> all = new ArrayList<>();
    private final int cpus;
    private final String noFlue;

    /**
     * @param noFlue why there are no DPDK ports; "" = there are
     */
    private Contestants(int cpus, String noFlue) {
        this.cpus = cpus;
        this.noFlue = noFlue;
    }

    /** All of them, those that are skipped too. */
    static List<Contestant> of(int cpus, String noFlue, KernelNetworks networks) {
        Contestants list = new Contestants(cpus, noFlue);
        list.flue(MEMIF, "Flue, two processes, net_memif", Kind.MEMIF);
        list.flue(RING, "Flue, two threads, net_ring", Kind.RING);
        list.flue("flue-inline", "Flue, both ends on one thread, net_ring", Kind.INLINE);
        list.flue(
                MEMIF + "-own-thread",
                "Flue, two processes, net_memif, engines on own threads",
                Kind.MEMIF_OWN_THREAD);
        list.flue(
                RING + "-own-thread",
                "Flue, net_ring, engines on own threads",
                Kind.RING_OWN_THREAD);
        list.kernel("", "loopback", networks.loopback());
        list.kernel("-veth", "veth", networks.veth());
        return List.copyOf(list.all);
    }

    private void flue(String name, String title, Kind kind) {
        String skipped = noFlue.isEmpty() ? cpusMissing(kind) : noFlue;
        all.add(new Contestant(name, title, kind, HERE, HERE, FlueNode.SERVER, skipped));
    }

    private void kernel(String suffix, String where, KernelNetworks.Network network) {
        kernel(NIO_BLOCKING + suffix, "java.nio blocking, " + where, Kind.NIO_BLOCKING, network);
        kernel(NIO_SPINNING + suffix, "java.nio spinning, " + where, Kind.NIO_SPINNING, network);
        kernel(NETTY + suffix, "Netty epoll, " + where, Kind.NETTY, network);
    }

    private void kernel(String name, String title, Kind kind, KernelNetworks.Network network) {
        String skipped = network.missing().isEmpty() ? cpusMissing(kind) : network.missing();
        all.add(
                new Contestant(
                        name,
                        title,
                        kind,
                        network.server(),
                        network.client(),
                        network.host(),
                        skipped));
    }

    private String cpusMissing(Kind kind) {
        return kind.threads() <= cpus
                ? ""
                : kind.threads() + " threads that spin, and this machine has " + cpus + " CPUs";
    }
}
