// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/**
 * Keepalive of one connection (RFC 9293, 3.8.4): when the peer was last heard of, and what was
 * asked since. The timer looks at {@link #heardAt} when it fires, so a segment costs one store.
 */
final class KeepAlive {
    /** When the next look is due; Long.MAX_VALUE = it does not run. */
    long dueAt = Long.MAX_VALUE;

    /** {@link #dueAt} when the connection was handed over. */
    long frozenAt = Long.MAX_VALUE;

    /** When the last acceptable segment came. */
    long heardAt;

    /** Probes since then. */
    int probes;

    /** A segment of the peer was accepted. */
    void heard(long now) {
        heardAt = now;
        probes = 0;
    }

    void stop() {
        dueAt = Long.MAX_VALUE;
    }

    /** When it really probes next, or Long.MAX_VALUE; {@code idle}: what the options say. */
    long at(long idle) {
        return dueAt == Long.MAX_VALUE || probes > 0 ? dueAt : heardAt + idle;
    }

    /** The connection is handed over, and its timer with it. */
    void freeze() {
        frozenAt = dueAt;
        stop();
    }

    /** It comes back, with the timer that runs until {@code at}. */
    void resume(long at, int probesSent, long idle) {
        probes = probesSent;
        heardAt = probesSent == 0 ? at - idle : heardAt;
    }
}
