// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Programs over the kernel's sockets in a namespace: {@code peer.py} of the resources. */
final class LinuxPeer implements AutoCloseable {
    private static final String PYTHON = python();

    private final Namespace namespace;
    private final Path script;
    private final Path temp;
    private final List<Process> running = new ArrayList<>();
    private int started;

    LinuxPeer(Namespace namespace, Path temp) throws IOException {
        this.namespace = namespace;
        this.temp = temp;
        script = temp.resolve("peer.py");
        try (InputStream in = LinuxPeer.class.getResourceAsStream("peer.py")) {
            Files.write(script, in.readAllBytes());
        }
    }

    /** The system's own, which starts faster than one found through a version switcher. */
    private static String python() {
        String system = "/usr/bin/python3";
        return Files.isExecutable(Path.of(system)) ? system : "python3";
    }

    static boolean installed() {
        return PYTHON.startsWith("/") || Commands.installed(PYTHON);
    }

    /** Runs a client to its end; it fails unless all it checks is right. @return its JSON */
    String run(String kind, String address, String... options)
            throws IOException, InterruptedException {
        return Commands.run(command(kind, address, options));
    }

    /** Starts a client or the services. Ended with this object. */
    Running start(String kind, String address, String... options)
            throws IOException, InterruptedException {
        Path output = temp.resolve("peer" + started++ + ".out");
        Process process = Commands.start(command(kind, address, options), output);
        running.add(process);
        return new Running(process, output);
    }

    /** A program of ours that runs, and where it prints to. */
    record Running(Process process, Path output) {
        String printed() {
            try {
                return Files.readString(output);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        void awaitPrinted(String text) throws InterruptedException {
            Commands.await(
                    "the peer prints " + text,
                    () -> !process.isAlive() || printed().contains(text));
            if (!printed().contains(text)) {
                throw new AssertionError("the peer ended: " + printed());
            }
        }
    }

    /** The services, ready. */
    Running serve(String address, String... options) throws IOException, InterruptedException {
        Running services = start("serve", address, options);
        services.awaitPrinted("serving");
        return services;
    }

    private List<String> command(String kind, String address, String... options) {
        List<String> command = new ArrayList<>(namespace.inside(PYTHON, script.toString(), kind));
        command.add(address);
        command.addAll(List.of(options));
        return Commands.ahead(command);
    }

    /** TCP sockets of the kernel in any state but LISTEN and TIME-WAIT. */
    String sockets() throws IOException, InterruptedException {
        return Commands.run(
                namespace.inside(
                        "ss",
                        "-Hntao",
                        "state",
                        "all",
                        "exclude",
                        "listening",
                        "exclude",
                        "time-wait"));
    }

    void awaitNoSockets() throws InterruptedException {
        String[] last = new String[1];
        try {
            Commands.await(
                    "no socket is left",
                    () -> {
                        try {
                            last[0] = sockets();
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        return last[0].isBlank();
                    });
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + ":\n" + last[0], e);
        }
    }

    /** A number of the JSON that a client prints. */
    static double number(String json, String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\": ([0-9.e+-]+)").matcher(json);
        if (!matcher.find()) {
            throw new AssertionError("no " + name + " in " + json);
        }
        return Double.parseDouble(matcher.group(1));
    }

    /** Ends one that still runs, and waits until its sockets are closed. */
    void stop(Running program) throws InterruptedException {
        program.process().destroyForcibly().waitFor();
        running.remove(program.process());
    }

    @Override
    public void close() {
        running.forEach(Process::destroyForcibly);
    }
}
