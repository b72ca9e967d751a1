// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What tcpdump sees on an interface while this object is open, and what tshark thinks of it. */
final class Capture implements AutoCloseable {
    private static final Pattern DROPPED = Pattern.compile("(\\d+) packets? dropped by kernel");

    private final Path file;
    private final Path output;
    private final Process process;

    /** Starts, and waits until it listens. Headers only. */
    Capture(Namespace namespace, String device, Path temp)
            throws IOException, InterruptedException {
        file = temp.resolve("capture.pcap");
        output = temp.resolve("tcpdump.out");
        Files.deleteIfExists(file);
        List<String> command =
                namespace.inside(
                        "tcpdump",
                        "-i",
                        device,
                        "-n",
                        "-s",
                        "128",
                        "-B",
                        "65536",
                        "-Z",
                        "root",
                        "-w",
                        file.toString(),
                        "tcp");
        process = Commands.start(command, output);
        Commands.await("tcpdump listens", () -> !process.isAlive() || text().contains("listening"));
    }

    /** Why there can be none, or "". */
    static String unavailabilityCause() {
        for (String program : List.of("tshark", "tcpdump")) {
            if (!Commands.installed(program)) {
                return program + " is not installed";
            }
        }
        return "";
    }

    private String text() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            return "";
        }
    }

    /** Ends it; what was seen stays. @throws AssertionError when it did not see everything */
    void stop() throws InterruptedException {
        // SIGINT is what makes tcpdump count; it ends on SIGTERM as well, and counts too.
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("tcpdump does not end: " + text());
        }
        Matcher dropped = DROPPED.matcher(text());
        if (!dropped.find() || !dropped.group(1).equals("0")) {
            throw new AssertionError("tcpdump did not see everything: " + text());
        }
    }

    /** How many packets a filter of tshark selects. */
    long count(String filter) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("tshark", "-r", file.toString()));
        command.addAll(List.of("-Y", filter, "-T", "fields", "-e", "frame.number"));
        return Commands.run(command).lines().filter(line -> line.matches("\\d+")).count();
    }

    /** What is wrong in it. */
    Judge judge(String flue) throws IOException, InterruptedException {
        return new Judge(file, flue);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
