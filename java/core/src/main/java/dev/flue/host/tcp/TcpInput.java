// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.TcpState;

/** A segment arrives for a connection (RFC 9293, 3.10.7, with RFC 5961 and RFC 7323). */
final class TcpInput {
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** A TS.Recent older than 24 days means nothing (RFC 7323, 5.5). */
    private static final long TS_RECENT_LIFETIME_MILLIS = 24L * 24 * 3600 * 1000;

    private final TcpLayer layer;
    private final AckProcessor acks;
    private final Handshake handshake;
    private final TcpCounters counters;

    TcpInput(TcpLayer layer, AckProcessor acks, Handshake handshake, TcpCounters counters) {
        this.layer = layer;
        this.acks = acks;
        this.handshake = handshake;
        this.counters = counters;
    }

    void segment(TcpConnection c, Segment s, long now) {
        switch (c.state) {
            case CLOSED, LISTEN -> {}
            case SYN_SENT -> handshake.synSent(c, s, now);
            default -> synchronizedStates(c, s, now);
        }
    }

    private void synchronizedStates(TcpConnection c, Segment s, long now) {
        if (s.rst()) {
            reset(c, s, now);
            return;
        }
        if (s.syn()) {
            syn(c, s, now);
            return;
        }
        if (!s.hasAck() || !timestampsRight(c, s, now)) {
            return;
        }
        int sequence = s.seq;
        int payload = s.payloadLength;
        boolean repeated = payload > 0 || s.fin();
        int urgentEnd = sequence + s.urgentPointer;
        if (!trim(c, s)) {
            if (!overtaken(c, s)) {
                owe(c);
            }
            return;
        }
        c.keepAlive.heard(now);
        c.ecn.received(s);
        if (s.timestamps
                && Seq.geq(s.tsVal, c.rcv.tsRecent)
                && Seq.leq(sequence, c.rcv.lastAckSent)) {
            c.rcv.tsRecent = s.tsVal;
            c.rcv.tsRecentAt = now / NANOS_PER_MILLI;
        }
        if (c.state == TcpState.TIME_WAIT) {
            if (repeated) {
                owe(c);
                layer.timeWaits().restart(c, now);
            }
            return;
        }
        if (c.state == TcpState.SYN_RCVD && !handshake.synReceived(c, s, now)) {
            return;
        }
        if (acks.process(c, s, payload, now)) {
            c.cameBy(s.route);
            if (s.urgent()) {
                c.urgent.received(urgentEnd);
            }
            text(c, s, now);
            if (!c.over()) {
                fin(c, s, now);
            }
        }
    }

    /** RFC 5961, 3.2: only the exact sequence number ends the connection. */
    private void reset(TcpConnection c, Segment s, long now) {
        if (c.state == TcpState.TIME_WAIT) {
            return;
        }
        if (s.seq == c.rcv.nxt) {
            counters.resetsIn++;
            boolean opening = c.state == TcpState.SYN_RCVD;
            counters.failedOpens += opening ? 1 : 0;
            c.finish(opening && c.activeOpen ? "connection refused" : "connection reset by peer");
        } else if (Seq.within(s.seq, c.rcv.nxt, c.rcv.adv)) {
            acks.challenge(c, now);
        }
    }

    /** RFC 5961, 4.2; but the SYN of the handshake, once more, gets its answer once more. */
    private void syn(TcpConnection c, Segment s, long now) {
        if (c.state == TcpState.SYN_RCVD && s.seq == c.rcv.irs) {
            if (s.hasAck() && c.activeOpen && s.ack == c.snd.iss + 1) {
                // Simultaneous open: the peer's SYN,ACK acknowledges our SYN.
                // Its window is not scaled.
                s.flags &= ~TcpFlags.SYN;
                s.seq++;
                s.window >>>= c.snd.shift;
                owe(c);
                synchronizedStates(c, s, now);
            } else {
                owe(c);
            }
            return;
        }
        acks.challenge(c, now);
    }

    /** PAWS (RFC 7323, 5.3), and no segment without timestamps once they were agreed on. */
    private boolean timestampsRight(TcpConnection c, Segment s, long now) {
        if (!c.rcv.timestamps) {
            return true;
        }
        if (!s.timestamps) {
            return false;
        }
        // A target that let data wait may have seen later data since: its order says nothing of its
        // age.
        boolean waited = layer.replaying() && Seq.lt(c.rcv.tsGiven, c.rcv.tsRecent);
        if (Seq.geq(s.tsVal, waited ? c.rcv.tsGiven : c.rcv.tsRecent)) {
            return true;
        }
        if (now / NANOS_PER_MILLI - c.rcv.tsRecentAt > TS_RECENT_LIFETIME_MILLIS) {
            c.rcv.tsRecent = s.tsVal;
            return true;
        }
        counters.pawsDrops++;
        owe(c);
        return false;
    }

    /**
     * Cut the segment to the window. A repetition loses its payload but its ACK counts; so does
     * that of a probe of a closed window.
     *
     * @return false when the segment is outside of the window
     */
    private boolean trim(TcpConnection c, Segment s) {
        ReceiveVariables rcv = c.rcv;
        int old = Seq.distance(s.seq, rcv.nxt);
        if (old > 0) {
            return trimOld(c, s, old);
        }
        int room = Seq.distance(s.seq, rcv.adv);
        if (room < 0) {
            return false;
        }
        if (s.payloadLength > room) {
            owe(c);
            boolean acceptable = room > 0 || s.seq == rcv.nxt;
            s.trimBack(room);
            return acceptable;
        }
        return true;
    }

    /**
     * Whether this is an ACK that waited while its connection was elsewhere, and later segments
     * went past it there: no peer that is out of step sent it, and nothing answers it. One right
     * before RCV.NXT may ask whether we live (RFC 9293, 3.8.4), if a FIN does not stand there.
     */
    private boolean overtaken(TcpConnection c, Segment s) {
        int old = Seq.distance(s.seq, c.rcv.nxt);
        return layer.replaying() && s.length() == 0 && old > (c.finReceived ? 0 : 1);
    }

    private boolean trimOld(TcpConnection c, Segment s, int old) {
        int length = s.length();
        if (length == 0) {
            // Reordered pure ACKs are harmless back to the last one we sent.
            return Seq.geq(s.seq, c.rcv.lastAckSent);
        }
        if (s.payloadLength > 0) {
            c.rcv.sacks.twice(s.seq, s.seq + Math.min(old, s.payloadLength));
        }
        if (length <= old) {
            owe(c);
            boolean recent = length + Math.max(c.rcv.adv - c.rcv.nxt, 0xffff) >= old;
            s.trimBack(0);
            return recent;
        }
        s.trimFront(Math.min(old, s.payloadLength));
        s.seq = c.rcv.nxt;
        int room = Seq.distance(s.seq, c.rcv.adv);
        if (s.payloadLength > room) {
            s.trimBack(room);
        }
        return true;
    }

    private void text(TcpConnection c, Segment s, long now) {
        if (s.payloadLength == 0 || c.finReceived) {
            return;
        }
        if (s.seq == c.rcv.nxt) {
            inOrder(c, s, now);
        } else {
            outOfOrder(c, s);
        }
    }

    private void inOrder(TcpConnection c, Segment s, long now) {
        boolean holes = c.hasHoles();
        int offered = s.payloadLength;
        int stored = store(c, s);
        if (stored < offered) {
            counters.receiveDrops++;
            s.trimBack(stored);
        }
        advance(c, stored);
        if (holes && Seq.lt(c.reassembly.start(0), c.rcv.nxt)) {
            int known = Seq.min(c.rcv.nxt, c.reassembly.blockEnd(0));
            c.rcv.sacks.twice(c.reassembly.start(0), known);
        }
        int moved = c.reassembly.drain(c.rcv.nxt, c.discards() ? null : c.receiveQueue);
        advance(c, moved);
        int waiting = Seq.distance(c.rcv.lastAckSent, c.rcv.nxt);
        // Below a hole, or with one closed: the peer's recovery waits for it (RFC 5681, 4.2).
        if (c.rcv.delay.due(offered, waiting) || holes || stored < offered) {
            owe(c);
        } else if (!c.ackPending) {
            c.rcv.delay.start(now, layer.settings().features().ackDelayNanos());
            layer.heap().update(c);
        }
        if (stored + moved > 0 && c.discards()) {
            c.lostToClose();
        } else if (stored + moved > 0) {
            layer.raise(c, TcpConnection.EVENT_READABLE);
        }
    }

    /** It waits for what is before it; the peer hears of it at once (RFC 5681, 4.2). */
    private void outOfOrder(TcpConnection c, Segment s) {
        counters.outOfOrder++;
        c.rcv.delay.hurry();
        if (c.reassembly.holds(s.seq, s.payloadLength)) {
            c.rcv.sacks.twice(s.seq, s.seq + s.payloadLength);
            c.rcv.sacks.arrived(c.reassembly, s.seq);
        } else if (c.reassembly.insert(s.seq, s.buffer, s.payloadAt, s.payloadLength)) {
            c.rcv.sacks.arrived(c.reassembly, s.seq);
        } else {
            counters.receiveDrops++;
            s.trimBack(0);
        }
        // Behind the hole the target held it, and has told the peer: twice is once too often.
        if (!layer.replaying()) {
            c.duplicateAcksOwed++;
            owe(c);
        }
    }

    private static int store(TcpConnection c, Segment s) {
        return c.discards()
                ? s.payloadLength
                : c.receiveQueue.append(s.buffer, s.payloadAt, s.payloadLength);
    }

    private static void advance(TcpConnection c, int bytes) {
        c.rcv.nxt += bytes;
        c.bytesIn += bytes;
    }

    private void fin(TcpConnection c, Segment s, long now) {
        if (s.fin() && !c.finReceived) {
            int at = s.seq + s.payloadLength;
            if (Seq.geq(at, c.rcv.nxt)) {
                c.reassembly.fin(at);
                if (at == c.rcv.nxt || !layer.replaying()) {
                    owe(c);
                }
            }
        }
        finNext(c, now);
    }

    /** The peer's FIN came before its turn, and it is its turn now: then it is received. */
    void finNext(TcpConnection c, long now) {
        if (!c.finReceived && c.reassembly.finIs(c.rcv.nxt) && c.reassembly.isEmpty()) {
            finReceived(c, now);
        }
    }

    private void finReceived(TcpConnection c, long now) {
        c.rcv.nxt++;
        c.rcv.adv = Seq.max(c.rcv.adv, c.rcv.nxt);
        c.finReceived = true;
        owe(c);
        layer.raise(c, TcpConnection.EVENT_READABLE);
        switch (c.state) {
            case ESTABLISHED -> c.state = TcpState.CLOSE_WAIT;
            case FIN_WAIT1 -> c.state = TcpState.CLOSING;
            case FIN_WAIT2 -> layer.timeWaits().enter(c, now);
            default -> {}
        }
    }

    private void owe(TcpConnection c) {
        c.ackPending = true;
        layer.markDirty(c);
    }
}
