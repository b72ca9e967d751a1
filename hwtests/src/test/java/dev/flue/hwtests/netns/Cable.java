// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A cable between Flue and a Linux host, with a place in the middle where frames can be lost or
 * marked: {@code flue0} (TAP) and {@code middle0} (veth) are ports of a bridge in the namespace
 * {@link #near}, {@code peer0} is the other end of the veth in {@link #far}, where the kernel's TCP
 * is. What is dropped on the way in at a port of the bridge is lost on the wire: neither TCP is
 * told, as the kernel's would be of a segment that its own output filter drops.
 */
final class Cable implements AutoCloseable {
    static final String TAP = "flue0";
    static final String PEER = "peer0";

    private final Namespace near;
    private final Namespace far;
    private final String network;

    /**
     * @param address of the kernel's end, with its prefix
     * @param network that both ends are in, with its prefix
     */
    Cable(String address, String network) throws IOException, InterruptedException {
        this.network = network;
        near = new Namespace();
        Namespace other = null;
        try {
            other = new Namespace();
            far = other;
            connect(address);
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            close(other);
            close(near);
            throw e;
        }
    }

    /** What the kernel's route to Flue says besides, "advmss 256" say. */
    void route(String attributes) throws IOException, InterruptedException {
        String version = network.contains(":") ? "-6 " : "";
        String words = version + "route replace " + network + " dev " + PEER + " metric 256";
        far.ip((words + " " + attributes).strip());
    }

    private void connect(String address) throws IOException, InterruptedException {
        near.sysctl("net.ipv6.conf.default.disable_ipv6", "1");
        near.ip("link add br0 type bridge mcast_snooping 0");
        near.ip("tuntap add " + TAP + " mode tap");
        near.ip("link add middle0 type veth peer name " + PEER + " netns " + far.name());
        for (String port : List.of(TAP, "middle0")) {
            near.ip("link set " + port + " master br0 up");
        }
        near.ip("link set br0 up");
        // Frames of one segment each, or one that is lost would be dozens.
        far.ip("link set " + PEER + " gso_max_segs 1 gro_max_size 1");
        keepOrder(near, "middle0");
        keepOrder(far, PEER);
        far.ip("addr add " + address + " dev " + PEER + " noprefixroute");
        far.ip("link set lo up");
        far.ip("link set " + PEER + " up");
        route("");
    }

    /**
     * A veth hands frames to a queue of the CPU that sends, so a sender that moves from one CPU to
     * another overtakes itself. All of them through one CPU's queue stay in order.
     */
    private static void keepOrder(Namespace namespace, String device)
            throws IOException, InterruptedException {
        String file = "/sys/class/net/" + device + "/queues/rx-0/rps_cpus";
        Commands.run(namespace.inside("sh", "-c", "echo 1 > " + file));
    }

    /** Until the bridge forwards to and from Flue: from when somebody holds the TAP interface. */
    void awaitForwarding() throws InterruptedException {
        Commands.await(
                "the bridge forwards",
                () -> {
                    try {
                        return Commands.run(near.inside("bridge", "link", "show", "dev", TAP))
                                .contains("state forwarding");
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        return false;
                    }
                });
    }

    /** Where Flue and the middle of the cable are. */
    Namespace near() {
        return near;
    }

    /** Where the kernel's TCP is. */
    Namespace far() {
        return far;
    }

    /** Loses so many of a thousand TCP segments, at random, in both directions; 0 = none. */
    void lose(int perMille, Path temp) throws IOException, InterruptedException {
        String rule = "meta l4proto tcp numgen random mod 1000 < " + perMille + " drop";
        filter(rule, rule, temp);
    }

    /** Nothing passes any more. */
    void cut(Path temp) throws IOException, InterruptedException {
        filter("drop", "drop", temp);
    }

    /** Everything passes again. */
    void mend() throws IOException, InterruptedException {
        Commands.run(near.inside("nft", "flush", "ruleset"));
    }

    /**
     * Rules of nft for what goes past the middle.
     *
     * @param fromFlue for frames of Flue
     * @param fromPeer for frames of the kernel
     */
    void filter(String fromFlue, String fromPeer, Path temp)
            throws IOException, InterruptedException {
        mend();
        Path rules = temp.resolve("rules.nft");
        Files.writeString(
                rules,
                "table netdev middle {\n"
                        + chain("from_flue", TAP, fromFlue)
                        + chain("from_peer", "middle0", fromPeer)
                        + "}\n");
        Commands.run(near.inside("nft", "-f", rules.toString()));
    }

    private static String chain(String name, String device, String rule) {
        return "chain "
                + name
                + " {\ntype filter hook ingress device \""
                + device
                + "\" priority 0;\n"
                + rule
                + "\n}\n";
    }

    private static void close(Namespace namespace) throws IOException {
        if (namespace != null) {
            namespace.close();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            far.close();
        } finally {
            near.close();
        }
    }
}
