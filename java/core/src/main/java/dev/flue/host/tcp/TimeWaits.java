// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.TcpState;
import java.util.LinkedHashSet;
import java.util.Set;

/** Connections in TIME_WAIT, oldest first; bounded, the oldest gives way. */
final class TimeWaits {
    private final TcpLayer layer;
    private final int limit;
    private final TcpCounters counters;
    private final Set<TcpConnection> entries = new LinkedHashSet<>();

    TimeWaits(TcpLayer layer, int limit, TcpCounters counters) {
        this.layer = layer;
        this.limit = limit;
        this.counters = counters;
    }

    int size() {
        return entries.size();
    }

    /** The connection is closed both ways and stays for 2 MSL (RFC 9293, MUST-13). */
    void enter(TcpConnection connection, long now) {
        if (entries.size() >= limit) {
            counters.timeWaitEvictions++;
            entries.iterator().next().finish("");
        }
        connection.state = TcpState.TIME_WAIT;
        entries.add(connection);
        restart(connection, now);
        connection.ending.tellClosed("");
    }

    void restart(TcpConnection connection, long now) {
        long until = now + 2 * layer.settings().mslNanos();
        layer.timers().start(connection, TimerKind.TIME_WAIT, until);
    }

    void remove(TcpConnection connection) {
        entries.remove(connection);
    }
}
