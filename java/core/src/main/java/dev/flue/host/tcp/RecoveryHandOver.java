// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.CongestionAlgorithm;
import dev.flue.offload.TcpStateExt;

/**
 * What is known of losses, and the state of congestion control, as members of EXT. Ages travel, not
 * times. What the giver does not know starts conservatively: it counts as just sent, and no round
 * trip is measured by it.
 */
final class RecoveryHandOver {
    private static final long NANOS_PER_MICRO = 1_000;
    private static final int CONGESTION_FLAGS =
            TcpStateExt.FLAG_IN_RECOVERY | TcpStateExt.FLAG_RTO_RECOVERY;

    private RecoveryHandOver() {}

    static void export(TcpConnection c, TcpStateExt e, long now) {
        exportCongestion(c, e);
        exportEcn(c.ecn, e);
        if (!c.rcv.sack) {
            return;
        }
        Recovery r = c.recovery;
        Rack rack = r.rack;
        int flags = rack.reordering ? TcpStateExt.FLAG_REORDERING : 0;
        if (r.probing) {
            flags |= TcpStateExt.FLAG_TLP | (r.probeAgain ? TcpStateExt.FLAG_TLP_RETRANS : 0);
            e.tlpEnd(r.probeEnd);
        }
        e.flags(e.flags() | flags);
        if (rack.known) {
            e.rackRttUs(Math.max(1, micros(rack.rtt))).rackAgeUs(micros(now - rack.sentAt));
            e.rackEnd(rack.end).rackFack(rack.fack);
            e.rackReoMult(rack.mult).rackReoPersist(rack.persist);
        }
        exportRuns(r.board, e, now);
    }

    private static void exportCongestion(TcpConnection c, TcpStateExt e) {
        Congestion cc = c.congestion;
        boolean on = cc.recovering || cc.timedOut;
        int flags = on ? TcpStateExt.FLAG_IN_RECOVERY : 0;
        flags |= cc.timedOut ? TcpStateExt.FLAG_RTO_RECOVERY : 0;
        e.flags(e.flags() & ~CONGESTION_FLAGS | flags);
        e.recover(on ? cc.recover : c.snd.una);
        if (cc.recovering && !cc.timedOut && c.rcv.sack) {
            e.prrDelivered(cc.prrDelivered).prrOut(cc.prrOut).recoverFlight(cc.recoverFlight);
        }
        e.ccAlgorithm(code(cc.control.algorithm()));
        for (int i = 0; i < TcpStateExt.CC_WORDS; i++) {
            e.ccState(i, cc.control.word(i));
        }
    }

    private static void exportEcn(Ecn ecn, TcpStateExt e) {
        int flags = ecn.agreed ? TcpStateExt.FLAG_ECN : 0;
        flags |= ecn.echoes ? TcpStateExt.FLAG_ECE_OWED : 0;
        flags |= ecn.tells ? TcpStateExt.FLAG_CWR_OWED : 0;
        e.flags(e.flags() | flags).ecnRecover(ecn.recover);
    }

    private static void takeEcn(Ecn ecn, TcpStateExt e) {
        ecn.agreed = (e.flags() & TcpStateExt.FLAG_ECN) != 0;
        ecn.echoes = (e.flags() & TcpStateExt.FLAG_ECE_OWED) != 0;
        ecn.tells = (e.flags() & TcpStateExt.FLAG_CWR_OWED) != 0;
        ecn.recover = e.ecnRecover();
    }

    private static int micros(long nanos) {
        return (int) Math.min(Integer.MAX_VALUE, nanos / NANOS_PER_MICRO);
    }

    static int code(CongestionAlgorithm algorithm) {
        return switch (algorithm) {
            case RENO -> TcpStateExt.CC_RENO;
            case CUBIC -> TcpStateExt.CC_CUBIC;
        };
    }

    /**
     * Runs up to the last one of which more is known than that it was sent; the rest is one without
     * an age, and so is what finds no room: an age says that something sent later has arrived.
     */
    private static void exportRuns(Scoreboard board, TcpStateExt e, long now) {
        int told = board.runs();
        while (told > 0 && (board.flags(told - 1) & ~Scoreboard.UNTIMED) == 0) {
            told--;
        }
        if (told == 0) {
            return;
        }
        int fit = Math.min(told, TcpStateExt.MAX_RUNS - 1);
        int last = fit;
        while (last > 0 && (board.flags(last - 1) & Scoreboard.SACKED) == 0) {
            last--;
        }
        for (int i = 0; i < fit; i++) {
            boolean passed = i < last || (board.flags(i) & Scoreboard.AGAIN) != 0;
            boolean timed = passed && (board.flags(i) & Scoreboard.UNTIMED) == 0;
            long age = (now - board.sentAt(i)) / NANOS_PER_MICRO;
            e.run(i, board.end(i), runFlags(board.flags(i)), timed ? age : Long.MAX_VALUE);
        }
        if (board.runs() > fit) {
            e.run(fit, board.end(), 0, Long.MAX_VALUE);
            fit++;
        }
        e.runCount(fit);
    }

    private static int runFlags(int flags) {
        return ((flags & Scoreboard.SACKED) != 0 ? TcpStateExt.RUN_SACKED : 0)
                | ((flags & Scoreboard.LOST) != 0 ? TcpStateExt.RUN_LOST : 0)
                | ((flags & Scoreboard.AGAIN) != 0 ? TcpStateExt.RUN_RETRANSMITTED : 0);
    }

    /** Without EXT: all that was sent is under way. */
    static void takeNothing(TcpConnection c, long now) {
        Recovery r = c.recovery;
        r.forget(c.snd.una);
        r.rack.forget();
        r.measured = true;
        r.tailFrom = c.snd.una;
        unknown(c, now);
        c.congestion.used = Seq.distance(c.snd.una, c.snd.nxt);
    }

    private static void unknown(TcpConnection c, long sentAt) {
        if (c.rcv.sack) {
            c.recovery.board.append(c.snd.nxt, Scoreboard.UNTIMED, sentAt);
        }
    }

    /** Sequence numbers, FINs and congestion window were taken already. */
    static void take(TcpConnection c, TcpStateExt e, long now) {
        takeNothing(c, now);
        takeCongestion(c, e);
        takeEcn(c.ecn, e);
        if (!c.rcv.sack) {
            return;
        }
        int flags = e.flags();
        Rack rack = c.recovery.rack;
        rack.known = e.rackRttUs() != 0;
        rack.reordering = (flags & TcpStateExt.FLAG_REORDERING) != 0;
        if (rack.known) {
            rack.rtt = Integer.toUnsignedLong(e.rackRttUs()) * NANOS_PER_MICRO;
            rack.sentAt = now - Integer.toUnsignedLong(e.rackAgeUs()) * NANOS_PER_MICRO;
            rack.end = e.rackEnd();
            rack.fack = e.rackFack();
            rack.mult = Math.max(1, Math.min(e.rackReoMult(), 0xff));
            rack.persist = e.rackReoPersist() & 0xff;
        }
        takeRuns(c, e, now);
        boolean probe = (flags & TcpStateExt.FLAG_TLP) != 0;
        if (probe && Seq.within(e.tlpEnd() - 1, c.snd.una - 1, c.snd.nxt)) {
            c.recovery.probing = true;
            c.recovery.measured = false;
            c.recovery.probeEnd = e.tlpEnd();
            c.recovery.probeAgain = (flags & TcpStateExt.FLAG_TLP_RETRANS) != 0;
        }
    }

    private static void takeCongestion(TcpConnection c, TcpStateExt e) {
        Congestion cc = c.congestion;
        boolean on =
                (e.flags() & TcpStateExt.FLAG_IN_RECOVERY) != 0
                        && Seq.within(e.recover() - 1, c.snd.una, c.snd.max);
        boolean timedOut = (e.flags() & TcpStateExt.FLAG_RTO_RECOVERY) != 0;
        timedOut |= c.rcv.sack && c.snd.nxt != c.snd.max;
        cc.timedOut = on && timedOut;
        cc.recovering = on && (c.rcv.sack || !timedOut);
        cc.recover = on ? e.recover() : c.snd.una;
        int flight = Seq.distance(c.snd.una, c.snd.nxt);
        cc.prrDelivered = Math.max(0, e.prrDelivered());
        cc.prrOut = Math.max(0, e.prrOut());
        cc.recoverFlight = e.recoverFlight() > 0 ? e.recoverFlight() : Math.max(1, flight);
        for (CongestionAlgorithm each : CongestionAlgorithm.values()) {
            if (code(each) == e.ccAlgorithm()) {
                takeAlgorithm(cc, each, e);
            }
        }
    }

    private static void takeAlgorithm(Congestion cc, CongestionAlgorithm which, TcpStateExt e) {
        if (cc.control.algorithm() != which) {
            cc.control = CongestionControl.of(which);
        }
        for (int i = 0; i < TcpStateExt.CC_WORDS; i++) {
            cc.control.word(i, e.ccState(i));
        }
    }

    /** Runs that cannot be true end it: what follows counts as under way. */
    private static void takeRuns(TcpConnection c, TcpStateExt e, long now) {
        Scoreboard board = c.recovery.board;
        board.clear(c.snd.una);
        int count = Math.min(Math.max(0, e.runCount()), TcpStateExt.MAX_RUNS);
        long unknown = timeOfUnknown(c.recovery.rack, e, count, now);
        for (int i = 0; i < count; i++) {
            int end = e.runEnd(i);
            if (Seq.leq(end, board.end()) || Seq.gt(end, c.snd.nxt)) {
                break;
            }
            int told = e.runFlags(i);
            int flags = (told & TcpStateExt.RUN_RETRANSMITTED) != 0 ? Scoreboard.AGAIN : 0;
            flags |= (told & TcpStateExt.RUN_LOST) != 0 ? Scoreboard.LOST : 0;
            boolean timed = e.runAgeUs(i) != TcpStateExt.AGE_UNKNOWN;
            flags |= timed ? 0 : Scoreboard.UNTIMED;
            if ((told & TcpStateExt.RUN_SACKED) != 0) {
                flags = Scoreboard.SACKED;
            }
            board.append(end, flags, timed ? sentAt(e, i, now) : unknown);
        }
        unknown(c, unknown);
    }

    /**
     * What has no age was sent after all that is known to have arrived, and before all that was
     * sent again since then: where an answer to that comes, it has overtaken what is missing.
     */
    private static long timeOfUnknown(Rack rack, TcpStateExt e, int count, long now) {
        long time = now;
        for (int i = 0; i < count; i++) {
            boolean again = (e.runFlags(i) & TcpStateExt.RUN_RETRANSMITTED) != 0;
            boolean timed = e.runAgeUs(i) != TcpStateExt.AGE_UNKNOWN;
            if (again && timed && (!rack.known || sentAt(e, i, now) > rack.sentAt)) {
                time = Math.min(time, sentAt(e, i, now) - 1);
            }
        }
        return time;
    }

    private static long sentAt(TcpStateExt e, int run, long now) {
        return now - e.runAgeUs(run) * NANOS_PER_MICRO;
    }
}
