// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A DPDK device for {@code flue serve}, with the kernel as the other side, in one namespace. */
enum ServeDevice {
    /** A veth, from whose end a packet socket takes the frames. */
    PACKET_SOCKET("net_af_packet0,iface=flue0"),
    /** The same with tags and pieces made by Flue. */
    PACKET_SOCKET_WITHOUT_OFFLOADS("net_af_packet0,iface=flue0", "--offloads-off", "all"),
    /** A veth, whose end the kernel leaves to an XDP socket; no device of these offers anything. */
    XDP_SOCKET("net_af_xdp0,iface=flue0"),
    /** A TAP interface whose device does nothing in our stead. */
    TAP_WITHOUT_OFFLOADS("net_tap0,iface=flue0", "--offloads-off", "all");

    /** The kernel's end of a veth. */
    static final String PEER = "peer0";

    private final List<String> options = new ArrayList<>(List.of("--port"));

    ServeDevice(String... words) {
        options.addAll(List.of(words));
    }

    /** That name the port. */
    List<String> options() {
        return List.copyOf(options);
    }

    /** The interface that is the kernel's. */
    String kernelEnd() {
        return this == TAP_WITHOUT_OFFLOADS ? "flue0" : PEER;
    }

    /** Skips, with the reason, where this machine does not have what it takes. */
    void require() {
        assumeTrue(Flue.dpdkAvailable(), Flue.dpdkUnavailabilityCause());
        if (this == TAP_WITHOUT_OFFLOADS) {
            assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
            return;
        }
        assumeTrue(Commands.installed("ethtool"), "ethtool is not installed");
        if (this == XDP_SOCKET) {
            assumeTrue(kernelHasXdpSockets(), "this kernel has no XDP sockets");
        }
    }

    private static boolean kernelHasXdpSockets() {
        try {
            return Files.readString(Path.of("/proc/net/protocols")).contains("\nXDP ");
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Makes the interfaces that are to be there before Flue is.
     *
     * @param address of the kernel's end, with its prefix
     */
    void prepare(Namespace namespace, String address) throws IOException, InterruptedException {
        if (this == TAP_WITHOUT_OFFLOADS) {
            return; // Made, and the kernel's end configured, by the port.
        }
        namespace.ip("link add flue0 type veth peer name " + PEER);
        // The kernel takes nothing at the end that is ours.
        namespace.sysctl("net.ipv6.conf.flue0.disable_ipv6", "1");
        Cable.wholeFrames(namespace, "flue0");
        Cable.wholeFrames(namespace, PEER);
        Cable.keepOrder(namespace, "flue0");
        Cable.keepOrder(namespace, PEER);
        namespace.ip("link set flue0 up");
        namespace.ip("link set " + PEER + " up");
        namespace.ip("addr add " + address + " dev " + PEER);
    }
}
