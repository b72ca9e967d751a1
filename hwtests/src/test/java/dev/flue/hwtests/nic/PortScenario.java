// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.nic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.hwtests.netns.Capture;
import dev.flue.hwtests.netns.Commands;
import dev.flue.hwtests.netns.FlueProcess;
import dev.flue.hwtests.netns.FlueServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * What the command must do on a port: serve over both versions of IP, from offloaded connections
 * that can be looked into, with what its device offers in use; fetch; and nothing of it may look
 * wrong to who listens at the other end.
 */
final class PortScenario {
    private static final int BYTES = 8 << 20;

    /** What a segment carries when packets are of 1500 bytes and have timestamps: IPv4, IPv6. */
    private static final String FULL = "(tcp.len == 1448 || tcp.len == 1428)";

    /** Enough that one queue of two without any would be no accident. */
    private static final int CLIENTS = 12;

    private static final int PART = 200_000;

    private static final String SEGMENTS = "tcp.out_segments";
    private static final String ADDRESS_4 = "198.18.0.2";
    private static final String ADDRESS_6 = "2001:db8::2";

    private final String name;
    private final Shell shell;
    private final Peer peer;
    private final Path temp;
    private final Path directory;
    private final String options;
    private PortCounts served;

    /**
     * @param name for what is printed
     * @param options that name the port
     */
    PortScenario(String name, Shell shell, Peer peer, String options, Path temp)
            throws IOException {
        this.name = name;
        this.shell = shell;
        this.peer = peer;
        this.temp = temp;
        this.options = options + " --address " + ADDRESS_4 + "/24 --address " + ADDRESS_6 + "/64";
        directory = Files.createDirectories(temp.resolve("www"));
        byte[] content = new byte[BYTES];
        new Random(BYTES).nextBytes(content);
        Files.write(directory.resolve("file"), content);
    }

    void run() throws IOException, InterruptedException {
        try (Capture capture = Capture.ofWholeFrames(peer.far(), peer.device(), temp)) {
            serve();
            fetch();
            assertThat(capture.stop()).as("everything was captured").isTrue();
            String ofFlue = "(ip.src == " + ADDRESS_4 + " || ipv6.src == " + ADDRESS_6 + ")";
            long segments = capture.count(ofFlue + " && tcp.srcport == 8080");
            served.judge(segments, capture.count(ofFlue + " && " + FULL));
            System.out.printf("nic: %s: %d segments of the server: %s%n", name, segments, served);
            assertThat(capture.list(ofFlue + " && tcp.len > 1460"))
                    .as("longer than a segment may be")
                    .isEmpty();
            assertThat(capture.count(ofFlue + " && tcp.checksum.status == \"Good\""))
                    .as("segments of Flue with a good checksum")
                    .isGreaterThan(2 * BYTES / 1500);
            // An emulated NIC writes 0 as 0xffff, which is as good but not what tshark computes.
            String bad =
                    "(tcp.checksum.status == \"Bad\" && tcp.checksum != 0xffff)"
                            + " || ip.checksum.status == \"Bad\"";
            assertThat(capture.list(bad)).as("frames with a bad checksum").isEmpty();
            assertThat(capture.list(ofFlue + " && tcp.flags.reset == 1"))
                    .as("resets of Flue")
                    .isEmpty();
        }
    }

    /** After {@link #run}: the device did all this. */
    void requireInUse(List<String> offloads) {
        served.requireInUse(offloads);
    }

    private void serve() throws IOException, InterruptedException {
        long start = System.nanoTime();
        Path out = temp.resolve("serve.out");
        shell.run(flue("serve " + directory) + " >" + out + " 2>&1 & serve=$!");
        shell.run(
                "while kill -0 $serve && ! grep serving %1$s; do sleep 0.2; done; grep serving %1$s || { cat %1$s; false; }"
                        .formatted(out));
        say("serves", start);
        download(ADDRESS_4);
        download("[" + ADDRESS_6 + "]");
        lookIn();
        downloadParts();
        served = stat();
        shell.run("kill $serve; wait $serve; [ $? = 143 ]");
        assertThat(out).content().contains("all connections given back").doesNotContain("warning");
    }

    private void download(String address) throws IOException, InterruptedException {
        long start = System.nanoTime();
        Path to = temp.resolve("received");
        Commands.run(curl(address, to, "--max-time", "200"));
        assertEqualFiles(to);
        say("8 MiB to " + address, start);
    }

    /** In the middle of a transfer: state objects in the memory of a NIC are not looked at. */
    private void readsNothingOfTheDevice() throws IOException, InterruptedException {
        PortCounts before = stat();
        PortCounts after = stat();
        for (int i = 0; i < 50 && after.counter(SEGMENTS) < before.counter(SEGMENTS) + 50; i++) {
            after = stat();
        }
        assertThat(after.counter(SEGMENTS)).isGreaterThanOrEqualTo(before.counter(SEGMENTS) + 50);
        assertThat(after.counter("nic.reads"))
                .as("reads of NIC memory")
                .isEqualTo(before.counter("nic.reads"));
        if (options.contains("nic:")) {
            assertThat(after.counter("nic.writes")).isPositive();
            assertThat(after.counter("nic.objects_now")).isPositive();
        }
    }

    private PortCounts stat() throws IOException, InterruptedException {
        return new PortCounts(shell.run(launcher() + " stat --json $serve"));
    }

    /** Many connections at a time, of which each gets its part. */
    private void downloadParts() throws IOException, InterruptedException {
        byte[] all = Files.readAllBytes(directory.resolve("file"));
        List<Process> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            String range = i * PART + "-" + (i * PART + PART - 1);
            List<String> command = curl(ADDRESS_4, temp.resolve("part" + i), "-r", range);
            clients.add(Commands.start(command, temp.resolve("curl.out" + i)));
        }
        try {
            for (int i = 0; i < CLIENTS; i++) {
                Process client = clients.get(i);
                Commands.await("a client ends", () -> !client.isAlive());
                assertThat(client.exitValue()).isZero();
                assertThat(temp.resolve("part" + i))
                        .hasBinaryContent(Arrays.copyOfRange(all, i * PART, i * PART + PART));
            }
        } finally {
            clients.forEach(Process::destroyForcibly);
        }
    }

    private List<String> curl(String address, Path to, String option, String value) {
        return peer.far()
                .inside(
                        "curl",
                        "-gsSf",
                        option,
                        value,
                        "-o",
                        to.toString(),
                        "http://" + address + ":8080/file");
    }

    /** Into a transfer that takes longer than looking; afterwards nothing is held. */
    private void lookIn() throws IOException, InterruptedException {
        // Else the client's kernel takes most of it at once, and lets the client be slow.
        peer.buffers("4096 32768 65536");
        List<String> slow = curl(ADDRESS_4, temp.resolve("slow"), "--limit-rate", "32k");
        Process client = Commands.start(slow, temp.resolve("curl.out"));
        try {
            String conns = conns();
            assertThat(conns).contains("\"offloaded\":true");
            if (options.contains("nic:")) {
                assertThat(conns).containsPattern("\"lies_in\":\"[^\"]*nic 0000:00:06.0/2");
            }
            readsNothingOfTheDevice();
        } finally {
            client.destroyForcibly().waitFor(20, TimeUnit.SECONDS);
            peer.buffers("4096 131072 6291456");
        }
        String after = conns();
        for (int i = 0; i < 10 && !FlueProcess.holdsNothing(after); i++) {
            after = conns();
        }
        assertThat(FlueProcess.holdsNothing(after)).as(after).isTrue();
    }

    private String conns() throws IOException, InterruptedException {
        return shell.run(launcher() + " conns --json --pid $serve");
    }

    private void fetch() throws IOException, InterruptedException {
        long start = System.nanoTime();
        Path to = temp.resolve("fetched");
        peer.serve(directory, temp.resolve("server.out"));
        String url = "'http://[" + Peer.ADDRESS_6 + "]:8000/file'";
        String said = shell.run(flue("fetch " + url + " --json -o " + to));
        assertThat(said).contains("\"offloaded\":true", "\"breaches\":0");
        assertEqualFiles(to);
        say("fetch", start);
    }

    private String flue(String words) {
        return launcher() + " " + words + " " + options;
    }

    private static String launcher() {
        return "'" + FlueServer.launcher() + "'";
    }

    private void assertEqualFiles(Path received) throws IOException {
        assertThat(Files.mismatch(received, directory.resolve("file"))).isEqualTo(-1);
        Files.delete(received);
    }

    private void say(String what, long start) {
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("nic: %s: %s: %.1f s%n", name, what, seconds);
    }
}
