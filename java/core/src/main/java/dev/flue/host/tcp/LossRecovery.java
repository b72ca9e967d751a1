// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/**
 * What ACKs with SACK blocks, and the timers, say of losses: RACK and the probe of the tail (RFC
 * 8985), PRR (RFC 9937), and taking a cut back that was for nothing (RFC 4015, 3708).
 */
final class LossRecovery {
    private static final long NANOS_PER_MICRO = 1_000;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Least time to a probe. */
    private static final long LEAST_PROBE_NANOS = 10_000_000;

    /** How long a peer may keep an ACK of a single segment back. */
    private static final long PEER_DELAY_NANOS = 200_000_000;

    private static final long SECOND_NANOS = 1_000_000_000;

    private final TcpLayer layer;
    private final TcpOutput output;
    private final TcpTimers timers;
    private final TcpCounters counters;
    private final int[] order = new int[SackBlocks.MAX];

    LossRecovery(TcpLayer layer, TcpOutput output, TcpTimers timers, TcpCounters counters) {
        this.layer = layer;
        this.output = output;
        this.timers = timers;
        this.counters = counters;
    }

    private static long minRtt(TcpConnection c) {
        return c.rtt.minRttUs * NANOS_PER_MICRO;
    }

    private static long srtt(TcpConnection c) {
        return c.rtt.srttUs * NANOS_PER_MICRO;
    }

    // ---- ACKs.

    /**
     * An ACK whose number and window were taken.
     *
     * @param advanced bytes by which SND.UNA moved
     */
    void acknowledged(TcpConnection c, Segment s, int advanced, long now) {
        Congestion cc = c.congestion;
        Recovery r = c.recovery;
        Rack rack = r.rack;
        int flight = Seq.distance(c.snd.una, c.snd.nxt) + advanced;
        int underWay = Seq.distance(c.snd.una, c.snd.nxt) + advanced - r.board.sacked();
        rack.begin(now, minRtt(c), srtt(c));
        if (s.timestamps && s.tsEcr != 0) {
            int ago = SegmentWriter.timestamp(c, now) - s.tsEcr;
            rack.echo((now / NANOS_PER_MILLI - ago) * NANOS_PER_MILLI);
        }
        boolean twice = twice(s);
        int delivered = r.board.acknowledge(c.snd.una, rack);
        int news = blocks(c, s, twice);
        delivered += news;
        measure(c, s, advanced);
        if (twice) {
            rack.duplicate(c.snd.una, c.snd.nxt);
        }
        probed(c, s, advanced, twice, flight);
        undo(c, s, advanced, twice);
        if (advanced > 0) {
            cc.duplicates = 0;
        } else if (news > 0) {
            counters.duplicateAcksIn++;
            cc.duplicates = Math.min(cc.duplicates + 1, 0xff);
        }
        boolean over = cc.recovering && Seq.geq(c.snd.una, cc.recover);
        if (over) {
            leave(c);
        }
        boolean lost = detect(c, now);
        if (lost && !cc.recovering) {
            enter(c, flight, underWay, now);
        }
        if (cc.recovering && !cc.timedOut) {
            if (delivered > 0 || lost) {
                cc.prr(delivered, r.board.inFlight(), advanced > 0 && !lost, c.snd.mss);
            }
        } else if (advanced > 0 && delivered > 0 && !over) {
            cc.acknowledged(delivered, c.snd.mss, now, srtt(c));
        }
        scheduleProbe(c, now);
    }

    /** The first block tells of what came twice (RFC 2883, 4). */
    private static boolean twice(Segment s) {
        if (s.sackBlocks == 0) {
            return false;
        }
        int start = s.sackStarts[0];
        int end = s.sackEnds[0];
        boolean inside =
                s.sackBlocks > 1 && Seq.geq(start, s.sackStarts[1]) && Seq.leq(end, s.sackEnds[1]);
        return Seq.lt(start, end) && (Seq.leq(end, s.ack) || inside);
    }

    /** Take the blocks in order of their numbers; bytes they bring news of. */
    private int blocks(TcpConnection c, Segment s, boolean twice) {
        int count = 0;
        for (int i = twice ? 1 : 0; i < s.sackBlocks; i++) {
            boolean sound =
                    Seq.lt(s.sackStarts[i], s.sackEnds[i])
                            && Seq.gt(s.sackEnds[i], c.snd.una)
                            && Seq.leq(s.sackEnds[i], c.snd.nxt);
            if (sound) {
                int at = count++;
                while (at > 0 && Seq.lt(s.sackStarts[i], s.sackStarts[order[at - 1]])) {
                    order[at] = order[at - 1];
                    at--;
                }
                order[at] = i;
            }
        }
        int news = 0;
        for (int i = 0; i < count; i++) {
            int start = Seq.max(s.sackStarts[order[i]], c.snd.una);
            news += c.recovery.board.sack(start, s.sackEnds[order[i]], c.recovery.rack);
        }
        return news;
    }

    /** One round trip: of what was sent once (Karn), or what the timestamps tell. */
    private static void measure(TcpConnection c, Segment s, int advanced) {
        Recovery r = c.recovery;
        if (r.rack.sample >= 0) {
            c.rtt.sample((int) Math.min(r.rack.sample / 1_000, RttEstimator.MAX_RTO_US));
            r.measured = true;
        } else if (advanced > 0 && s.timestamps && s.tsEcr != 0) {
            int millis = SegmentWriter.timestamp(c, c.layer.now()) - s.tsEcr;
            if (millis >= 0 && millis < RttEstimator.MAX_RTO_US / 1_000) {
                c.rtt.sample(Math.max(1, millis) * 1_000);
                r.measured = true;
            }
        }
    }

    // ---- Losses.

    /** Mark what is lost by now, and look again when more may be; whether something is. */
    private boolean detect(TcpConnection c, long now) {
        Recovery r = c.recovery;
        Congestion cc = c.congestion;
        Scoreboard board = r.board;
        if (board.sacked() == 0 && !cc.recovering && !r.probing) {
            r.stopTimer();
            return false;
        }
        int before = board.lost();
        boolean many =
                cc.duplicates >= Rack.DUPLICATES
                        || board.islands() >= Rack.DUPLICATES
                        || board.sacked() >= Rack.DUPLICATES * c.snd.mss;
        long wait = r.rack.detect(board, cc.recovering, many, srtt(c), minRtt(c), now);
        r.stopTimer();
        if (wait > 0) {
            start(c, Recovery.Timer.REORDER, now + wait);
        }
        return board.lost() > before;
    }

    private void start(TcpConnection c, Recovery.Timer kind, long at) {
        c.recovery.timer = kind;
        c.recovery.timerAt = at;
        layer.heap().update(c);
    }

    private void enter(TcpConnection c, int flight, int underWay, long now) {
        counters.fastRetransmits++;
        c.recovery.remember(c.congestion, c.snd.una);
        c.recovery.probing = false;
        c.congestion.enterPrr(flight, underWay, c.snd.nxt, c.snd.mss);
        c.ecn.cut(c.snd.nxt);
        timers.startRetransmit(c, now);
    }

    private void leave(TcpConnection c) {
        c.congestion.leave();
        c.recovery.rack.recovered();
    }

    /**
     * The retransmission timer expired: what is lost by now is sent again, one segment at first.
     */
    void timeout(TcpConnection c, long now) {
        Recovery r = c.recovery;
        Scoreboard board = r.board;
        if (board.runs() > 0 && (board.flags(0) & Scoreboard.SACKED) != 0) {
            // What is next to be acknowledged it said it had (RFC 2018, 8).
            board.forgetSacks();
        }
        boolean first = c.retransmitCount == 1;
        if (first) {
            r.remember(c.congestion, c.snd.una);
        }
        r.stopTimer();
        r.probing = false;
        int flight = Seq.distance(c.snd.una, c.snd.nxt);
        c.congestion.timeout(flight, c.snd.nxt, c.snd.mss, first);
        c.congestion.recovering = true;
        c.ecn.cut(c.snd.nxt);
        r.rack.timeout(board, c.snd.mss, srtt(c), now);
        output.resendFirst(c, now);
    }

    /** The second timer expired. */
    void timer(TcpConnection c, long now) {
        Recovery.Timer kind = c.recovery.timer;
        c.recovery.stopTimer();
        if (kind == Recovery.Timer.REORDER) {
            reordered(c, now);
        } else if (kind == Recovery.Timer.PROBE) {
            probe(c, now);
        }
    }

    /** The connection comes back to this stack: look at once what is due. */
    void resume(TcpConnection c, long now) {
        if (!c.rcv.sack || c.snd.una == c.snd.nxt) {
            return;
        }
        if (c.recovery.board.sacked() > 0 || c.congestion.recovering) {
            start(c, Recovery.Timer.REORDER, now);
        } else {
            scheduleProbe(c, now);
        }
    }

    private void reordered(TcpConnection c, long now) {
        Congestion cc = c.congestion;
        int flight = Seq.distance(c.snd.una, c.snd.nxt);
        int underWay = flight - c.recovery.board.sacked();
        if (!detect(c, now)) {
            return;
        }
        if (!cc.recovering) {
            enter(c, flight, underWay, now);
        }
        if (!cc.timedOut) {
            cc.prr(0, c.recovery.board.inFlight(), false, c.snd.mss);
            cc.cwnd = Math.max(cc.cwnd, c.recovery.board.inFlight() + c.snd.mss);
        }
        layer.markDirty(c);
    }

    // ---- The probe of the tail (RFC 8985, 7).

    /** Data was sent, or acknowledged: if nothing more is heard, probe. */
    void scheduleProbe(TcpConnection c, long now) {
        Recovery r = c.recovery;
        if (r.timer == Recovery.Timer.REORDER) {
            return;
        }
        boolean due =
                c.rcv.sack
                        && !r.probing
                        && r.measured
                        && !c.congestion.recovering
                        && c.retransmitCount == 0
                        && c.timerKind == TimerKind.RETRANSMIT
                        && c.snd.una != c.snd.nxt
                        && r.board.sacked() == 0;
        if (!due) {
            r.stopTimer();
            return;
        }
        long wait = SECOND_NANOS;
        if (c.rtt.srttUs > 0) {
            boolean single = Seq.distance(c.snd.una, c.snd.nxt) <= c.snd.mss;
            wait = Math.max(LEAST_PROBE_NANOS, 2 * srtt(c) + (single ? PEER_DELAY_NANOS : 0));
        }
        start(c, Recovery.Timer.PROBE, Math.min(now + wait, c.timerAt));
    }

    private void probe(TcpConnection c, long now) {
        Recovery r = c.recovery;
        if (c.snd.una == c.snd.nxt || c.timerKind != TimerKind.RETRANSMIT || c.snd.wnd == 0) {
            return;
        }
        int sent = output.tailProbe(c, now);
        if (sent == 0) {
            return;
        }
        counters.tailProbes++;
        r.probing = true;
        r.probeAgain = sent < 0;
        r.probeEnd = c.snd.nxt;
        r.measured = false;
        r.stopTimer();
        timers.startRetransmit(c, now);
    }

    /** An ACK may tell what became of the probe. */
    private static void probed(
            TcpConnection c, Segment s, int advanced, boolean twice, int flight) {
        Recovery r = c.recovery;
        if (!r.probing || Seq.lt(c.snd.una, r.probeEnd)) {
            return;
        }
        boolean bare = advanced == 0 && s.sackBlocks == 0 && s.payloadLength == 0;
        if (!r.probeAgain || twice && s.sackEnds[0] == r.probeEnd || bare) {
            r.probing = false;
        } else if (Seq.gt(c.snd.una, r.probeEnd)) {
            // It repaired a loss that nobody else noticed.
            r.probing = false;
            if (!c.congestion.recovering) {
                c.congestion.cut(flight, c.snd.mss);
            }
        }
    }

    // ---- Taking a cut back.

    /** The peer had everything that was sent again, or what is acknowledged was sent before. */
    private static void undo(TcpConnection c, Segment s, int advanced, boolean twice) {
        Recovery r = c.recovery;
        if (!r.undoable || r.firstAgainAt == 0) {
            return;
        }
        boolean earlier = false;
        if (advanced > 0 && s.timestamps && s.tsEcr != 0) {
            int stamp = SegmentWriter.timestamp(c, r.firstAgainAt);
            earlier = r.unanswered && c.congestion.recovering && Seq.lt(s.tsEcr, stamp);
        }
        if (twice && Seq.geq(s.sackStarts[0], r.undoFrom)) {
            r.undoBytes -= Seq.distance(s.sackStarts[0], s.sackEnds[0]);
        }
        if (earlier || twice && r.undoBytes <= 0) {
            boolean recovering = c.congestion.recovering;
            r.restore(c.congestion);
            r.board.loseNone();
            c.congestion.recovering = false;
            c.congestion.timedOut = false;
            c.congestion.duplicates = 0;
            if (recovering) {
                r.rack.recovered();
            }
        } else if (advanced > 0) {
            // From here on timestamps tell of other segments; DSACKs still count.
            r.unanswered = false;
        }
    }
}
