// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.output;

import java.util.Locale;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What the stack logs, a warning at most, is for people as well: one line each, in the form of the
 * command's own, "flue: warning: ...".
 */
public final class LogLine extends Formatter {
    /** For every log of this process that goes to its standard error stream. */
    public static void install() {
        for (Handler handler : Logger.getLogger("").getHandlers()) {
            handler.setFormatter(new LogLine());
        }
    }

    @Override
    public String format(LogRecord line) {
        StringBuilder text = new StringBuilder("flue: ");
        text.append(line.getLevel().getName().toLowerCase(Locale.ROOT)).append(": ");
        text.append(formatMessage(line).replaceAll("\\R", " "));
        Throwable cause = line.getThrown();
        if (cause != null) {
            text.append(": ").append(cause.toString().replaceAll("\\R", " "));
            StackTraceElement[] trace = cause.getStackTrace();
            if (trace.length > 0) {
                text.append(" at ").append(trace[0]);
            }
        }
        return text.append(System.lineSeparator()).toString();
    }
}
