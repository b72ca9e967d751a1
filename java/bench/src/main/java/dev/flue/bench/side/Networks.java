// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where those talk who need the kernel: with root, network namespaces of our own with Reno. In the
 * one a loopback, between the two a veth with the offloads that a veth has, and a few without any:
 * one for kernel and kernel, and one for each direction of Flue and the kernel; and TAP interfaces.
 * Without root the loopback that is there, with the congestion control that the machine has. Gone
 * when closed.
 */
final class Networks implements AutoCloseable {
    /**
     * A network of two ends.
     *
     * @param server words in front of the server's command
     * @param client likewise
     * @param host address of the server
     * @param device interface and address of the end that is not the kernel's; "" = there is none
     * @param missing why there is none; "" = there is
     */
    record Network(
            List<String> server, List<String> client, String host, String device, String missing) {}

    private static final String LOOPBACK = "127.0.0.1";
    private static final String PREFIX = "198.18.";
    private static final int VETH = 200;
    private static final int BARE = 201;
    private static final int TO_KERNEL = 202;
    private static final int FROM_KERNEL = 203;
    private static final int TAP_TO_KERNEL = 204;
    private static final int TAP_FROM_KERNEL = 205;
    private static final Path CONGESTION = Path.of("/proc/sys/net/ipv4/tcp_congestion_control");

    private final String serverSpace = "flue-bench-" + ProcessHandle.current().pid() + "s";
    private final String clientSpace = "flue-bench-" + ProcessHandle.current().pid() + "c";
    private String missing = "";
    private String notBare = "";
    private String noTap = "";

    private Networks() {}

    static Networks open() {
        Networks networks = new Networks();
        try {
            networks.make();
        } catch (IOException e) {
            networks.close();
            networks.missing = "no network namespaces: " + e.getMessage();
            return networks;
        }
        networks.notBare = reason(networks::makeBare);
        networks.noTap = reason(networks::makeTaps);
        return networks;
    }

    /** Only the loopback that is there. */
    static Networks none(String why) {
        Networks networks = new Networks();
        networks.missing = why;
        return networks;
    }

    /** What makes a part of it. */
    private interface Making {
        void make() throws IOException;
    }

    private static String reason(Making making) {
        try {
            making.make();
            return "";
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    private void make() throws IOException {
        for (String space : List.of(serverSpace, clientSpace)) {
            run("ip", "netns", "add", space);
            in(space, "ip", "link", "set", "lo", "up");
            in(space, "sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno");
        }
        veth(VETH);
        address(serverSpace, "server" + VETH, VETH, 1);
        address(clientSpace, "client" + VETH, VETH, 2);
    }

    /** Where Flue has an end, the kernel has no address: it would answer too. */
    private void makeBare() throws IOException {
        for (int each : List.of(BARE, TO_KERNEL, FROM_KERNEL)) {
            veth(each);
            bare(serverSpace, "server" + each);
            bare(clientSpace, "client" + each);
        }
        address(serverSpace, "server" + BARE, BARE, 1);
        address(clientSpace, "client" + BARE, BARE, 2);
        address(serverSpace, "server" + TO_KERNEL, TO_KERNEL, 1);
        address(clientSpace, "client" + FROM_KERNEL, FROM_KERNEL, 2);
    }

    private void makeTaps() throws IOException {
        in(serverSpace, "ip", "tuntap", "add", "tap" + TAP_TO_KERNEL, "mode", "tap");
        in(clientSpace, "ip", "tuntap", "add", "tap" + TAP_FROM_KERNEL, "mode", "tap");
        address(serverSpace, "tap" + TAP_TO_KERNEL, TAP_TO_KERNEL, 1);
        address(clientSpace, "tap" + TAP_FROM_KERNEL, TAP_FROM_KERNEL, 2);
        in(serverSpace, "ip", "link", "set", "tap" + TAP_TO_KERNEL, "up");
        in(clientSpace, "ip", "link", "set", "tap" + TAP_FROM_KERNEL, "up");
    }

    private void veth(int number) throws IOException {
        String server = "server" + number;
        String client = "client" + number;
        in(serverSpace, "ip", "link", "add", server, "type", "veth", "peer", "name", client);
        in(serverSpace, "ip", "link", "set", client, "netns", clientSpace);
        for (String space : List.of(serverSpace, clientSpace)) {
            String name = space.equals(serverSpace) ? server : client;
            in(space, "sysctl", "-qw", "net.ipv6.conf." + name + ".disable_ipv6=1");
            in(space, "ip", "link", "set", name, "up");
        }
    }

    private static void bare(String space, String name) throws IOException {
        in(
                space, "ethtool", "-K", name, "rx", "off", "tx", "off", "tso", "off", "gso", "off",
                "gro", "off");
    }

    private static void address(String space, String name, int network, int host)
            throws IOException {
        in(space, "ip", "addr", "add", address(network, host) + "/24", "dev", name);
    }

    private static String address(int network, int host) {
        return PREFIX + network + "." + host;
    }

    private static void in(String space, String... command) throws IOException {
        String[] words = new String[command.length + 4];
        System.arraycopy(new String[] {"ip", "netns", "exec", space}, 0, words, 0, 4);
        System.arraycopy(command, 0, words, 4, command.length);
        run(words);
    }

    private static void run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        byte[] said = process.getInputStream().readAllBytes();
        try {
            if (process.waitFor() != 0) {
                String text = new String(said, StandardCharsets.UTF_8).strip();
                throw new IOException(text.isEmpty() ? String.join(" ", command) : text);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    Network loopback() {
        List<String> prefix = missing.isEmpty() ? prefix(serverSpace) : List.of();
        return new Network(prefix, prefix, LOOPBACK, "", "");
    }

    /** With the offloads that a veth has: segments of up to 64 KiB without checksums. */
    Network veth() {
        return between(address(VETH, 1), "", missing);
    }

    /** The kernel at both ends of a veth without offloads. */
    Network bare() {
        return between(address(BARE, 1), "", any(notBare));
    }

    /** The kernel is the server. */
    Network toKernel() {
        String device = "client" + TO_KERNEL + "," + address(TO_KERNEL, 2);
        return between(address(TO_KERNEL, 1), device, any(notBare));
    }

    /** The kernel is the client. */
    Network fromKernel() {
        String device = "server" + FROM_KERNEL + "," + address(FROM_KERNEL, 1);
        return between(address(FROM_KERNEL, 1), device, any(notBare));
    }

    /** The kernel is the server, on its side of a TAP. */
    Network tapToKernel() {
        List<String> prefix = prefix(serverSpace);
        String device = "tap" + TAP_TO_KERNEL + "," + address(TAP_TO_KERNEL, 2);
        return new Network(prefix, prefix, address(TAP_TO_KERNEL, 1), device, any(noTap));
    }

    /** The kernel is the client, on its side of a TAP. */
    Network tapFromKernel() {
        List<String> prefix = prefix(clientSpace);
        String device = "tap" + TAP_FROM_KERNEL + "," + address(TAP_FROM_KERNEL, 1);
        return new Network(prefix, prefix, address(TAP_FROM_KERNEL, 1), device, any(noTap));
    }

    private String any(String reason) {
        return missing.isEmpty() ? reason : missing;
    }

    private Network between(String host, String device, String reason) {
        return new Network(prefix(serverSpace), prefix(clientSpace), host, device, reason);
    }

    private static List<String> prefix(String space) {
        return List.of("ip", "netns", "exec", space);
    }

    /** The kernel's congestion control in them. */
    String congestion() {
        if (missing.isEmpty()) {
            return "reno";
        }
        try {
            return Files.readString(CONGESTION).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }

    @Override
    public void close() {
        if (!missing.isEmpty()) {
            return;
        }
        for (String space : List.of(serverSpace, clientSpace)) {
            try {
                run("ip", "netns", "delete", space);
            } catch (IOException e) {
                // It was never made.
            }
        }
    }
}
