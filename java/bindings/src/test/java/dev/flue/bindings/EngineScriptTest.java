// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.testkit.script.ScriptCase;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the engine puts on the wire of either IP, segment by segment, as the scripts want it. */
@RequiresFlue
class EngineScriptTest {
    static List<ScriptCase> cases() {
        return ScriptCase.all("engine");
    }

    @ParameterizedTest(name = "{0}, engine")
    @MethodSource("cases")
    void theEngineBehavesAsTheScriptSays(ScriptCase each) {
        each.run(EngineSubjects::engine);
    }
}
