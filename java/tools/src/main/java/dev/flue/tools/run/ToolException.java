// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.run;

/** Something that was expected to fail sometimes: the message is the one sentence people read. */
public final class ToolException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ToolException(String message) {
        super(message);
    }

    public ToolException(String message, Throwable cause) {
        super(message, cause);
    }
}
