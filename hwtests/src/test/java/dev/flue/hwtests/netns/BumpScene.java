// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A machine that serves with Flue on its only port, and whose kernel has the same port, the same
 * addresses and the same MAC address through {@link #KERNEL}; and another machine at the other end
 * of the cable, all of it the kernel's.
 */
final class BumpScene implements AutoCloseable {
    static final String KERNEL = "flue0";
    static final String FAR = "port0";
    private static final String NIC = "nic0";

    /** What the port is. */
    enum Port {
        /** A TAP interface, whose kernel's end is that of the other machine. */
        TAP("--tap", FAR),
        /** An end of a veth, from which a packet socket takes the frames. */
        PACKET_SOCKET("--port", "net_af_packet0,iface=" + NIC);

        private final List<String> options;

        Port(String... options) {
            this.options = List.of(options);
        }

        /** Skips, with the reason, where this machine does not have what it takes. */
        void require() {
            assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
            for (String program : List.of("ip", "curl", "ping")) {
                assumeTrue(Commands.installed(program), program + " is not installed");
            }
            assumeTrue(LinuxPeer.installed(), "python3 is not installed");
            if (this == PACKET_SOCKET) {
                assumeTrue(Flue.dpdkAvailable(), Flue.dpdkUnavailabilityCause());
                assumeTrue(Commands.installed("nft"), "nft is not installed");
                assumeTrue(Commands.installed("ethtool"), "ethtool is not installed");
            }
        }
    }

    final Namespace near = new Namespace();
    final Namespace far = new Namespace();
    final FlueServer server;
    final LinuxPeer nearPrograms;
    final LinuxPeer farPrograms;

    /**
     * @param directory that is served
     * @param options of the server besides those of its port and its addresses
     */
    BumpScene(Port port, Path directory, Path temp, String... options)
            throws IOException, InterruptedException {
        FlueServer started = null;
        try {
            if (port == Port.PACKET_SOCKET) {
                connectByVeth();
            }
            List<String> all = new ArrayList<>(port.options);
            all.addAll(List.of("--kernel-tap", KERNEL));
            all.addAll(List.of("--address", near4() + "/24", "--address", near6() + "/64"));
            all.addAll(List.of(options));
            started =
                    new FlueServer(
                            near, directory, temp.resolve("serve.out"), all.toArray(new String[0]));
            server = started;
            if (port == Port.TAP) {
                near.ip("link set " + FAR + " netns " + far.name());
            }
            far.ip("addr add " + far4() + "/24 dev " + FAR);
            far.ip("addr add " + far6() + "/64 dev " + FAR);
            far.ip("link set " + FAR + " up");
            nearPrograms = new LinuxPeer(near, Files.createDirectory(temp.resolve("near")));
            farPrograms = new LinuxPeer(far, Files.createDirectory(temp.resolve("far")));
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            if (started != null) {
                started.close();
            }
            closeNamespaces();
            throw e;
        }
    }

    /** The kernel has no other way to the end that is the port than what Flue leaves to it. */
    private void connectByVeth() throws IOException, InterruptedException {
        near.ip("link add " + NIC + " type veth peer name " + FAR + " netns " + far.name());
        near.sysctl("net.ipv6.conf." + NIC + ".disable_ipv6", "1");
        Cable.wholeFrames(far, FAR);
        Cable.keepOrder(near, NIC);
        Cable.keepOrder(far, FAR);
        Commands.run(
                near.inside(
                        "nft",
                        "add table netdev port\n"
                                + "add chain netdev port in { type filter hook ingress device "
                                + NIC
                                + " priority 0; policy drop; }\n"));
        near.ip("link set " + NIC + " up");
    }

    static String near4() {
        return "198.18.0.2";
    }

    static String near6() {
        return "2001:db8::2";
    }

    static String far4() {
        return "198.18.0.1";
    }

    static String far6() {
        return "2001:db8::1";
    }

    /** MAC address of an interface. */
    static String mac(Namespace namespace, String device) throws IOException, InterruptedException {
        return Commands.run(namespace.inside("cat", "/sys/class/net/" + device + "/address"))
                .strip();
    }

    private void closeNamespaces() throws IOException {
        try {
            far.close();
        } finally {
            near.close();
        }
    }

    @Override
    public void close() throws IOException {
        nearPrograms.close();
        farPrograms.close();
        server.close();
        closeNamespaces();
    }
}
