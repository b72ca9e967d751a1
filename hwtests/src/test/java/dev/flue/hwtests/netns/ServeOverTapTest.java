// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Over a TAP interface. */
@RequiresRoot
class ServeOverTapTest extends ServeScenarios {
    @BeforeAll
    static void needsTun() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
    }

    @Override
    List<String> portOptions() {
        return List.of("--tap", "flue0");
    }

    @Test
    void aFullTargetLeavesConnectionsOnTheHostStackWithOneWarning() throws Exception {
        List<Process> clients = new ArrayList<>();
        try (FlueServer server = serve("--max-connections", "2")) {
            for (int i = 0; i < 8; i++) {
                Path received = temp.resolve("received" + i);
                clients.add(
                        Commands.start(
                                curl("middle.bin", received, "--limit-rate", "16M"),
                                temp.resolve("curl" + i)));
            }
            for (int i = 0; i < 8; i++) {
                assertThat(clients.get(i).waitFor(100, TimeUnit.SECONDS)).isTrue();
                assertEqualFiles(temp.resolve("received" + i), "middle.bin");
            }
            server.awaitHoldsNothing();
            assertThat(server.printed().split("flue: warning: ")).as(server.printed()).hasSize(2);
            assertThat(server.printed()).hasLineCount(2);
        } finally {
            clients.forEach(Process::destroyForcibly);
        }
    }

    @Test
    void aPortThatIsInUseIsOneSentenceAndExitCodeOne() throws Exception {
        try (FlueServer server = serve()) {
            List<String> second =
                    new ArrayList<>(namespace.inside(FlueServer.launcher().toString(), "serve"));
            second.add(directory.toString());
            second.addAll(portOptions());
            second.addAll(List.of("--address", withPrefix(address.replaceFirst("2$", "3"))));
            Path output = temp.resolve("second.out");
            Process process = Commands.start(second, output);
            try {
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            } finally {
                process.destroyForcibly();
            }
            assertThat(process.exitValue()).isEqualTo(1);
            assertThat(output).content().startsWith("flue: ").hasLineCount(1);
            assertThat(server.printed()).hasLineCount(1);
        }
    }
}
