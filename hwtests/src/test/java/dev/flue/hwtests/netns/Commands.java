// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Other programs, always with a deadline, always ended. */
public final class Commands {
    private static volatile long seconds = 100;

    private Commands() {}

    /** How long others may take from now on, before they count as hanging. */
    public static void patience(long value) {
        seconds = value;
    }

    /**
     * The same, with a priority before other work on this machine. A TCP whose process has to wait
     * for a processor, with its socket locked perhaps, acknowledges nothing, as if much was lost.
     * Not the highest one: the kernel's own threads that carry frames have to get in.
     */
    static List<String> ahead(List<String> command) {
        List<String> all = new ArrayList<>(List.of("nice", "-n", "-10"));
        all.addAll(command);
        return all;
    }

    /** Runs a program to its end and returns what it printed; a failure of it is a failure here. */
    public static String run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("flue-hwtests", ".out");
        Process process = start(command, output);
        try {
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                throw new AssertionError("still running after " + seconds + " s: " + command);
            }
            String text = Files.readString(output, StandardCharsets.UTF_8);
            if (process.exitValue() != 0) {
                throw new AssertionError(
                        command + " exited with " + process.exitValue() + ": " + text);
            }
            return text;
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(output);
        }
    }

    /** Starts a program whose output, of both kinds, goes to a file. */
    public static Process start(List<String> command, Path output) throws IOException {
        return builder(command, output).redirectInput(new File("/dev/null")).start();
    }

    /** The same; what it reads comes from us. */
    static Process startPiped(List<String> command, Path output) throws IOException {
        return builder(command, output).start();
    }

    /** For each JVM that a test starts. */
    static List<String> jvmOptions() {
        String options = System.getProperty("flue.hwtests.jvm", "").strip();
        return options.isEmpty() ? List.of() : List.of(options.split(" +"));
    }

    private static ProcessBuilder builder(List<String> command, Path output) {
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment().putIfAbsent("FLUE_JAVA_OPTS", String.join(" ", jvmOptions()));
        return builder;
    }

    /** Waits for a condition by asking again and again, for a bounded time. */
    public static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(seconds)) {
                throw new AssertionError("within " + seconds + " s: " + what);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** Whether a program is on the path. */
    public static boolean installed(String program) {
        for (String directory : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }
}
