// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.bindings.EngineIdle;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

class PollingOptionsTest {
    @Command
    private static final class Some implements Runnable {
        @Mixin private PollingOptions options;

        @Override
        public void run() {}
    }

    private static PollingOptions parsed(String... words) {
        Some some = new Some();
        new CommandLine(some).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(words);
        return some.options;
    }

    @Test
    void withoutOptionsTheDutyCyclePolls() {
        assertThat(parsed().polling(false)).isEqualTo(new Polling(false));
        assertThat(parsed().polling(true)).isEqualTo(new Polling(true));
    }

    @Test
    void whatOnlyAThreadOfItsOwnCanDoBringsOne() {
        assertThat(parsed("--cpu", "0,2").polling(false))
                .isEqualTo(
                        new Polling(true, EngineIdle.BACKOFF, List.of(0, 2), Polling.RING_ENTRIES));
        assertThat(parsed("--idle", "interrupt").polling(false).ownThread()).isTrue();
        assertThat(parsed("--idle", "yield").polling(false).ownThread()).isFalse();
    }

    @Test
    void aPresetGivesWayToWhatIsNamed() {
        Polling latency = parsed("--preset", "latency").polling(false);
        Polling throughput = parsed("--preset", "throughput").polling(false);
        assertThat(latency.idle()).isEqualTo(EngineIdle.SPIN);
        assertThat(throughput.idle()).isEqualTo(EngineIdle.BACKOFF);
        assertThat(latency.ownThread() && throughput.ownThread()).isTrue();
        assertThat(latency.ringEntries()).isLessThan(throughput.ringEntries());
        assertThat(parsed("--preset", "latency", "--idle", "yield").polling(false).idle())
                .isEqualTo(EngineIdle.YIELD);
    }

    @Test
    void aProcessorThatCannotBeIsRefused() {
        assertThatThrownBy(() -> parsed("--cpu", "-1").check())
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining("--cpu");
        parsed("--cpu", "1").check();
    }
}
