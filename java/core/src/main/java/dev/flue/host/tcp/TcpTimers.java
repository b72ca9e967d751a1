// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionOptions;
import dev.flue.data.ConnectionProblem;
import dev.flue.offload.TcpState;

/**
 * What happens when a connection's timer fires. One timer a connection: its uses exclude another.
 */
final class TcpTimers {
    /** Retransmissions of one segment before something is done about it (R1, SHLD-10). */
    static final int DOUBTED_RETRANSMITS = 3;

    /** Retransmissions of one segment before the connection is given up (R2). */
    static final int MAX_RETRANSMITS = 15;

    /** However fast they follow each other, it is not given up before (SHLD-11). */
    static final long LEAST_R2_NANOS = 100_000_000_000L;

    /** Of a SYN: with the back-off this is three minutes (MUST-23). */
    static final int MAX_SYN_RETRANSMITS = 7;

    /** Of a SYN,ACK: a peer that is there answers sooner. */
    static final int MAX_SYN_ACK_RETRANSMITS = 5;

    static final long FIN_WAIT2_NANOS = 120_000_000_000L;

    private static final int MAX_PROBE_SHIFT = 16;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final TcpLayer layer;
    private final TcpOutput output;
    private final TcpCounters counters;

    TcpTimers(TcpLayer layer, TcpOutput output, TcpCounters counters) {
        this.layer = layer;
        this.output = output;
        this.counters = counters;
    }

    void start(TcpConnection c, TimerKind kind, long at) {
        c.timerKind = kind;
        c.timerAt = at;
        layer.heap().update(c);
    }

    void stop(TcpConnection c) {
        c.timerKind = TimerKind.NONE;
        c.timerAt = Long.MAX_VALUE;
    }

    /** Keepalive from the beginning, or not at all, as the options say. */
    void restartKeepAlive(TcpConnection c, long now) {
        c.keepAlive.heard(now);
        startKeepAlive(c, now + c.options.keepAliveIdleMillis() * NANOS_PER_MILLI);
    }

    /** Keepalive looks at this time, if it is on and the connection can be kept. */
    void startKeepAlive(TcpConnection c, long at) {
        boolean runs =
                c.options.keepAlive()
                        && c.onHost()
                        && c.state.code() >= TcpState.ESTABLISHED.code()
                        && c.state != TcpState.TIME_WAIT;
        c.keepAlive.dueAt = runs ? at : Long.MAX_VALUE;
        layer.heap().update(c);
    }

    /** The peer was silent: probe, wait on, or give up. Data in flight has its own timer. */
    private void keepAlive(TcpConnection c, long now) {
        long idle = c.options.keepAliveIdleMillis() * NANOS_PER_MILLI;
        c.keepAlive.stop();
        boolean waits = c.timerKind == TimerKind.RETRANSMIT || c.timerKind == TimerKind.PERSIST;
        if (waits || c.keepAlive.probes == 0 && now - c.keepAlive.heardAt < idle) {
            startKeepAlive(c, Math.max(now + 1, (waits ? now : c.keepAlive.heardAt) + idle));
            return;
        }
        if (c.keepAlive.probes >= c.options.keepAliveCount()) {
            giveUp(c);
            return;
        }
        c.keepAlive.probes++;
        counters.keepAliveProbes++;
        output.keepAliveProbe(c, now);
        startKeepAlive(c, now + c.options.keepAliveIntervalMillis() * NANOS_PER_MILLI);
    }

    void startRetransmit(TcpConnection c, long now) {
        start(c, TimerKind.RETRANSMIT, now + c.rtt.rtoNanos());
    }

    /** The next zero-window probe: the timeout, doubled with every probe. */
    void startPersist(TcpConnection c, long now) {
        start(c, TimerKind.PERSIST, now + probeNanos(c, c.probeCount));
    }

    static long probeNanos(TcpConnection c, int doublings) {
        long wait = c.rtt.rtoNanos() << Math.min(doublings, MAX_PROBE_SHIFT);
        return Math.min(wait, RttEstimator.MAX_RTO_US * 1_000L);
    }

    /** The application closed it: the peer's FIN is not waited for for ever. */
    void startFinWait2(TcpConnection c) {
        long wait = c.finWait2Expired ? 0 : FIN_WAIT2_NANOS;
        start(c, TimerKind.FIN_WAIT2, layer.now() + wait);
    }

    /** What is due: the timer, keepalive, or both. */
    void fire(TcpConnection c, long now) {
        if (c.keepAlive.dueAt <= now) {
            keepAlive(c, now);
        }
        if (c.rcv.delay.dueAt <= now) {
            c.rcv.delay.stop();
            c.ackPending = c.onHost();
            layer.markDirty(c);
        }
        if (c.recovery.timerAt <= now) {
            layer.recovery().timer(c, now);
        }
        if (c.timerAt <= now) {
            fireTimer(c, now);
        }
        // It was taken out of the heap: what else it waits for brings it back.
        layer.heap().update(c);
    }

    private void fireTimer(TcpConnection c, long now) {
        TimerKind kind = c.timerKind;
        stop(c);
        if (!c.onHost()) {
            if (kind == TimerKind.FIN_WAIT2) {
                // Closed by the application, and the peer's FIN never came to the target.
                c.finWait2Expired = true;
                c.upload();
            }
            return;
        }
        switch (kind) {
            case RETRANSMIT -> retransmit(c, now);
            case PERSIST -> probe(c, now);
            case FIN_WAIT2, TIME_WAIT -> c.finish("");
            case NONE -> {}
        }
    }

    private void retransmit(TcpConnection c, long now) {
        counters.timeouts++;
        int limit = MAX_RETRANSMITS;
        if (c.activeOpen && !c.wasEstablished()) {
            limit = MAX_SYN_RETRANSMITS;
        } else if (c.state == TcpState.SYN_RCVD && !c.activeOpen) {
            limit = MAX_SYN_ACK_RETRANSMITS;
        }
        if (timedOut(c, limit, now)) {
            giveUp(c);
            return;
        }
        if (c.retransmitCount == 0) {
            c.retransmittingSince = now;
        }
        c.retransmitCount++;
        c.timing = false;
        if (c.retransmitCount == DOUBTED_RETRANSMITS) {
            doubt(c);
        }
        if (c.state == TcpState.SYN_SENT || c.state == TcpState.SYN_RCVD) {
            c.rtt.backOff();
            output.syn(c, now);
            startRetransmit(c, now);
        } else if (c.snd.wnd == 0) {
            // The window closed over what is in flight: probe, do not give up (MUST-37).
            c.retransmitCount = 0;
            c.snd.nxt = c.snd.una;
            c.recovery.forget(c.snd.una);
            probe(c, now);
        } else {
            c.rtt.backOff();
            if (c.rcv.sack) {
                layer.recovery().timeout(c, now);
                startRetransmit(c, now);
                return;
            }
            int flight = Seq.distance(c.snd.una, c.snd.max);
            c.congestion.timeout(flight, c.snd.max, c.snd.mss, c.retransmitCount == 1);
            c.ecn.cut(c.snd.nxt);
            c.snd.nxt = c.snd.una;
            output.retransmitFirst(c, now);
            c.snd.nxt = c.snd.una + output.lastLength();
            startRetransmit(c, now);
        }
    }

    /** R1 is reached: IP has to look at the way, and the application to know (MUST-20, SHLD-9). */
    void doubt(TcpConnection c) {
        layer.ip().doubt(c.hop());
        c.problem(ConnectionProblem.NO_ACKNOWLEDGMENT);
    }

    /** By time when the application set one (MaxRT), else by count. */
    private static boolean timedOut(TcpConnection c, int limit, long now) {
        int millis = c.options.userTimeoutMillis();
        long spent = c.retransmitCount == 0 ? 0 : now - c.retransmittingSince;
        if (!c.wasEstablished()) {
            return c.retransmitCount >= limit;
        }
        if (millis == 0) {
            return c.retransmitCount >= limit && spent >= LEAST_R2_NANOS;
        }
        boolean limited = millis != ConnectionOptions.UNLIMITED;
        return limited && spent >= millis * NANOS_PER_MILLI;
    }

    private void giveUp(TcpConnection c) {
        if (c.wasEstablished()) {
            counters.timedOut++;
        } else {
            counters.failedOpens++;
        }
        c.finish("timed out");
    }

    private void probe(TcpConnection c, long now) {
        if (c.snd.wnd > 0) {
            // A small window, and sender SWS avoidance waited long enough.
            output.forceSmall(c, now);
            return;
        }
        if (c.unansweredProbes++ >= MAX_RETRANSMITS) {
            giveUp(c);
            return;
        }
        counters.windowProbes++;
        output.windowProbe(c, now);
        c.probeCount = Math.min(c.probeCount + 1, 0xff);
        startPersist(c, now);
    }
}
