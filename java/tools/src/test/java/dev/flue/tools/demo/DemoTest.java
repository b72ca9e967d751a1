// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import dev.flue.tools.Main;
import dev.flue.tools.config.Defaults;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

@Timeout(120)
class DemoTest {
    private final StringWriter out = new StringWriter();

    private int run(String... args) {
        CommandLine commandLine = Main.commandLine(Defaults.none());
        commandLine.setOut(new PrintWriter(out));
        return commandLine.execute(args);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "--own-thread",
                "--drivers none",
                "--drivers pass-through,passthrough,verifier",
                "--drop 200",
                "--drivers verifier,vlan:id=42:priority=5,verifier",
                "--drivers verifier,vlan:id=0:priority=7,verifier --drop 200",
            })
    void carriesEveryByteThroughHandOversInMidStream(String options) {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
        String line = "demo --size 3MiB " + options;
        assertThat(run(line.strip().split(" "))).as(() -> out.toString()).isZero();
        assertThat(out.toString())
                .contains("neighbor 198.18.0.2", "path 198.18.0.1 -> 198.18.0.2", "ESTABLISHED")
                .endsWith(
                        "demo: all bytes equal, 12 MiB on offloaded connections, 2 hand-overs in"
                                + " mid-stream\n");
    }

    @Test
    void theTraceShowsEveryOperationOnEveryKindOfObjectAndNoBreach() {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
        assertThat(
                        run(
                                "demo",
                                "--size",
                                "2MiB",
                                "--drivers",
                                "verifier,passthrough,verifier",
                                "--trace"))
                .as(() -> out.toString())
                .isZero();
        List<String> lines = out.toString().lines().toList();
        for (String layer : List.of("neighbor", "path", "TCP")) {
            for (String operation :
                    List.of("initiate", "query", "update", "invalidate", "terminate")) {
                String done = operation.replaceFirst("e?$", "") + "ed";
                String completion = operation.equals("query") ? "queried" : done;
                String call = " +" + layer + " \\d+ +" + operation + " *";
                String back = " +" + layer + " \\d+ +" + completion + " +SUCCESS";
                for (String verifier :
                        List.of(
                                "client.verifier1",
                                "client.verifier3",
                                "server.verifier1",
                                "server.verifier3")) {
                    String time = " *\\d+\\.\\d{6} ms +" + verifier;
                    assertThat(lines).anyMatch(line -> line.matches(time + call));
                    assertThat(lines).anyMatch(line -> line.matches(time + back));
                }
            }
        }
        assertThat(lines).noneMatch(line -> line.contains("breach"));
        assertThat(lines.get(lines.size() - 1))
                .isEqualTo(
                        "demo: all bytes equal, 12 MiB on offloaded connections, 8 hand-overs in"
                                + " mid-stream");
    }

    @Test
    void aShaperHoldsTheDemoToARateAndAllBytesArrive() {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
        assertThat(
                        run(
                                "demo",
                                "--size",
                                "2MiB",
                                "--drivers",
                                "verifier,shaper:rate=400m:burst=16k:per=all,verifier"))
                .as(() -> out.toString())
                .isZero();
        assertThat(out.toString()).contains("all bytes equal").doesNotContain("breach");
    }

    @Test
    void aDriverThatIsNotThereIsRefusedWithTheListOfThoseThatAre() {
        CommandLine commandLine = Main.commandLine(Defaults.none());
        commandLine.setErr(new PrintWriter(out));
        assertThat(commandLine.execute("demo", "--drivers", "verifier,firewall")).isEqualTo(2);
        assertThat(out.toString()).contains("'firewall'", "passthrough, ", "verifier, ");
        assertThat(commandLine.execute("demo", "--trace")).isEqualTo(2);
    }

    @Test
    void carriesAFile(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("file");
        Files.write(file, new byte[1_234_567]);
        assertThat(run("demo", "--json", "--file", file.toString()))
                .as(() -> out.toString())
                .isZero();
        assertThat(out.toString()).contains("\"equal\":true").hasLineCount(1);
    }

    @Test
    void withoutATargetTheHostStacksCarryTheSame() {
        Content up = Content.generated(2_000_001, 1);
        Content down = Content.generated(999_999, 2);
        try (Stage stage = new PlainStage(1500, 0, 3)) {
            Transfer transfer =
                    new Transfer(stage, Stage.SERVER.get(0).address(), 7001, up, down, () -> false);
            transfer.carry("carry", 0);
            assertThat(transfer.verify()).hasSize(2).doesNotHaveDuplicates();
            assertThat(transfer.client().offloads()).isZero();
            transfer.close();
        }
    }

    @Test
    void endsInOrderWhenItIsToldToGo(@TempDir Path directory) throws Exception {
        Path output = directory.resolve("out");
        Process demo =
                new ProcessBuilder(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin/java")
                                                .toString(),
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        Main.class.getName(),
                                        "demo",
                                        "--size",
                                        "100GiB"))
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .redirectInput(new File("/dev/null"))
                        .start();
        try {
            while (demo.isAlive() && !Files.readString(output).contains("carries both ways")) {
                TimeUnit.MILLISECONDS.sleep(20);
            }
            demo.destroy();
            assertThat(demo.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(demo.exitValue()).as(Files.readString(output)).isEqualTo(143);
            assertThat(Files.readString(output)).doesNotContain("Exception");
        } finally {
            demo.destroyForcibly();
        }
    }
}
