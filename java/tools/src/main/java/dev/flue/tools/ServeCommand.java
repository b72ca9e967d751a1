// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.assembly.Breaches;
import dev.flue.tools.assembly.NetworkOptions;
import dev.flue.tools.http.HttpServer;
import dev.flue.tools.inspect.InspectServer;
import dev.flue.tools.output.Sizes;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.Shutdown;
import dev.flue.tools.run.ToolException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code flue serve}: a directory over HTTP/1.1, from offloaded connections. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = {
            "Serve a directory over HTTP/1.1 from offloaded connections.",
            "Runs until SIGINT or SIGTERM, then takes every connection back before it leaves"
                    + " (exit code 130 or 143).",
            "'flue conns' shows the connections meanwhile.",
            "What a verifier in --drivers finds is printed, a line for each breach, and counted at"
                    + " the end."
        })
final class ServeCommand implements Callable<Integer> {
    private static final int BACKLOG = 256;

    @Parameters(paramLabel = "DIR", description = "The directory.")
    private Path directory;

    @Mixin private NetworkOptions network;

    @Option(
            names = "--listen",
            paramLabel = "PORT",
            defaultValue = "8080",
            description = "TCP port; default ${DEFAULT-VALUE}.")
    private int listen;

    @Option(
            names = "--upload-every",
            paramLabel = "MIB",
            description =
                    "Take each connection back, and offload it again, after every so many MiB"
                            + " sent.")
    private Integer uploadEvery;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        check();
        HttpServer http = openDirectory();
        Breaches breaches = new Breaches(spec.commandLine().getErr());
        try (Shutdown shutdown = Shutdown.install();
                Assembly assembly = network.open();
                InspectServer inspect =
                        InspectServer.openOrWarn(assembly, spec.commandLine().getErr())) {
            shutdown.check();
            assembly.drivers().onBreach(breaches);
            assembly.stack().listen(listen, BACKLOG, http::newConnection);
            announce();
            DutyCycle cycle =
                    new DutyCycle(
                            List.of(assembly, http::doWork, inspect), network.polling().idle());
            cycle.runUntil(shutdown::requested);
            leave(assembly, http, breaches);
        }
        return breaches.exitCode();
    }

    private void check() {
        if (listen < 1 || listen > 65535) {
            throw wrong("--listen " + listen + " is out of range 1..65535");
        }
        if (uploadEvery != null && uploadEvery < 1) {
            throw wrong("--upload-every takes a number of MiB of at least 1");
        }
    }

    private HttpServer openDirectory() {
        if (!Files.isDirectory(directory)) {
            throw new ToolException(
                    directory + (Files.exists(directory) ? " is no directory" : " does not exist"));
        }
        if (!Files.isReadable(directory) || !Files.isExecutable(directory)) {
            throw new ToolException(directory + " cannot be read by this user");
        }
        long every = uploadEvery == null ? 0 : (long) uploadEvery << 20;
        try {
            return new HttpServer(directory, InstantSource.system(), every);
        } catch (IOException e) {
            throw new ToolException("cannot serve " + directory + ": " + e.getMessage(), e);
        }
    }

    private void announce() {
        PrintWriter out = spec.commandLine().getOut();
        String urls =
                network.addresses().stream()
                        .map(each -> "http://" + each.address().withPort(listen) + "/")
                        .collect(Collectors.joining(" and "));
        out.println("serving " + directory + " at " + urls + " on " + network.deviceName());
        out.flush();
    }

    private void leave(Assembly assembly, HttpServer http, Breaches breaches) {
        boolean given = assembly.giveBack();
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                "served "
                        + http.requests()
                        + " requests, "
                        + Sizes.format(http.bytesSent())
                        + ", "
                        + http.handOvers()
                        + " hand-overs; "
                        + (given
                                ? "all connections given back"
                                : "not all connections could be taken back within 5 s")
                        + breaches.summary());
        out.flush();
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
