// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Who can take part on a machine, and why the others cannot. */
final class Contestants {
    static final String MEMIF = "flue-memif";
    static final String RING = "flue-ring";
    static final String COPY = "memif-copy-loop";
    static final String NIO_BLOCKING = "nio-blocking";
    static final String NIO_SPINNING = "nio-spinning";
    static final String NETTY = "netty";
    static final String KERNEL = "kernel-to-kernel";
    static final String TO_KERNEL = "flue-to-kernel";
    static final String FROM_KERNEL = "kernel-to-flue";

    private static final List<String> HERE = List.of();
    private static final Set<String> EVERYTHING = Set.of();
    private static final Set<String> STREAMS = Set.of("stream-16k", "stream-1m");
    private static final Set<String> BOTH_KINDS = Set.of("request-response", "stream-16k");

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

    /**
     * All of them, those that are skipped too.
     *
     * @param noCopy why there is no program for the copy loop; "" = there is
     */
    static List<Contestant> of(int cpus, String noFlue, String noCopy, Networks networks) {
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
        list.memif(
                COPY,
                "Copy loop in C, two processes, net_memif, no TCP",
                Kind.COPY,
                STREAMS,
                noCopy);
        list.kernel("", "loopback", networks.loopback(), EVERYTHING);
        list.kernel("-veth", "veth", networks.veth(), BOTH_KINDS);
        list.peers(networks);
        return List.copyOf(list.all);
    }

    private void flue(String name, String title, Kind kind) {
        memif(name, title, kind, EVERYTHING, noFlue);
    }

    private void memif(
            String name, String title, Kind kind, Set<String> workloads, String missing) {
        Contestant.End end = new Contestant.End(kind, HERE, kind.both() ? "" : name + Match.SOCKET);
        add(new Contestant(name, title, end, end, FlueNode.SERVER, workloads, missing));
    }

    private void kernel(
            String suffix, String where, Networks.Network network, Set<String> workloads) {
        kernel(
                NIO_BLOCKING + suffix,
                "java.nio blocking, " + where,
                Kind.NIO_BLOCKING,
                network,
                workloads);
        kernel(
                NIO_SPINNING + suffix,
                "java.nio spinning, " + where,
                Kind.NIO_SPINNING,
                network,
                workloads);
        kernel(NETTY + suffix, "Netty epoll, " + where, Kind.NETTY, network, workloads);
    }

    private void kernel(
            String name, String title, Kind kind, Networks.Network network, Set<String> workloads) {
        ends(name, title, kind, kind, network, workloads, network.missing());
    }

    /** Flue and the kernel, each way, and what the kernel does with itself on the same link. */
    private void peers(Networks networks) {
        Kind kernel = Kind.NIO_SPINNING;
        kernel(
                KERNEL,
                "kernel to kernel, veth without offloads",
                kernel,
                networks.bare(),
                BOTH_KINDS);
        peers(
                "",
                "veth without offloads, net_af_packet",
                Kind.PACKET,
                networks.toKernel(),
                networks.fromKernel());
        peers("-tap", "TAP", Kind.TAP, networks.tapToKernel(), networks.tapFromKernel());
    }

    private void peers(
            String suffix,
            String where,
            Kind flue,
            Networks.Network toKernel,
            Networks.Network fromKernel) {
        Kind kernel = Kind.NIO_SPINNING;
        ends(
                TO_KERNEL + suffix,
                "Flue to kernel, " + where,
                kernel,
                flue,
                toKernel,
                BOTH_KINDS,
                noFlue.isEmpty() ? toKernel.missing() : noFlue);
        ends(
                FROM_KERNEL + suffix,
                "kernel to Flue, " + where,
                flue,
                kernel,
                fromKernel,
                BOTH_KINDS,
                noFlue.isEmpty() ? fromKernel.missing() : noFlue);
    }

    private void ends(
            String name,
            String title,
            Kind server,
            Kind client,
            Networks.Network network,
            Set<String> workloads,
            String missing) {
        add(
                new Contestant(
                        name,
                        title,
                        new Contestant.End(server, network.server(), network.device()),
                        new Contestant.End(client, network.client(), network.device()),
                        network.host(),
                        workloads,
                        missing));
    }

    private void add(Contestant each) {
        boolean enough = each.threads() <= cpus;
        all.add(
                enough || !each.takesPart()
                        ? each
                        : each.without(
                                each.threads()
                                        + " threads that spin, and this machine has "
                                        + cpus
                                        + " CPUs"));
    }
}
