// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process with Flue's TCP over a team of two TAP interfaces, which a bridge of the kernel joins,
 * and programs over the kernel's TCP that reach it through the bridge.
 */
final class TeamScene implements AutoCloseable {
    static final String BRIDGE = "br0";
    static final List<String> TAPS = List.of("flue0", "flue1");

    private static final Pattern RETRANSMITTED =
            Pattern.compile("(?m)^TcpRetransSegs\\s+(\\d+)\\s");

    private final boolean ipv6;
    private final Namespace namespace;
    private final LinuxPeer peer;
    private FlueHost host;

    /** The namespace with the bridge and its ports; Flue is not there yet. */
    TeamScene(boolean ipv6, Path temp) throws IOException, InterruptedException {
        this.ipv6 = ipv6;
        namespace = new Namespace();
        try {
            peer = new LinuxPeer(namespace, temp);
            namespace.ip("link add name " + BRIDGE + " type bridge mcast_snooping 0");
            namespace.ip("addr add " + ServeFixture.withPrefix(kernel()) + " dev " + BRIDGE);
            for (String tap : TAPS) {
                namespace.ip("tuntap add " + tap + " mode tap");
                namespace.ip("link set " + tap + " master " + BRIDGE + " up");
            }
            // Frames of one segment each: they are what is counted.
            namespace.ip("link set " + BRIDGE + " gso_max_segs 1 up");
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            namespace.close();
            throw e;
        }
    }

    /** Starts Flue, with files for HTTP on port 8080. */
    FlueHost start(Path directory, Path temp) throws IOException, InterruptedException {
        host =
                new FlueHost(
                        namespace,
                        temp.resolve("host.out"),
                        List.of(
                                "port=tap:" + String.join(",tap:", TAPS),
                                "address=" + ServeFixture.withPrefix(flue()),
                                "drivers=verifier,team,verifier",
                                "www=" + directory));
        awaitForwarding();
        return host;
    }

    /** From when somebody holds the TAP interfaces. */
    void awaitForwarding() throws InterruptedException {
        namespace.awaitForwarding(TAPS);
    }

    /** Address of Flue. */
    String flue() {
        return ipv6 ? "2001:db8::2" : "198.18.0.2";
    }

    /** Address of the kernel. */
    String kernel() {
        return ipv6 ? "2001:db8::1" : "198.18.0.1";
    }

    Namespace namespace() {
        return namespace;
    }

    LinuxPeer peer() {
        return peer;
    }

    /** Takes a port's link away, or gives it back. */
    void link(int port, boolean up) throws IOException, InterruptedException {
        namespace.ip("link set " + TAPS.get(port) + (up ? " up" : " down"));
    }

    /** The URL of a file. */
    String url(String file) {
        return "http://" + (ipv6 ? "[" + flue() + "]" : flue()) + ":8080/" + file;
    }

    /** Segments that the kernel has sent again so far. */
    long retransmittedByKernel() throws IOException, InterruptedException {
        String counters = Commands.run(namespace.inside("nstat", "-asz", "TcpRetransSegs"));
        Matcher matcher = RETRANSMITTED.matcher(counters);
        if (!matcher.find()) {
            throw new AssertionError("no TcpRetransSegs in " + counters);
        }
        return Long.parseLong(matcher.group(1));
    }

    /** Frames to Flue that the kernel threw away when a link went down. */
    long droppedByKernel() throws IOException, InterruptedException {
        long sum = 0;
        for (String tap : TAPS) {
            String file = "/sys/class/net/" + tap + "/statistics/tx_dropped";
            sum += Long.parseLong(Commands.run(namespace.inside("cat", file)).strip());
        }
        return sum;
    }

    /** No connection, nothing held, no socket of the kernel's, no breach of a rule on the way. */
    void assertClean() throws InterruptedException {
        host.awaitHoldsNothing();
        peer.awaitNoSockets();
        if (host.printed().contains("breach") || host.printed().contains("Exception")) {
            throw new AssertionError(host.printed());
        }
    }

    @Override
    public void close() throws IOException {
        peer.close();
        try {
            if (host != null) {
                host.close();
            }
        } finally {
            namespace.close();
        }
    }
}
