// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.List;

/**
 * A rule that somebody broke, as a {@link VerifierDriver} saw it.
 *
 * @param rule id in the chimney's list of rules, "T-83"; or a section of it, "4.8"
 * @param sentence what happened, for people
 * @param driver name of the verifier that saw it
 * @param object layer, number, handle and token of the object concerned; "" when there is none
 * @param history its last operations, oldest first
 */
public record Breach(
        String rule, String sentence, String driver, String object, List<String> history) {

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(256);
        text.append(rule).append(" at ").append(driver).append(": ").append(sentence);
        if (!object.isEmpty()) {
            text.append("; ").append(object);
        }
        for (String line : history) {
            text.append(System.lineSeparator()).append("    ").append(line);
        }
        return text.toString();
    }
}
