// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.TcpState;

/** The ACK field of segments on a synchronized connection (RFC 9293, 3.10.7.4, fifth step). */
final class AckProcessor {
    private static final long NANOS_PER_MICRO = 1_000;
    private static final int MICROS_PER_MILLI = 1_000;
    private static final long CHALLENGE_INTERVAL_NANOS = 100_000_000L;

    /** Challenge ACKs of all connections together, a second. */
    private static final int CHALLENGES_PER_SECOND = 1000;

    private static final long SECOND_NANOS = 1_000_000_000L;

    private final TcpLayer layer;
    private final TcpOutput output;
    private final TcpTimers timers;
    private final TcpCounters counters;
    private long challengeSecond = Long.MIN_VALUE;
    private int challengesThisSecond;

    AckProcessor(TcpLayer layer, TcpOutput output, TcpTimers timers, TcpCounters counters) {
        this.layer = layer;
        this.output = output;
        this.timers = timers;
        this.counters = counters;
    }

    /**
     * Take the acknowledgment and the window.
     *
     * @param payload bytes the segment had before it was trimmed
     * @return false when the segment must not be looked at any further
     */
    boolean process(TcpConnection c, Segment s, int payload, long now) {
        SendVariables snd = c.snd;
        boolean ofOld = Seq.lt(s.ack, snd.una - Math.max(snd.maxWnd, 0xffff));
        if (ofOld || Seq.gt(s.ack, snd.max)) {
            // One that waited while the connection was elsewhere was true when it came.
            if (!ofOld || !layer.replaying()) {
                challenge(c, now);
            }
            return false;
        }
        c.unansweredProbes = 0;
        int oldWindow = snd.wnd;
        boolean updated = updateWindow(c, s);
        if (Seq.gt(s.ack, snd.una)) {
            if (!updated) {
                // The window counts from SND.UNA, and its right edge stays where it is.
                snd.wnd = Math.max(0, snd.wnd - Seq.distance(snd.una, s.ack));
            }
            acknowledged(c, s, now);
        } else if (c.rcv.sack) {
            if (s.sackBlocks > 0 || c.recovery.probing) {
                layer.recovery().acknowledged(c, s, 0, now);
                layer.recovery().scheduleProbe(c, now);
            }
        } else if (s.ack == snd.una
                && payload == 0
                && !s.fin()
                && snd.una != snd.max
                && !snd.probed
                && snd.wnd == oldWindow) {
            duplicate(c, now);
        }
        if (c.ecn.due(s)) {
            marked(c);
        }
        if (updated && c.timerKind == TimerKind.PERSIST && snd.wnd != oldWindow) {
            timers.stop(c);
            c.probeCount = 0;
        }
        layer.markDirty(c);
        return c.state != TcpState.CLOSED;
    }

    /** The network marked what it would have dropped: one cut a window (RFC 3168, 6.1.2). */
    private static void marked(TcpConnection c) {
        if (!c.congestion.recovering) {
            c.congestion.cut(Seq.distance(c.snd.una, c.snd.nxt), c.snd.mss);
        }
        c.ecn.cut(c.snd.nxt);
    }

    private static boolean updateWindow(TcpConnection c, Segment s) {
        SendVariables snd = c.snd;
        // What moves SND.UNA brings its window, even when it is data sent again: the old window,
        // counted from there, would reach beyond what was promised.
        boolean moves = Seq.gt(s.ack, snd.una);
        boolean same = snd.wl1 == s.seq && Seq.leq(snd.wl2, s.ack);
        boolean newer = moves || same || Seq.lt(snd.wl1, s.seq);
        if (!newer || Seq.lt(s.ack, snd.una)) {
            return false;
        }
        snd.wnd = s.window << snd.shift;
        snd.maxWnd = Math.max(snd.maxWnd, snd.wnd);
        snd.wl1 = s.seq;
        snd.wl2 = s.ack;
        return true;
    }

    private void acknowledged(TcpConnection c, Segment s, long now) {
        SendVariables snd = c.snd;
        int bytes = Seq.distance(snd.una, s.ack);
        layer.ip().confirm(c.hop());
        if (c.sentByTarget) {
            c.sentByTarget = false;
            c.rtt.reset();
        }
        if (!c.rcv.sack) {
            measure(c, s, now);
        }
        c.retransmitCount = 0;
        snd.probed = false;
        int data = Math.min(bytes, c.sendQueue.bytes());
        c.sendQueue.acknowledge(data);
        c.bytesOut += data;
        snd.una = s.ack;
        snd.nxt = Seq.max(snd.nxt, snd.una);
        boolean restart = congestion(c, s, bytes, now);
        if (snd.una == snd.max) {
            timers.stop(c);
        } else if (restart) {
            timers.startRetransmit(c, now);
        }
        if (c.rcv.sack) {
            layer.recovery().scheduleProbe(c, now);
        }
        c.roomGrew();
        if (snd.finSent && !snd.finAcked && snd.una == snd.max) {
            snd.finAcked = true;
            finAcknowledged(c, now);
        }
    }

    /**
     * Without SACK: NewReno.
     *
     * @return whether the timer starts anew; in a recovery only with the first partial ACK does it
     *     (RFC 6582)
     */
    private boolean congestion(TcpConnection c, Segment s, int bytes, long now) {
        if (c.rcv.sack) {
            layer.recovery().acknowledged(c, s, bytes, now);
            return true;
        }
        Congestion cc = c.congestion;
        int mss = c.snd.mss;
        cc.timedOut &= Seq.lt(c.snd.una, cc.recover);
        if (!cc.recovering) {
            cc.duplicates = 0;
            cc.acknowledged(bytes, mss, now, c.rtt.srttUs * NANOS_PER_MICRO);
            return true;
        }
        int flight = Seq.distance(c.snd.una, c.snd.max);
        if (Seq.geq(c.snd.una, cc.recover)) {
            cc.leaveRecovery(flight, mss);
            return true;
        }
        boolean first = !cc.partialSeen;
        cc.partialSeen = true;
        cc.partial(bytes, mss);
        output.retransmitFirst(c, now);
        return first;
    }

    /** One round trip: the segment being timed, or what the timestamps tell (RFC 7323, 4). */
    private static void measure(TcpConnection c, Segment s, long now) {
        if (c.timing) {
            if (Seq.geq(s.ack, c.timedEnd)) {
                c.timing = false;
                long micros = (now - c.timedAt) / NANOS_PER_MICRO;
                c.rtt.sample((int) Math.min(micros, RttEstimator.MAX_RTO_US));
            }
        } else if (c.rcv.timestamps && s.timestamps && s.tsEcr != 0) {
            int millis = SegmentWriter.timestamp(c, now) - s.tsEcr;
            if (millis >= 0 && millis < RttEstimator.MAX_RTO_US / MICROS_PER_MILLI) {
                c.rtt.sample(millis * MICROS_PER_MILLI);
            }
        }
    }

    private void duplicate(TcpConnection c, long now) {
        Congestion cc = c.congestion;
        counters.duplicateAcksIn++;
        cc.duplicates++;
        if (cc.recovering) {
            cc.inflate(c.snd.mss);
        } else if (cc.duplicates == Congestion.DUPLICATES && Seq.geq(c.snd.una, cc.recover)) {
            counters.fastRetransmits++;
            int flight = Seq.distance(c.snd.una, c.snd.max);
            cc.enterRecovery(flight, c.snd.max, c.snd.mss);
            c.ecn.cut(c.snd.nxt);
            output.retransmitFirst(c, now);
            timers.startRetransmit(c, now);
        }
    }

    private void finAcknowledged(TcpConnection c, long now) {
        if (c.resetIfDataLost()) {
            return;
        }
        switch (c.state) {
            case FIN_WAIT1 -> {
                c.state = TcpState.FIN_WAIT2;
                if (c.discards()) {
                    timers.startFinWait2(c);
                }
            }
            case CLOSING -> layer.timeWaits().enter(c, now);
            case LAST_ACK -> c.finish("");
            default -> {}
        }
    }

    /** Ask the peer whether it meant that (RFC 5961), not too often. */
    void challenge(TcpConnection c, long now) {
        if (now - challengeSecond >= SECOND_NANOS || challengeSecond == Long.MIN_VALUE) {
            challengeSecond = now;
            challengesThisSecond = 0;
        }
        boolean tooSoon =
                c.challengedAt != Long.MIN_VALUE && now - c.challengedAt < CHALLENGE_INTERVAL_NANOS;
        if (tooSoon || challengesThisSecond >= CHALLENGES_PER_SECOND) {
            return;
        }
        challengesThisSecond++;
        c.challengedAt = now;
        counters.challengeAcks++;
        c.ackPending = true;
        layer.markDirty(c);
    }
}
