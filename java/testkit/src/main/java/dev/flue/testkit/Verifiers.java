// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.im.Breach;
import dev.flue.im.VerifierDriver;
import java.util.List;

/** What tests do with the verifiers that stand between their layers. */
public final class Verifiers {
    private Verifiers() {}

    /**
     * Nobody broke a rule.
     *
     * @throws AssertionError with each breach, its object and the object's history
     */
    public static void assertNoBreach(List<VerifierDriver> verifiers) {
        StringBuilder text = new StringBuilder();
        for (VerifierDriver verifier : verifiers) {
            for (Breach breach : verifier.breaches()) {
                text.append(System.lineSeparator()).append(breach);
            }
        }
        if (text.length() > 0) {
            throw new AssertionError("rules of the chimney broken:" + text);
        }
    }

    /**
     * Nobody broke a rule, and nobody has anything of somebody else any more.
     *
     * @throws AssertionError with what is broken or left
     */
    public static void assertClean(List<VerifierDriver> verifiers) {
        assertNoBreach(verifiers);
        for (VerifierDriver verifier : verifiers) {
            List<String> left = verifier.unfinished();
            if (!left.isEmpty()) {
                throw new AssertionError(
                        verifier.name() + " saw unfinished: " + String.join("; ", left));
            }
        }
    }
}
