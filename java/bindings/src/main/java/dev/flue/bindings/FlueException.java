// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/**
 * Something outside this program is missing, taken or not allowed. The message is one sentence for
 * people: what failed, why, and what to do about it. Thrown by what opens things, never by what
 * carries data.
 */
public final class FlueException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int errno;

    /** {@code errno}: the system's error number, 0 when there is none. */
    FlueException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /** The system's error number (positive), or 0 when it was not the system that refused. */
    public int errno() {
        return errno;
    }
}
