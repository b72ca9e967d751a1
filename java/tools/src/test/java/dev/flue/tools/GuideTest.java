// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The driver that stands in docs/drivers.md compiles as it stands there, and runs. */
class GuideTest {
    private static final String CLASS_PATH = System.getProperty("java.class.path");
    private static final int MOST_LINES = 65;

    @TempDir private Path directory;

    private static Path guide() {
        Path at = Path.of("").toAbsolutePath();
        while (!Files.exists(at.resolve("docs/drivers.md"))) {
            at = at.getParent();
        }
        return at.resolve("docs/drivers.md");
    }

    private static String code(String language) throws IOException {
        Matcher matcher =
                Pattern.compile("(?s)```" + language + "\\n(.*?ByteCounter.*?)```")
                        .matcher(
                                Files.readString(guide())
                                        .substring(
                                                Files.readString(guide())
                                                        .indexOf("## A driver from nothing")));
        assertThat(matcher.find()).isTrue();
        return matcher.group(1);
    }

    @BeforeEach
    void compile() throws IOException {
        Path source = Files.writeString(directory.resolve("ByteCounter.java"), code("java"));
        int result =
                ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-cp",
                                CLASS_PATH,
                                "-proc:none",
                                "-d",
                                directory.toString(),
                                source.toString());
        assertThat(result).isZero();
    }

    /** The command of the guide, its class path that of the test. */
    private int run(Path output, String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-cp",
                                CLASS_PATH + File.pathSeparator + directory,
                                Main.class.getName()));
        command.addAll(List.of(arguments));
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .redirectInput(new File("/dev/null"))
                        .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void itIsAboutSixtyLines() throws IOException {
        assertThat(
                        code("java")
                                .lines()
                                .filter(each -> !each.isBlank() && !each.startsWith("import")))
                .hasSizeLessThan(MOST_LINES);
    }

    @Test
    void itCountsTheBytesOfTheDemoAndVerifiersFindNothing() throws Exception {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
        String command =
                code("sh")
                        .lines()
                        .filter(each -> each.contains("flue demo"))
                        .findFirst()
                        .orElseThrow();
        String[] words = (command.substring(command.indexOf("demo")) + " --size 1MiB").split(" ");
        Path output = directory.resolve("output");
        assertThat(run(output, words)).as(() -> read(output)).isZero();
        assertThat(read(output))
                .contains("all bytes equal")
                .doesNotContain("breach")
                .containsPattern("(?m)^\\d+ -> \\d+: sent \\d+, received \\d+$");
    }

    @Test
    void aWrongSettingOfItEndsTheCommandWithTwoAndOneSentence() throws Exception {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
        for (String wrong : new String[] {"least=x", "most=1"}) {
            Path output = directory.resolve("output");
            assertThat(run(output, "demo", "--drivers", "com.example.ByteCounter:" + wrong))
                    .isEqualTo(2);
            assertThat(read(output))
                    .startsWith("flue: --drivers: driver com.example.ByteCounter")
                    .hasLineCount(1);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
