// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.StateOffsets;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.offload.TcpStateExt;
import dev.flue.spi.Memory;

/**
 * Writes the state of a connection into the structures behind a block, and takes it back (H-7 to
 * H-10, H-25, H-26). A tick is a millisecond.
 */
public final class HandOver {
    private static final long NANOS_PER_TICK = 1_000_000;
    private static final int MICROS_PER_TICK = 1_000;
    private static final long NANOS_PER_MICRO = 1_000;
    private static final int SRTT_SCALE = 8;
    private static final int RTTVAR_SCALE = 4;
    private static final int MAX_USHORT = 0xffff;
    private static final int MAX_WINDOW = 1 << 30;

    private final TcpLayer layer;
    private final TcpConst constant;
    private final TcpCached cached;
    private final TcpDelegated delegated;
    private final TcpStateExt ext;

    public HandOver(Memory memory, TcpLayer layer) {
        this.layer = layer;
        this.constant = new TcpConst(memory);
        this.cached = new TcpCached(memory);
        this.delegated = new TcpDelegated(memory);
        this.ext = new TcpStateExt(memory);
    }

    /**
     * Whether nothing is owed that must be sent before the state can be frozen (H-7): then {@link
     * #export} may be called.
     */
    public static boolean settled(TcpConnection c) {
        return !c.ackPending && !c.dirty && !c.rcv.delay.waits();
    }

    /** What is owed goes out in this turn, an ACK that could wait for more too (H-7). */
    public void settle(TcpConnection c) {
        if (c.rcv.delay.waits()) {
            c.ackPending = true;
            layer.markDirty(c);
        }
    }

    /**
     * Write CONST, CACHED, DELEGATED and EXT of a connection, and stop its timer.
     *
     * @param chain first NBL of its send data, 0 = none
     * @param tail last one
     */
    public void export(TcpConnection c, long block, long chain, long tail, long now) {
        // How long nothing was sent is not told: the pause ends here.
        TcpOutput.restartIfIdle(c, now);
        exportConst(c, block);
        exportCached(c, block + StateOffsets.TCP_CACHED, 0);
        exportDelegated(c, block, now);
        delegated.sendDataHead(chain).sendDataTail(tail).bufferedData(0);
        exportExt(c, block, now);
        c.rcv.tsGiven = c.rcv.tsRecent;
        c.frozenKind = c.timerKind;
        c.frozenAt = c.timerAt;
        layer.timers().stop(c);
        c.keepAlive.freeze();
        c.recovery.stopTimer();
    }

    private void exportConst(TcpConnection c, long block) {
        int flags = c.rcv.timestamps ? TcpConst.FLAG_TIMESTAMPS : 0;
        flags |= c.rcv.sack ? TcpConst.FLAG_SACK : 0;
        flags |= c.snd.scaling ? TcpConst.FLAG_WINDOW_SCALING : 0;
        constant.wrap(block + StateOffsets.TCP_CONST).clear().flags(flags);
        constant.remotePort(c.remotePort).localPort(c.localPort).remoteMss(c.snd.peerMss);
        constant.windScale(c.rcv.shift << 4 | c.snd.shift);
        int hash = RssHash.tcp(c.remoteAddress, c.localAddress, c.remotePort, c.localPort);
        constant.hashValue(hash);
    }

    /**
     * Write CACHED of a connection, its options.
     *
     * @param ref where
     * @param changes TcpCached.FLAG_* that say what an update changes
     */
    public void exportCached(TcpConnection c, long ref, int changes) {
        c.options.export(cached.wrap(ref).clear(), changes);
        cached.flowLabel(c.flowLabel);
    }

    private void exportDelegated(TcpConnection c, long block, long now) {
        long millis = now / NANOS_PER_TICK;
        SendVariables snd = c.snd;
        ReceiveVariables rcv = c.rcv;
        TcpDelegated d = delegated.wrap(block + StateOffsets.TCP_DELEGATED).clear();
        d.recognizedOptions(TcpDelegated.OPTION_EXT).state(c.state.code());
        d.rcvNxt(rcv.nxt).rcvWnd(Seq.distance(rcv.nxt, rcv.adv));
        d.sndUna(snd.una).sndNxt(snd.nxt).sndMax(snd.max);
        d.sndWnd(snd.wnd).maxSndWnd(snd.maxWnd).sendWl1(snd.wl1);
        d.cwnd(c.congestion.cwnd).ssthresh(c.congestion.ssthresh);
        d.dupAckCount(Math.min(c.congestion.duplicates, 0xff));
        d.srtt(ticks(c.rtt.srttUs, SRTT_SCALE)).rttvar(ticks(c.rtt.rttvarUs, RTTVAR_SCALE));
        d.tsRecent(rcv.tsRecent).tsRecentAge((int) Math.max(0, millis - rcv.tsRecentAt));
        d.tsTime(SegmentWriter.timestamp(c, now));
        boolean retransmitting = c.retransmitCount > 0;
        d.totalRt(retransmitting ? (int) ((now - c.retransmittingSince) / NANOS_PER_TICK) : 0);
        d.retransmitCount(c.retransmitCount).sndWndProbeCount(c.probeCount);
        d.retransmitTimeoutDelta(remaining(c, now));
        d.kaProbeCount(c.keepAlive.probes).kaTimeoutDelta(keepAliveRemaining(c, now));
    }

    private static int ticks(int micros, int scale) {
        return (int) Math.min(MAX_USHORT, (long) micros * scale / MICROS_PER_TICK);
    }

    /** Ticks until the timer fires, rounded up. */
    private static int remaining(TcpConnection c, long now) {
        if (c.timerKind == TimerKind.NONE) {
            return TcpDelegated.TIMER_STOPPED;
        }
        long left = Math.max(0, c.timerAt - now) + NANOS_PER_TICK - 1;
        return (int) Math.min(Integer.MAX_VALUE, left / NANOS_PER_TICK);
    }

    /** Ticks until the next probe, rounded up. */
    private static int keepAliveRemaining(TcpConnection c, long now) {
        long at = c.keepAlive.at(c.options.keepAliveIdleMillis() * NANOS_PER_TICK);
        if (at == Long.MAX_VALUE) {
            return TcpDelegated.TIMER_STOPPED;
        }
        long left = Math.max(0, at - now) + NANOS_PER_TICK - 1;
        return (int) Math.min(Integer.MAX_VALUE, left / NANOS_PER_TICK);
    }

    /** Rounded down: moved back and forth however often, the timer comes nearer. */
    private static int remainingMicros(TcpConnection c, long now) {
        if (c.timerKind == TimerKind.NONE) {
            return 0;
        }
        long left = Math.max(0, c.timerAt - now) / NANOS_PER_MICRO;
        return (int) Math.min(Integer.MAX_VALUE, left);
    }

    private void exportExt(TcpConnection c, long block, long now) {
        SendVariables snd = c.snd;
        int flags = snd.finSent ? TcpStateExt.FLAG_FIN_SENT : 0;
        flags |= c.finQueued && !snd.finSent ? TcpStateExt.FLAG_FIN_QUEUED : 0;
        flags |= c.finReceived ? TcpStateExt.FLAG_FIN_RECEIVED : 0;
        TcpStateExt e = ext.wrap(block + StateOffsets.TCP_EXT).clear();
        e.version(TcpStateExt.CURRENT_VERSION).flags(flags);
        e.rcvAdv(c.rcv.adv);
        e.srttUs(c.rtt.srttUs).rttvarUs(c.rtt.rttvarUs).minRttUs(c.rtt.minRttUs);
        e.rtoUs(c.rtt.rtoUs).lastAckSent(c.rcv.lastAckSent).sndWl2(snd.wl2);
        e.bytesIn(c.bytesIn).bytesOut(c.bytesOut).retransmits((int) c.retransmits);
        e.retransmitTimeoutUs(remainingMicros(c, now));
        RecoveryHandOver.export(c, e, now);
    }

    /** The target refused: the connection goes on here as if nothing had been. */
    public void thaw(TcpConnection c) {
        if (c.frozenKind != TimerKind.NONE) {
            layer.timers().start(c, c.frozenKind, c.frozenAt);
        }
        layer.timers().startKeepAlive(c, c.keepAlive.frozenAt);
        layer.recovery().resume(c, layer.now());
        layer.markDirty(c);
    }

    /**
     * Take the state back out of DELEGATED and, when it is there, EXT. The send queue holds what
     * the target gave back already. The connection is on the host stack afterwards, or over.
     *
     * @return false when the state cannot be true: then nothing is taken
     */
    public boolean takeBack(TcpConnection c, long block, long now) {
        TcpDelegated d = delegated.wrap(block + StateOffsets.TCP_DELEGATED);
        TcpStateExt e = ext.wrap(block + StateOffsets.TCP_EXT);
        TcpState state = TcpState.of(d.state());
        boolean sound =
                state != null
                        && Seq.leq(d.sndUna(), d.sndNxt())
                        && Seq.leq(d.sndNxt(), d.sndMax())
                        && Seq.distance(d.sndUna(), d.sndMax()) <= c.sendQueue.bytes() + 1;
        if (!sound) {
            return false;
        }
        boolean extended =
                (d.recognizedOptions() & TcpDelegated.OPTION_EXT) != 0
                        && e.version() == TcpStateExt.CURRENT_VERSION;
        takeSequences(c, d, now);
        // The path may have become narrower; what is in flight the target has sent by it.
        c.snd.mss = TcpOutput.segmentSize(c, layer.ip().pathMtu(c.remoteAddress, now));
        takeCongestion(c, d);
        if (extended) {
            takeExt(c, e, d);
            RecoveryHandOver.take(c, e, now);
        } else {
            RecoveryHandOver.takeNothing(c, now);
            takeWithoutExt(c, d, state);
        }
        boolean again = c.retransmitCount > 0 || c.congestion.recovering || c.congestion.timedOut;
        c.sentByTarget = !again && c.snd.una != c.snd.max && c.snd.nxt == c.snd.max;
        takeWaiting(c);
        takeState(c, readsOn(c, d, state) ? TcpState.FIN_WAIT2 : state, now);
        if (!c.over() && c.state != TcpState.TIME_WAIT) {
            takeTimer(c, timerNanos(d, extended ? e : null), now);
            takeKeepAlive(c, d, now);
            layer.recovery().resume(c, now);
            layer.input().finNext(c, now);
        }
        return true;
    }

    private static void takeSequences(TcpConnection c, TcpDelegated d, long now) {
        long millis = now / NANOS_PER_TICK;
        SendVariables snd = c.snd;
        ReceiveVariables rcv = c.rcv;
        snd.una = d.sndUna();
        snd.nxt = d.sndNxt();
        snd.max = d.sndMax();
        snd.wnd = d.sndWnd();
        snd.maxWnd = Math.max(d.maxSndWnd(), snd.wnd);
        snd.wl1 = d.sendWl1();
        snd.wl2 = snd.una;
        snd.probed = snd.wnd == 0 && Seq.lt(snd.nxt, snd.max);
        rcv.nxt = d.rcvNxt();
        rcv.adv = rcv.nxt + d.rcvWnd();
        rcv.lastAckSent = rcv.nxt;
        rcv.rounded = 0;
        rcv.tsRecent = d.tsRecent();
        rcv.tsRecentAt = millis - Integer.toUnsignedLong(d.tsRecentAge());
        rcv.tsDelta = d.tsTime() - (int) millis;
        c.timing = false;
        c.ackPending = false;
        rcv.delay.stop();
        rcv.delay.hurry();
        c.duplicateAcksOwed = 0;
        c.lastSentAt = now;
        c.retransmitCount = d.retransmitCount();
        c.retransmittingSince = now - Integer.toUnsignedLong(d.totalRt()) * NANOS_PER_TICK;
        c.probeCount = d.sndWndProbeCount();
    }

    private static void takeCongestion(TcpConnection c, TcpDelegated d) {
        Congestion cc = c.congestion;
        cc.cwnd = window(d.cwnd(), c.snd.mss);
        cc.ssthresh = d.ssthresh() < 0 ? Integer.MAX_VALUE : d.ssthresh();
        cc.duplicates = d.dupAckCount();
        cc.recovering = false;
        cc.timedOut = false;
        cc.partialSeen = false;
        cc.recover = c.snd.una;
        c.rtt.srttUs = d.srtt() * MICROS_PER_TICK / SRTT_SCALE;
        c.rtt.rttvarUs = d.rttvar() * MICROS_PER_TICK / RTTVAR_SCALE;
        c.rtt.reset();
    }

    /** Some givers say "no limit" with all bits set. */
    private static int window(int bytes, int mss) {
        return bytes < 0 ? MAX_WINDOW : Math.max(mss, Math.min(bytes, MAX_WINDOW));
    }

    private static void takeExt(TcpConnection c, TcpStateExt e, TcpDelegated d) {
        int flags = e.flags();
        takeFins(
                c,
                (flags & TcpStateExt.FLAG_FIN_QUEUED) != 0,
                (flags & TcpStateExt.FLAG_FIN_SENT) != 0,
                (flags & TcpStateExt.FLAG_FIN_RECEIVED) != 0);
        c.rcv.adv = Seq.max(e.rcvAdv(), d.rcvNxt());
        c.rcv.lastAckSent = e.lastAckSent();
        c.ackPending = e.lastAckSent() != d.rcvNxt();
        c.snd.wl2 = e.sndWl2();
        if (e.srttUs() > 0) {
            c.rtt.srttUs = e.srttUs();
            c.rtt.rttvarUs = e.rttvarUs();
        }
        c.rtt.minRttUs = e.minRttUs();
        if (e.rtoUs() > 0) {
            c.rtt.rtoUs = Math.min(e.rtoUs(), RttEstimator.MAX_RTO_US);
        }
        c.bytesIn = e.bytesIn();
        c.bytesOut = e.bytesOut();
        c.retransmits = Integer.toUnsignedLong(e.retransmits());
    }

    /** What the state and the sequence numbers tell (2.6). */
    private static void takeWithoutExt(TcpConnection c, TcpDelegated d, TcpState state) {
        boolean finBeyondData = Seq.distance(d.sndUna(), d.sndMax()) > c.sendQueue.bytes();
        boolean received =
                switch (state) {
                    case CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT -> true;
                    default -> false;
                };
        boolean finished =
                state == TcpState.FIN_WAIT2 || state == TcpState.TIME_WAIT || c.snd.finAcked;
        takeFins(c, false, finBeyondData || finished, received);
    }

    private static void takeFins(TcpConnection c, boolean queued, boolean sent, boolean received) {
        SendVariables snd = c.snd;
        c.finQueued |= queued || sent;
        snd.finSent = sent;
        snd.finAcked = sent && snd.una == snd.max && c.sendQueue.bytes() == 0;
        if (received && !c.finReceived) {
            c.finReceived = true;
            c.readable();
        }
    }

    /** Data that waited here and was not forwarded: perhaps it is in order now. */
    private static void takeWaiting(TcpConnection c) {
        if (c.finReceived) {
            c.reassembly.clear();
        }
        int moved = c.reassembly.drain(c.rcv.nxt, c.discards() ? null : c.receiveQueue);
        if (moved > 0) {
            c.rcv.nxt += moved;
            c.bytesIn += moved;
            c.ackPending = true;
            c.readable();
        }
    }

    private void takeState(TcpConnection c, TcpState state, long now) {
        c.phase(OffloadPhase.HOST);
        switch (state) {
            case TIME_WAIT -> layer.timeWaits().enter(c, now);
            case CLOSED -> c.finish(through(c) ? "" : "ended by the target");
            case ESTABLISHED -> c.state = c.finQueued ? TcpState.FIN_WAIT1 : state;
            case CLOSE_WAIT -> c.state = c.finQueued ? TcpState.LAST_ACK : state;
            default -> c.state = state;
        }
        layer.markDirty(c);
    }

    /** Nobody waits for anything any more. */
    private static boolean through(TcpConnection c) {
        return Fins.both(c) || c.snd.finAcked && c.discards();
    }

    /**
     * A target closes what waited too long in FIN-WAIT-2 (T-135). It cannot know whether the
     * application closed, or shut down its output and reads on, which it may for ever (RFC 9293,
     * 3.6). A peer that answered no probe is gone.
     */
    private static boolean readsOn(TcpConnection c, TcpDelegated d, TcpState state) {
        return state == TcpState.CLOSED
                && c.snd.finAcked
                && !c.finReceived
                && !c.discards()
                && d.kaProbeCount() < c.options.keepAliveCount();
    }

    /** How long the timer still runs; -1 = it is stopped. */
    private static long timerNanos(TcpDelegated d, TcpStateExt e) {
        int ticks = d.retransmitTimeoutDelta();
        if (ticks == TcpDelegated.TIMER_STOPPED) {
            return -1;
        }
        long nanos = Integer.toUnsignedLong(ticks) * NANOS_PER_TICK;
        if (e == null || e.retransmitTimeoutUs() == 0) {
            return nanos;
        }
        long micros = Integer.toUnsignedLong(e.retransmitTimeoutUs());
        return Math.min(nanos, micros * NANOS_PER_MICRO);
    }

    /** It goes on where it stood; switched on and not running, it starts (H-25). */
    private void takeKeepAlive(TcpConnection c, TcpDelegated d, long now) {
        int ticks = d.kaTimeoutDelta();
        if (ticks == TcpDelegated.TIMER_STOPPED) {
            layer.timers().restartKeepAlive(c, now);
            return;
        }
        long at = now + Integer.toUnsignedLong(ticks) * NANOS_PER_TICK;
        c.keepAlive.resume(at, d.kaProbeCount(), c.options.keepAliveIdleMillis() * NANOS_PER_TICK);
        layer.timers().startKeepAlive(c, at);
    }

    /** A timer at 0 fires in this turn; one that must run and does not is started (H-25). */
    private void takeTimer(TcpConnection c, long left, long now) {
        SendVariables snd = c.snd;
        boolean inFlight = snd.una != snd.max;
        TimerKind kind = TimerKind.RETRANSMIT;
        if (c.state == TcpState.FIN_WAIT2) {
            kind = c.discards() ? TimerKind.FIN_WAIT2 : TimerKind.NONE;
        } else if (snd.nxt == snd.una && (snd.wnd == 0 || !inFlight)) {
            kind = c.sendQueue.bytes() > 0 ? TimerKind.PERSIST : TimerKind.NONE;
        }
        if (left >= 0 && kind != TimerKind.NONE) {
            long longer = kind == TimerKind.PERSIST && snd.wnd == 0 ? takeProbes(c) : 0;
            layer.timers().start(c, kind, now + left + longer);
        } else if (kind == TimerKind.FIN_WAIT2) {
            layer.timers().startFinWait2(c);
        } else if (inFlight && kind == TimerKind.RETRANSMIT) {
            layer.timers().startRetransmit(c, now);
        }
    }

    /**
     * A target counts the probes that are not answered as retransmissions, and the answer doubles
     * the time to the next one (chimney rules 10.4); here the probe itself has doubled it.
     *
     * @return nanoseconds by which the timer runs longer here
     */
    private static long takeProbes(TcpConnection c) {
        int unanswered = c.retransmitCount;
        if (unanswered == 0) {
            return 0;
        }
        c.retransmitCount = 0;
        c.unansweredProbes = unanswered;
        long before = TcpTimers.probeNanos(c, unanswered - 1);
        c.probeCount = Math.min(c.probeCount + unanswered, 0xff);
        return Math.max(0, TcpTimers.probeNanos(c, c.probeCount) - before);
    }
}
