// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.host.Lab;
import dev.flue.host.Recorder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The example in the package's documentation works, and is the one that is tested here. */
class ExampleTest {
    private static final Path SOURCES = Path.of("src");

    @Test
    void theExampleEchoesEveryByteAndTheEnd() {
        byte[] bytes = Recorder.bytes(1, 1_000_000);
        try (Lab lab = new Lab(1, config -> config.sendBuffer(20_000).receiveBuffer(30_000))) {
            lab.server.listen(Lab.PORT, 8, Echo::new);
            Recorder client = new Recorder().sending(bytes, true);
            lab.connect(client);
            lab.until(() -> client.closed != null);
            assertThat(client.closed).isEmpty();
            assertThat(client.received.toByteArray()).isEqualTo(bytes);
            lab.pass(Lab.seconds(120));
        }
    }

    @Test
    void theDocumentedExampleIsTheTestedOne() throws IOException {
        String documented =
                Files.readString(SOURCES.resolve("main/java/dev/flue/data/package-info.java"));
        String example =
                documented
                        .lines()
                        .dropWhile(line -> !line.contains("final class Echo"))
                        .takeWhile(line -> !line.contains("}</pre>"))
                        .map(line -> line.replaceFirst("^ \\* ?", ""))
                        .collect(Collectors.joining("\n"));
        String tested = Files.readString(SOURCES.resolve("test/java/dev/flue/data/Echo.java"));
        assertThat(tested.strip()).endsWith(example.strip());
    }
}
