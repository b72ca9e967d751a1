// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One run of a script: which, over which IP, from which initial sequence numbers. Its text is the
 * name of the test that runs it.
 *
 * @param start index into {@link WireScriptRunner#STARTS}
 */
public record ScriptCase(WireScript script, IpVersion version, int start) {
    private static final String[] STARTS = {"from 1000", "from 2^31", "wraps"};

    /** All of the scripts that are for a subject, "engine" or "stack". */
    public static List<ScriptCase> all(String subject) {
        List<ScriptCase> out = new ArrayList<>();
        for (WireScript script : WireScript.of(subject)) {
            for (IpVersion version : IpVersion.values()) {
                for (int start = 0; start < STARTS.length; start++) {
                    out.add(new ScriptCase(script, version, start));
                }
            }
        }
        return out;
    }

    /** Run it against a fresh subject. */
    public void run(Function<IpVersion, ? extends WireSubject> subjects) {
        try (WireSubject subject = subjects.apply(version)) {
            int[] at = WireScriptRunner.STARTS.get(start);
            WireScriptRunner.run(script, subject, at[0], at[1]);
        }
    }

    @Override
    public String toString() {
        return script.name() + ", " + STARTS[start] + ", " + version;
    }
}
