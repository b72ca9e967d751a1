// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.run.Turn;
import java.io.PrintWriter;

/** Says once that the target refused a connection, which then stays on the host stack. */
final class OverloadWarning implements Turn {
    private static final long CHECK_NANOS = 500_000_000;

    private final Assembly assembly;
    private final PrintWriter err;
    private long nextCheck = Long.MIN_VALUE;
    private boolean said;

    OverloadWarning(Assembly assembly, PrintWriter err) {
        this.assembly = assembly;
        this.err = err;
    }

    @Override
    public int doWork(long nowNanos) {
        if (said || nextCheck != Long.MIN_VALUE && nowNanos < nextCheck) {
            return 0;
        }
        nextCheck = nowNanos + CHECK_NANOS;
        long refused = assembly.refusedOffloads();
        if (refused == 0) {
            return 0;
        }
        said = true;
        err.println(
                "flue: warning: the offload target refused a connection; it stays on the host"
                        + " stack ('flue conns' tells why; --max-connections sets the limit)");
        err.flush();
        return 1;
    }
}
