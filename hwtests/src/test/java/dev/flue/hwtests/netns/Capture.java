// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** What tcpdump sees on an interface while this object is open, and what tshark thinks of it. */
public final class Capture implements AutoCloseable {
    private static final Pattern COUNTS =
            Pattern.compile(
                    "(\\d+) packets? captured, (\\d+) packets? received by filter,"
                            + " (\\d+) packets? dropped by kernel");

    private final Path file;
    private final Path output;
    private final Process process;

    /** What was received when the filter was not there yet. */
    private final long before;

    private long packets;

    /** Starts, and waits until it listens. Headers only. */
    Capture(Namespace namespace, String device, Path temp)
            throws IOException, InterruptedException {
        this(namespace, device, temp, 128, "tcp");
    }

    /** With all of each frame, so that checksums can be counted too. */
    public static Capture ofWholeFrames(Namespace namespace, String device, Path temp)
            throws IOException, InterruptedException {
        return new Capture(namespace, device, temp, 0, "tcp");
    }

    /** Of ARP and IP of any kind: headers only. */
    static Capture ofEverything(Namespace namespace, String device, Path temp)
            throws IOException, InterruptedException {
        return new Capture(namespace, device, temp, 128, "arp or ip or ip6");
    }

    private Capture(Namespace namespace, String device, Path temp, int bytes, String filter)
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
                        Integer.toString(bytes),
                        "-B",
                        "65536",
                        "-Z",
                        "root",
                        "-w",
                        file.toString(),
                        filter);
        process = Commands.start(command, output);
        try {
            Commands.await(
                    "tcpdump listens", () -> !process.isAlive() || text().contains("listening"));
            before = counts()[1];
        } catch (AssertionError | InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
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

    /** Ends it; what was seen stays. @return whether that is everything */
    public boolean stop() throws InterruptedException {
        // At its end it would leave what the kernel has not yet handed to it, up to a second's.
        long[] counts = counts();
        for (int i = 0; counts[0] + counts[2] < counts[1] - before; i++) {
            if (i == 1000) {
                throw new AssertionError("tcpdump does not write all it saw: " + text());
            }
            counts = counts();
        }
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("tcpdump does not end: " + text());
        }
        packets = counts[0];
        return counts[2] == 0;
    }

    /** How many packets there are in it. After {@link #stop}. */
    public long packets() {
        return packets;
    }

    /** Captured, received, dropped, up to now. */
    private long[] counts() throws InterruptedException {
        long had = counted().count();
        try {
            Commands.run(List.of("kill", "-USR1", Long.toString(process.pid())));
        } catch (IOException e) {
            throw new UncheckedIOException(text(), e);
        }
        Commands.await("tcpdump counts", () -> counted().count() > had);
        MatchResult last = counted().skip(had).findFirst().orElseThrow();
        return LongStream.of(1, 2, 3).map(i -> Long.parseLong(last.group((int) i))).toArray();
    }

    private Stream<MatchResult> counted() {
        return COUNTS.matcher(text()).results();
    }

    /** How many packets a filter of tshark selects. */
    public long count(String filter) throws IOException, InterruptedException {
        return tshark(filter, "-T", "fields", "-e", "frame.number")
                .filter(line -> line.matches("\\d+"))
                .count();
    }

    /** A line for each of the packets that a filter of tshark selects. */
    public List<String> list(String filter) throws IOException, InterruptedException {
        return tshark(filter).filter(line -> line.matches(" *\\d+ .*")).toList();
    }

    private Stream<String> tshark(String filter, String... words)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("tshark", "-r", file.toString()));
        command.addAll(List.of("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"));
        command.addAll(List.of("-Y", filter));
        command.addAll(List.of(words));
        return Commands.run(command).lines();
    }

    /** Segments of this address whose data, or the beginning of it, had been in it before. */
    long repeats(String source) throws IOException, InterruptedException {
        String from = (source.contains(":") ? "ipv6" : "ip") + ".src == " + source;
        List<String> command = new ArrayList<>(List.of("tshark", "-r", file.toString()));
        command.addAll(List.of("-Y", "tcp.len > 0 && " + from, "-T", "fields"));
        command.addAll(List.of("-e", "tcp.stream", "-e", "tcp.seq", "-e", "tcp.len"));
        Map<String, BitSet> seen = new HashMap<>();
        long repeats = 0;
        for (String line : Commands.run(command).lines().toList()) {
            String[] words = line.split("\t");
            if (words.length == 3) {
                BitSet bytes = seen.computeIfAbsent(words[0], stream -> new BitSet());
                int at = Integer.parseInt(words[1]);
                repeats += bytes.get(at) ? 1 : 0;
                bytes.set(at, at + Integer.parseInt(words[2]));
            }
        }
        return repeats;
    }

    /**
     * The ends of the connections that were reset. Not of those that both sides had closed, one of
     * which sent its FIN twice: what comes last, the second FIN on another link or the ACK it drew,
     * finds a connection that is gone, and draws the RST of RFC 9293, 3.10.7.1.
     */
    List<String> resets() throws IOException, InterruptedException {
        String filter = "tcp.flags.fin == 1 || tcp.flags.reset == 1";
        String[] fields =
                "-T fields -e tcp.stream -e tcp.srcport -e tcp.dstport -e tcp.flags.reset"
                        .split(" ");
        Map<String, Integer> fins = new HashMap<>();
        List<String> ends = new ArrayList<>();
        for (String line : tshark(filter, fields).toList()) {
            String[] words = line.split("\t");
            if (words.length != 4) {
                continue;
            }
            String sender = words[0] + " " + words[1];
            if (!words[3].matches("1|True")) {
                fins.merge(sender, 1, Integer::sum);
                continue;
            }
            int own = fins.getOrDefault(sender, 0);
            int others = fins.getOrDefault(words[0] + " " + words[2], 0);
            if (own < 1 || others < 1 || own + others < 3) {
                List<String> stream = list("tcp.stream == " + words[0]);
                ends.addAll(stream.subList(Math.max(0, stream.size() - 24), stream.size()));
            }
        }
        return ends;
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
