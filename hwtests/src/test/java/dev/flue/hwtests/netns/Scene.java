// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** A cable, a process with Flue's TCP at one end of it, programs over the kernel's at the other. */
final class Scene implements AutoCloseable {
    private static final int ATTEMPTS = 6;

    private final Path temp;
    private final boolean ipv6;
    private final Cable cable;
    private final LinuxPeer peer;
    private FlueHost host;
    private LinuxPeer.Running services;

    /**
     * Over TAP, a bridge and a veth.
     *
     * @param mode "OFFLOADED", "HOST" or "MOVING", perhaps with more words for the program
     */
    static Scene overBridge(String mode, boolean ipv6) throws IOException, InterruptedException {
        return new Scene(mode, ipv6, Cable.Kind.BRIDGE, List.of(), "tap:" + Cable.TAP);
    }

    /** Over two TAP interfaces with a delay line between them. */
    static Scene overDelayLine(String mode, boolean ipv6, List<String> values)
            throws IOException, InterruptedException {
        return new Scene(mode, ipv6, Cable.Kind.DELAY_LINE, values, "tap:" + Cable.TAP);
    }

    /** Over a veth, of which a DPDK device is one end. */
    static Scene overVeth(String mode, boolean ipv6) throws IOException, InterruptedException {
        String device = "net_af_packet0,iface=" + Cable.TAP;
        return new Scene(mode, ipv6, Cable.Kind.VETH, List.of(), device);
    }

    private Scene(String mode, boolean ipv6, Cable.Kind kind, List<String> values, String port)
            throws IOException, InterruptedException {
        this.ipv6 = ipv6;
        temp = Files.createTempDirectory("flue-scene");
        Cable made = null;
        try {
            made =
                    ipv6
                            ? new Cable(kernel() + "/64", "2001:db8::/64", kind, values, temp)
                            : new Cable(kernel() + "/24", "198.18.0.0/24", kind, values, temp);
            cable = made;
            peer = new LinuxPeer(cable.far(), temp);
            List<String> all =
                    new ArrayList<>(List.of(("port=" + port + " mode=" + mode).split(" ")));
            all.add("address=" + flue() + (ipv6 ? "/64" : "/24"));
            host = new FlueHost(cable.near(), temp.resolve("host.out"), all);
            // The TAP interface has no carrier until somebody holds its other end.
            cable.awaitForwarding();
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            end(made);
            throw e;
        }
    }

    /** Address of Flue. */
    String flue() {
        return ipv6 ? "2001:db8::2" : "198.18.0.2";
    }

    /** Address of the kernel. */
    String kernel() {
        return ipv6 ? "2001:db8::1" : "198.18.0.1";
    }

    Path temp() {
        return temp;
    }

    Cable cable() {
        return cable;
    }

    LinuxPeer peer() {
        return peer;
    }

    FlueHost host() {
        return host;
    }

    /** A client over the kernel's sockets against a service of Flue; it has to find all right. */
    String fromKernel(String kind, String... options) throws IOException, InterruptedException {
        return peer.run(kind, flue(), options);
    }

    /** Services over the kernel's sockets from now on, with these options, instead of before. */
    void services(String... options) throws IOException, InterruptedException {
        if (services != null) {
            peer.stop(services);
        }
        services = peer.serve(kernel(), options);
    }

    /** A client of Flue against a service over the kernel's; it has to find all right. */
    String fromFlue(String kind, String amounts) throws IOException, InterruptedException {
        if (services == null) {
            services();
        }
        host.tell(kind + " " + kernel() + " " + amounts);
        String end = host.awaitLine(kind);
        if (!end.startsWith("ok")) {
            throw new AssertionError(kind + " " + end);
        }
        return end;
    }

    /** So many bytes from the kernel to Flue, and from Flue to the kernel, each opened by both. */
    void bothWays(long bytes, String... options) throws IOException, InterruptedException {
        String[] all = java.util.Arrays.copyOf(options, options.length + 2);
        all[options.length] = "--bytes";
        all[options.length + 1] = Long.toString(bytes);
        fromKernel("sink", all);
        fromKernel("source", all);
        services(options);
        fromFlue("send", Long.toString(bytes));
        fromFlue("get", Long.toString(bytes));
    }

    /** Something that is done to the scene. */
    interface Act {
        void run() throws IOException, InterruptedException;
    }

    /**
     * Captures something that is done without loss and finds nothing wrong in it. Where the machine
     * stalls so that the capture says nothing, or misses frames, it is done again.
     *
     * @return the capture's packets
     * @throws org.opentest4j.TestAbortedException when it stalls again and again
     */
    long assertWithoutFaults(Act act) throws IOException, InterruptedException {
        // A probe of the kernel for a lost tail would find a tail that is only late.
        cable.far().sysctl("net.ipv4.tcp_early_retrans", "0");
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                try (Capture capture = new Capture(cable.far(), Cable.PEER, temp)) {
                    act.run();
                    if (!capture.stop()) {
                        continue;
                    }
                    Judge judge = capture.judge(flue());
                    if (!judge.faults().isEmpty()) {
                        throw new AssertionError("tshark finds faults: " + judge.faults());
                    }
                    if (judge.clean()) {
                        return capture.packets();
                    }
                    System.out.println("no verdict, this machine stalls: " + judge.stalls());
                }
            }
        } finally {
            cable.far().sysctl("net.ipv4.tcp_early_retrans", "3");
        }
        throw new TestAbortedException("this machine stalls: no capture says anything");
    }

    /** No connection, nothing held, no socket of the kernel's, no breach of a rule on the way. */
    void assertClean() throws InterruptedException {
        host.awaitHoldsNothing();
        peer.awaitNoSockets();
        if (host.printed().contains("breach") || host.printed().contains("Exception")) {
            throw new AssertionError(host.printed());
        }
    }

    private void end(Cable made) throws IOException {
        try {
            if (host != null) {
                host.close();
            }
        } finally {
            if (made != null) {
                made.close();
            }
            try (Stream<Path> files = Files.walk(temp)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        peer.close();
        end(cable);
    }
}
