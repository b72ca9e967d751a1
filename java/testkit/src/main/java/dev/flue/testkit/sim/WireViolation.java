// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

/** A frame that no TCP may send; the message says what is wrong with which. */
public final class WireViolation extends AssertionError {
    private static final long serialVersionUID = 1L;

    WireViolation(String message) {
        super(message);
    }
}
