// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import dev.flue.tools.inspect.Inspector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A {@code flue serve} of the built launcher inside a namespace. Ended with this object. */
final class FlueServer implements AutoCloseable {
    private static final Pattern HELD = Pattern.compile("\"held\":\\{([^}]*)\\}");

    private final Process process;
    private final Path output;
    private final Inspector inspector = new Inspector();

    /** Starts, and waits until it serves. */
    FlueServer(Namespace namespace, Path directory, Path output, String... options)
            throws IOException, InterruptedException {
        this.output = output;
        List<String> command = new ArrayList<>(namespace.inside(launcher().toString(), "serve"));
        command.add(directory.toString());
        command.addAll(List.of(options));
        process = Commands.start(command, output);
        try {
            Commands.await(
                    "flue serves: " + command,
                    () -> !process.isAlive() || printed().contains("serving "));
            if (!process.isAlive()) {
                throw new AssertionError(command + " ended: " + printed());
            }
        } catch (AssertionError | InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** Where the build puts it. */
    static Path launcher() {
        String root = System.getProperty("flue.root", "..");
        return Path.of(root, "java/tools/target/flue").toAbsolutePath().normalize();
    }

    static boolean isBuilt() {
        return Files.isExecutable(launcher())
                && Files.exists(launcher().resolveSibling("flue.jar"));
    }

    String printed() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What {@code flue conns --json} prints of it. */
    String conns() {
        Path socket = inspector.processes().get(process.pid());
        try {
            if (socket == null) {
                throw new IOException("no socket of process " + process.pid());
            }
            return inspector.ask(socket, true);
        } catch (IOException e) {
            throw new UncheckedIOException(printed(), e);
        }
    }

    /** No connection, and nothing held of any resource. */
    boolean holdsNothing() {
        String conns = conns();
        Matcher held = HELD.matcher(conns);
        return conns.contains("\"connections\":[]")
                && held.find()
                && held.group(1).matches("(\"[\\w.]+\":0,?)+");
    }

    void awaitHoldsNothing() throws InterruptedException {
        try {
            Commands.await("nothing is held", this::holdsNothing);
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + ": " + conns(), e);
        }
    }

    boolean hasSocket() {
        return inspector.processes().containsKey(process.pid());
    }

    /** SIGTERM; the exit code. */
    int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new AssertionError("still running 30 s after SIGTERM: " + printed());
        }
        return process.exitValue();
    }

    @Override
    public void close() {
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
