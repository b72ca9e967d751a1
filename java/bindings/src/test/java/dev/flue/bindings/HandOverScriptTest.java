// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.testkit.Rule;
import dev.flue.testkit.script.IpVersion;
import dev.flue.testkit.script.MovedRuns;
import dev.flue.testkit.script.MovedRuns.Route;
import dev.flue.testkit.script.WireScript;
import dev.flue.testkit.script.WireScriptRunner;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every wire script, with its connection moved after each of its events: between the Java stack and
 * an engine in either direction, there and back, and from engine to engine through the stack. The
 * peer, which the script plays, must not be able to tell; {@link MovedRuns} says what little may
 * differ. Sequence numbers wrap in the middle; scripts take turns in IPv4 and IPv6.
 */
@RequiresFlue
class HandOverScriptTest {
    /** Of {@link WireScriptRunner#STARTS}: the one that wraps. */
    private static final int[] START = WireScriptRunner.STARTS.get(2);

    private static int allRuns;
    private static int allMoved;

    static List<Arguments> cases() {
        List<Arguments> out = new ArrayList<>();
        int number = 0;
        for (String name : WireScript.names()) {
            IpVersion version = IpVersion.values()[number++ % 2];
            WireScript script = WireScript.load(name);
            boolean moves = script.unmoved().isEmpty() && !script.only().equals("engine");
            for (Route route : Route.values()) {
                if (moves) {
                    out.add(Arguments.of(script.name(), version, route));
                }
            }
        }
        return out;
    }

    @Rule({"H-7", "T-67", "T-79"})
    @ParameterizedTest(name = "{0}, wraps, {1}, {2} after each event")
    @MethodSource("cases")
    void thePeerCannotTellAMoveFromNone(String name, IpVersion version, Route route) {
        MovedRuns runs =
                new MovedRuns(
                        WireScript.load(name),
                        START,
                        offloaded -> EngineSubjects.hosted(version, offloaded));
        runs.along(route);
        assertThat(runs.runs()).isPositive();
        allRuns += runs.runs();
        allMoved += runs.moved();
    }

    /** A connection that is over cannot move, nor one whose urgent data is the stack's. */
    @AfterAll
    static void nearlyAllMovesCameThrough() {
        assertThat(allMoved).isGreaterThanOrEqualTo(allRuns / 100 * 95);
    }
}
