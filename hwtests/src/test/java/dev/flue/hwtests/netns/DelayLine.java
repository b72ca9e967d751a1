// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A cable with a length, {@code delayline.c}: delay, bandwidth, queue, seeded loss, reordering and
 * duplication, which this kernel's own queueing disciplines may not have. Ended with this object.
 */
final class DelayLine implements AutoCloseable {
    private final Process process;
    private final Path output;

    /**
     * Compiles the program if need be, starts it, and waits until it forwards.
     *
     * @param left a port, see the program
     * @param right the other one
     * @param values {@code name=value}
     */
    DelayLine(String left, String right, Path temp, List<String> values)
            throws IOException, InterruptedException {
        output = Files.createTempFile(temp, "delayline", ".out");
        List<String> command = new ArrayList<>(List.of(program().toString(), left, right));
        command.addAll(values);
        process = Commands.startPiped(command, output);
        Commands.await(
                "the delay line is ready", () -> !process.isAlive() || printed().contains("ready"));
        if (!process.isAlive()) {
            throw new AssertionError(command + " ended: " + printed());
        }
    }

    static boolean canBeBuilt() {
        return Commands.installed("cc");
    }

    private static Path program() throws IOException, InterruptedException {
        Path module = Path.of(System.getProperty("flue.root", "..")).toAbsolutePath();
        Path source = module.resolve("hwtests/src/test/c/delayline.c").normalize();
        Path program = module.resolve("hwtests/target/delayline").normalize();
        if (!Files.exists(program)
                || Files.getLastModifiedTime(program).compareTo(Files.getLastModifiedTime(source))
                        < 0) {
            Files.createDirectories(program.getParent());
            Commands.run(
                    List.of(
                            "cc",
                            "-std=gnu11",
                            "-O2",
                            "-Wall",
                            "-o",
                            program.toString(),
                            source.toString()));
        }
        return program;
    }

    private String printed() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            return "";
        }
    }

    /** Ends it. @return what it says it did */
    String stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            throw new AssertionError("the delay line does not end");
        }
        return printed();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
