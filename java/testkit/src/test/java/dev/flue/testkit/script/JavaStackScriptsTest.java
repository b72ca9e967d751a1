// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The wire scripts against the Java host stack, over both versions of IP. */
@ParameterizedClass
@EnumSource(IpVersion.class)
class JavaStackScriptsTest {
    @Parameter IpVersion version;

    static List<String> scripts() {
        return WireScript.names("fast-retransmit");
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void theStackBehavesAsTheScriptSays(String script) {
        WireScriptRunner.runAll(WireScript.load(script), () -> new JavaStackSubject(version));
    }

    @Test
    void theStackStartsWhereItIsAskedTo() {
        for (int[] start : WireScriptRunner.STARTS) {
            try (JavaStackSubject subject = new JavaStackSubject(version)) {
                subject.establish(
                        new ScriptConnection(start[0], start[1], 65_535, 1460, -1, 0, false));
                assertThat(subject.iss()).isEqualTo(start[0]);
                assertThat(subject.irs()).isEqualTo(start[1]);
            }
        }
    }
}
