// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The wire scripts against the Java host stack, over both versions of IP, wherever they start. */
class JavaStackScriptsTest {
    static List<ScriptCase> cases() {
        return ScriptCase.all("stack");
    }

    @ParameterizedTest(name = "{0}, Java stack")
    @MethodSource("cases")
    void theStackBehavesAsTheScriptSays(ScriptCase each) {
        each.run(JavaStackSubject::new);
    }

    @ParameterizedTest
    @EnumSource(IpVersion.class)
    void theStackStartsWhereItIsAskedTo(IpVersion version) {
        for (int[] start : WireScriptRunner.STARTS) {
            try (JavaStackSubject subject = new JavaStackSubject(version)) {
                subject.establish(ScriptConnection.plain(start[0], start[1]));
                assertThat(subject.iss()).isEqualTo(start[0]);
                assertThat(subject.irs()).isEqualTo(start[1]);
            }
        }
    }

    @Test
    void thereAreCasesOfEachStartAndVersion() {
        assertThat(cases()).hasSize(6 * WireScript.of("stack").size());
    }
}
