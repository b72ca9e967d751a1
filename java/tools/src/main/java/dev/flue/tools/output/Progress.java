// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.output;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A progress bar on standard error, drawn only when that is a terminal, at most ten times a second.
 * One thread.
 */
public final class Progress implements AutoCloseable {
    private static final int WIDTH = 30;
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintStream terminal;
    private final String label;
    private final long total;
    private long started = Long.MIN_VALUE;
    private long drawnAt;
    private boolean drawn;

    private Progress(PrintStream terminal, String label, long total) {
        this.terminal = terminal;
        this.label = label;
        this.total = total;
    }

    /**
     * @param total bytes in all; 0 = not known
     */
    public static Progress onStandardError(String label, long total) {
        return new Progress(isTerminal(2) ? System.err : null, label, total);
    }

    /** For tests: {@code terminal} null = draw nothing. */
    static Progress on(PrintStream terminal, String label, long total) {
        return new Progress(terminal, label, total);
    }

    /** {@code done} bytes at time {@code nowNanos}. */
    public void update(long done, long nowNanos) {
        if (terminal == null) {
            return;
        }
        if (started == Long.MIN_VALUE) {
            started = nowNanos;
            drawnAt = nowNanos - REDRAW_NANOS;
        }
        if (nowNanos - drawnAt < REDRAW_NANOS) {
            return;
        }
        drawnAt = nowNanos;
        drawn = true;
        terminal.print("\r" + line(done, nowNanos - started) + "\u001b[K");
        terminal.flush();
    }

    /** Wipes the bar, so that the next line starts clean. */
    @Override
    public void close() {
        if (drawn) {
            drawn = false;
            terminal.print("\r\u001b[K");
            terminal.flush();
        }
    }

    private String line(long done, long elapsed) {
        StringBuilder line = new StringBuilder(label).append(' ');
        if (total > 0) {
            int filled = (int) Math.min(WIDTH, done * WIDTH / total);
            line.append('[').append("#".repeat(filled)).append(" ".repeat(WIDTH - filled));
            line.append("] ").append(Math.min(100, done * 100 / total)).append("% ");
        }
        line.append(Sizes.format(done));
        if (elapsed > 0) {
            line.append(' ').append(Sizes.rate(done, elapsed));
        }
        return line.toString();
    }

    /** Whether a file descriptor of this process is a terminal. */
    static boolean isTerminal(int descriptor) {
        try {
            String target =
                    Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
