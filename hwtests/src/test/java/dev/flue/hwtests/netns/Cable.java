// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    /** What is between the two ends. */
    enum Kind {
        /** A bridge between a TAP interface and a veth. */
        BRIDGE,
        /** A {@link DelayLine} between two TAP interfaces. */
        DELAY_LINE,
        /** A veth, whose end at Flue's side is for a port that takes frames from an interface. */
        VETH
    }

    private final Kind kind;
    private final Namespace near;
    private final Namespace far;
    private final String network;
    private DelayLine line;

    /**
     * @param address of the kernel's end, with its prefix
     * @param network that both ends are in, with its prefix
     * @param kind what is between the ends
     * @param values of a {@link DelayLine}
     * @param temp for its output
     */
    Cable(String address, String network, Kind kind, List<String> values, Path temp)
            throws IOException, InterruptedException {
        this.kind = kind;
        this.network = network;
        near = new Namespace();
        Namespace other = null;
        try {
            other = new Namespace();
            far = other;
            near.sysctl("net.ipv6.conf.default.disable_ipv6", "1");
            switch (kind) {
                case BRIDGE -> connect();
                case DELAY_LINE -> connectBy(values, temp);
                case VETH -> connectDirectly();
            }
            far.ip("addr add " + address + " dev " + PEER + " noprefixroute");
            far.ip("link set lo up");
            far.ip("link set " + PEER + " up");
            route("");
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            if (line != null) {
                line.close();
            }
            close(other);
            close(near);
            throw e;
        }
    }

    /** Ends the delay line. @return what it says it did */
    String stopLine() throws InterruptedException {
        return line.stop();
    }

    /** What the kernel's route to Flue says besides, "advmss 256" say. */
    void route(String attributes) throws IOException, InterruptedException {
        String version = network.contains(":") ? "-6 " : "";
        String words = version + "route replace " + network + " dev " + PEER + " metric 256";
        far.ip((words + " " + attributes).strip());
    }

    /** Nothing but a veth; {@link #TAP} is an end of it. */
    private void connectDirectly() throws IOException, InterruptedException {
        near.ip("link add " + TAP + " type veth peer name " + PEER + " netns " + far.name());
        near.ip("link set " + TAP + " up");
        wholeFrames(near, TAP);
        wholeFrames(far, PEER);
        keepOrder(near, TAP);
        keepOrder(far, PEER);
    }

    /** What leaves an interface is cut and has its checksums: who captures sees each segment. */
    static void wholeFrames(Namespace namespace, String name)
            throws IOException, InterruptedException {
        String off = "tx off tso off gso off gro off";
        List<String> ethtool = new ArrayList<>(List.of("ethtool", "-K", name));
        ethtool.addAll(List.of(off.split(" ")));
        Commands.run(namespace.inside(ethtool.toArray(new String[0])));
    }

    /** A delay line between the TAP interfaces instead of the bridge and the veth. */
    private void connectBy(List<String> values, Path temp)
            throws IOException, InterruptedException {
        near.ip("tuntap add " + TAP + " mode tap");
        near.ip("link set " + TAP + " up");
        far.ip("tuntap add " + PEER + " mode tap");
        line =
                new DelayLine(
                        "packet:" + near.name() + ":" + TAP,
                        "tap:" + far.name() + ":" + PEER,
                        temp,
                        values);
    }

    private void connect() throws IOException, InterruptedException {
        near.ip("tuntap add " + TAP + " mode tap");
        near.ip("link add br0 type bridge mcast_snooping 0");
        near.ip("link add middle0 type veth peer name " + PEER + " netns " + far.name());
        for (String port : List.of(TAP, "middle0")) {
            near.ip("link set " + port + " master br0 up");
        }
        near.ip("link set br0 up");
        // Frames of one segment each, or one that is lost would be dozens.
        far.ip("link set " + PEER + " gso_max_segs 1 gro_max_size 1");
        keepOrder(near, "middle0");
        keepOrder(far, PEER);
    }

    /**
     * A veth hands frames to a queue of the CPU that sends, so a sender that moves from one CPU to
     * another overtakes itself. All of them through one CPU's queue stay in order.
     */
    static void keepOrder(Namespace namespace, String device)
            throws IOException, InterruptedException {
        String file = "/sys/class/net/" + device + "/queues/rx-0/rps_cpus";
        Commands.run(namespace.inside("sh", "-c", "echo 1 > " + file));
    }

    /** Until the bridge forwards to and from Flue: from when somebody holds the TAP interface. */
    void awaitForwarding() throws InterruptedException {
        if (kind == Kind.BRIDGE) {
            near.awaitForwarding(List.of(TAP));
        }
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
        String rule = "meta l4proto tcp numgen random mod 1000 < " + perMille + " counter drop";
        filter(rule, rule, temp);
    }

    /** Segments that were lost since {@link #lose}. */
    long lost() throws IOException, InterruptedException {
        Matcher matcher =
                Pattern.compile("counter packets (\\d+)")
                        .matcher(Commands.run(near.inside("nft", "list", "ruleset")));
        long sum = 0;
        while (matcher.find()) {
            sum += Long.parseLong(matcher.group(1));
        }
        return sum;
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
        if (line != null) {
            line.close();
        }
        try {
            far.close();
        } finally {
            near.close();
        }
    }
}
