// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as a whole, with next to nothing to do. */
class CommandTest {
    @TempDir private Path directory;

    /** One contestant at one workload. */
    private Process start(String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.add(SideBySide.class.getName());
        command.addAll(List.of("--output", directory.toString(), "--parts", "side"));
        command.addAll(List.of("--contestants", "nio-blocking"));
        command.addAll(List.of("--workloads", "request-response"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("said").toFile())
                .start();
    }

    @Test
    void writesAPageJsonAndPicturesAndNamesWhatItDidNotRun() throws Exception {
        Process process = start("--rounds", "1", "--millis", "5", "--seconds", "1");
        assertThat(process.waitFor()).as(said()).isZero();
        assertThat(Files.readString(directory.resolve("bench.md")))
                .contains("java.nio blocking, loopback")
                .contains("the engine in memory was not asked for")
                .contains("bench-request-response.svg")
                .doesNotContain("failed in");
        assertThat(directory.resolve("bench.json")).isNotEmptyFile();
        assertThat(directory.resolve("bench-request-response.svg")).isNotEmptyFile();
        assertThat(namespacesOf(process.pid())).isEmpty();
    }

    @Test
    void whenInterruptedItLeavesNoNamespaceAndNoProcessBehind() throws Exception {
        Process process = start("--rounds", "100", "--millis", "50");
        while (process.isAlive() && !said().contains("round 1")) {
            Thread.onSpinWait();
        }
        List<ProcessHandle> workers = process.descendants().toList();
        assertThat(workers).as(said()).isNotEmpty();
        process.destroy();
        process.waitFor();
        for (ProcessHandle each : workers) {
            each.onExit().get();
        }
        assertThat(namespacesOf(process.pid())).isEmpty();
    }

    private String said() throws Exception {
        return Files.readString(directory.resolve("said"));
    }

    private static List<Path> namespacesOf(long pid) throws Exception {
        Path all = Path.of("/run/netns");
        if (!Files.isDirectory(all)) {
            return List.of();
        }
        try (var names = Files.list(all)) {
            return names.filter(
                            each -> each.getFileName().toString().startsWith("flue-bench-" + pid))
                    .toList();
        }
    }
}
