// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.tools.run.ToolException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code flue bench}: starts the jar of the benchmarks, which has what this one does without. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = {
            "Measure Flue beside java.nio, Netty and the kernel, in turns, its engine in memory and"
                    + " Java's operations, and write a page with pictures, and JSON.",
            "Runs what this machine allows, and says of the rest why not. Root adds veth, TAP, and"
                    + " loopback with Reno. About 6 minutes, in which nothing else should run;"
                    + " with --quick one and a half."
        })
final class BenchCommand implements Callable<Integer> {
    private static final String MAIN = "dev.flue.bench.side.SideBySide";
    private static final int ASKS_FOR_NATIVE_ACCESS = 22;

    @Option(names = "--quick", description = "Few and short rounds, and not everybody.")
    private boolean quick;

    @Option(
            names = "--output",
            paramLabel = "DIRECTORY",
            defaultValue = "docs/performance",
            description = "For bench.md, bench.json and bench-*.svg; default ${DEFAULT-VALUE}.")
    private Path output;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds that count, 1 to 100.")
    private Integer rounds;

    @Option(names = "--millis", paramLabel = "N", description = "Of a measurement, 1 to 60000.")
    private Integer millis;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "For the contestants at most: fewer rounds, if they do not fit.")
    private Integer seconds;

    @Option(
            names = "--parts",
            paramLabel = "NAME,...",
            description = "Only these: side (contestants), engine (in memory), jmh (Java).")
    private String parts;

    @Option(
            names = "--contestants",
            paramLabel = "NAME,...",
            description = "Only these; a wrong name is answered with all.")
    private String contestants;

    @Option(
            names = "--workloads",
            paramLabel = "NAME,...",
            description = "Only these; a wrong name is answered with all.")
    private String workloads;

    @Option(
            names = "--native",
            paramLabel = "DIRECTORY",
            description = "With the programs in C; default: where the build leaves them.")
    private Path natives;

    @Option(
            names = "--jar",
            paramLabel = "FILE",
            description =
                    "The benchmarks; default: benchmarks.jar beside flue.jar, or where the"
                            + " build leaves it.")
    private Path jar;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        check("--rounds", rounds, 100);
        check("--millis", millis, 60_000);
        check("--seconds", seconds, 86_400);
        Path benchmarks = jar != null ? jar : found();
        if (!Files.isRegularFile(benchmarks)) {
            throw new ToolException(
                    "there is no "
                            + benchmarks
                            + ": build it with 'mvn -B -ntp -q -DskipTests package', or name it"
                            + " with --jar");
        }
        try {
            Process process = new ProcessBuilder(command(benchmarks)).inheritIO().start();
            // A signal to this process alone has to reach the one that cleans up.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(process)));
            return process.waitFor();
        } catch (IOException e) {
            throw new ToolException("cannot start the benchmarks: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolException("interrupted", e);
        }
    }

    private static void end(Process process) {
        process.destroy();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void check(String name, Integer value, int most) {
        if (value != null && (value < 1 || value > most)) {
            throw new ParameterException(
                    spec.commandLine(), name + " " + value + " is out of range 1.." + most);
        }
    }

    /** Beside the jar or directory that this class is from, or in the build of the sources. */
    private static Path found() {
        try {
            Path self =
                    Path.of(
                            BenchCommand.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI());
            Path beside = self.resolveSibling("benchmarks.jar");
            return Files.exists(beside)
                    ? beside
                    : self.resolveSibling("../../bench/target/benchmarks.jar").normalize();
        } catch (URISyntaxException e) {
            throw new ToolException("where is this program? " + e.getMessage(), e);
        }
    }

    private List<String> command(Path benchmarks) {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.add("-XX:+UseSerialGC");
        if (Runtime.version().feature() >= ASKS_FOR_NATIVE_ACCESS) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of("-cp", benchmarks.toString(), MAIN));
        if (quick) {
            command.add("--quick");
        }
        add(command, "--output", output);
        add(command, "--native", natives);
        add(command, "--rounds", rounds);
        add(command, "--millis", millis);
        add(command, "--seconds", seconds);
        add(command, "--parts", parts);
        add(command, "--contestants", contestants);
        add(command, "--workloads", workloads);
        return command;
    }

    private static void add(List<String> command, String name, Object value) {
        if (value != null) {
            command.add(name);
            command.add(value.toString());
        }
    }
}
