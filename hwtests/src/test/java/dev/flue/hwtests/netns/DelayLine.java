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
    private static Path program;

    private final Process process;
    private final Path output;

    /**
     * Compiles the program if that is not done yet, starts it, and waits until it forwards.
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
        process = Commands.startPiped(Commands.ahead(command), output);
        Commands.await(
                "the delay line is ready", () -> !process.isAlive() || printed().contains("ready"));
        if (!process.isAlive()) {
            throw new AssertionError(command + " ended: " + printed());
        }
    }

    static boolean canBeBuilt() {
        return Commands.installed("cc");
    }

    private static synchronized Path program() throws IOException, InterruptedException {
        if (program == null) {
            Path root = Path.of(System.getProperty("flue.root", "..")).toAbsolutePath().normalize();
            Path built = root.resolve("hwtests/target/delayline");
            Path source = root.resolve("hwtests/src/test/c/delayline.c");
            Files.createDirectories(built.getParent());
            List<String> command = new ArrayList<>(List.of("cc", "-std=gnu11", "-O2", "-Wall"));
            command.addAll(List.of("-o", built.toString(), source.toString()));
            Commands.run(command);
            program = built;
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
