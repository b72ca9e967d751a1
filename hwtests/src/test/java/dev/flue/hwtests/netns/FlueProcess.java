// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import dev.flue.tools.inspect.Inspector;
import dev.flue.tools.inspect.StatReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process with Flue's TCP that can be looked into from outside. Ended with this object. */
public class FlueProcess implements AutoCloseable {
    private static final Pattern HELD = Pattern.compile("\"held\":\\{([^}]*)\\}");

    private final Process process;
    private final Path output;
    private final Inspector inspector = new Inspector();

    /** Starts, and waits until it says that it serves. */
    FlueProcess(List<String> command, Path output) throws IOException, InterruptedException {
        this.output = output;
        process = Commands.startPiped(command, output);
        try {
            Commands.await(
                    "flue serves: " + command,
                    () -> !process.isAlive() || printed().contains("serving"));
            if (!process.isAlive()) {
                throw new AssertionError(command + " ended: " + printed());
            }
        } catch (AssertionError | InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    final Process process() {
        return process;
    }

    final String printed() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What {@code flue conns --json} prints of it. */
    final String conns() {
        Path socket = inspector.processes().get(process.pid());
        try {
            if (socket == null) {
                throw new IOException("no socket of process " + process.pid());
            }
            return inspector.ask(socket, "conns json");
        } catch (IOException e) {
            throw new UncheckedIOException(printed(), e);
        }
    }

    /** What {@code flue stat --json} prints of it. */
    final String stat() {
        return stat(false);
    }

    /** The same; {@code xstats}: with what devices count themselves. */
    final String stat(boolean xstats) {
        try {
            Path socket = inspector.processes().get(process.pid());
            return new StatReport(inspector.stat(socket, xstats), false, 0).toJson();
        } catch (IOException e) {
            throw new UncheckedIOException(printed(), e);
        }
    }

    /** What {@code flue port} asks for, "remove flue0" say; it has to be done. */
    final void port(String words) {
        try {
            String answer =
                    inspector.ask(inspector.processes().get(process.pid()), "port " + words);
            if (!answer.equals("done\n")) {
                throw new AssertionError(words + ": " + answer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(printed(), e);
        }
    }

    /** No connection, and nothing held of any resource. */
    final boolean holdsNothing() {
        return holdsNothing(conns());
    }

    /** The same of what {@code flue conns --json} has printed. */
    public static boolean holdsNothing(String conns) {
        Matcher held = HELD.matcher(conns);
        return conns.contains("\"connections\":[]")
                && held.find()
                && held.group(1).matches("(\"[\\w.]+\":0,?)+");
    }

    final void awaitHoldsNothing() throws InterruptedException {
        try {
            Commands.await("nothing is held", this::holdsNothing);
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + ": " + conns(), e);
        }
    }

    /** A counter of {@link #conns}. */
    final long counter(String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\":(\\d+)").matcher(conns());
        if (!matcher.find()) {
            throw new AssertionError("no counter " + name + " in " + conns());
        }
        return Long.parseLong(matcher.group(1));
    }

    final boolean hasSocket() {
        return inspector.processes().containsKey(process.pid());
    }

    /** SIGTERM; the exit code. */
    final int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new AssertionError("still running 30 s after SIGTERM: " + printed());
        }
        return process.exitValue();
    }

    @Override
    public final void close() {
        process.destroy();
        try {
            if (process.waitFor(20, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}
