// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where the kernel's contestants talk: with root, network namespaces of our own with Reno, loopback
 * in one and a veth between two; else the loopback that is there, with the congestion control that
 * the machine has. Gone when closed.
 */
final class KernelNetworks implements AutoCloseable {
    /**
     * A network of two ends.
     *
     * @param server words in front of the server's command
     * @param client likewise
     * @param host address of the server
     * @param missing why there is none; "" = there is
     */
    record Network(List<String> server, List<String> client, String host, String missing) {}

    private static final String LOOPBACK = "127.0.0.1";
    private static final String VETH_SERVER = "198.18.200.1";
    private static final String VETH_CLIENT = "198.18.200.2";
    private static final Path CONGESTION = Path.of("/proc/sys/net/ipv4/tcp_congestion_control");

    private final String serverSpace = "flue-bench-" + ProcessHandle.current().pid() + "s";
    private final String clientSpace = "flue-bench-" + ProcessHandle.current().pid() + "c";
    private String missing = "";

    private KernelNetworks() {}

    static KernelNetworks open() {
        KernelNetworks networks = new KernelNetworks();
        try {
            networks.make();
        } catch (IOException e) {
            networks.close();
            networks.missing = "no network namespaces: " + e.getMessage();
        }
        return networks;
    }

    /** Only the loopback that is there. */
    static KernelNetworks none(String why) {
        KernelNetworks networks = new KernelNetworks();
        networks.missing = why;
        return networks;
    }

    private void make() throws IOException {
        for (String space : List.of(serverSpace, clientSpace)) {
            run("ip", "netns", "add", space);
            in(space, "ip", "link", "set", "lo", "up");
            in(space, "sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno");
        }
        in(serverSpace, "ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
        in(serverSpace, "ip", "link", "set", "veth1", "netns", clientSpace);
        in(serverSpace, "ip", "addr", "add", VETH_SERVER + "/24", "dev", "veth0");
        in(clientSpace, "ip", "addr", "add", VETH_CLIENT + "/24", "dev", "veth1");
        in(serverSpace, "ip", "link", "set", "veth0", "up");
        in(clientSpace, "ip", "link", "set", "veth1", "up");
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
                throw new IOException(new String(said, StandardCharsets.UTF_8).strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    Network loopback() {
        List<String> prefix = missing.isEmpty() ? prefix(serverSpace) : List.of();
        return new Network(prefix, prefix, LOOPBACK, "");
    }

    Network veth() {
        return new Network(prefix(serverSpace), prefix(clientSpace), VETH_SERVER, missing);
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
