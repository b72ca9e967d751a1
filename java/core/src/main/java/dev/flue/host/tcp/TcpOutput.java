// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.host.ip.IpLayer;
import dev.flue.offload.TcpState;

/**
 * Decides what a connection sends: data as the windows allow, FIN behind it, acknowledgments, and
 * what timers ask for.
 */
final class TcpOutput {
    private final TcpLayer layer;
    private final SegmentWriter writer;
    private final Answers answers;
    private final TcpCounters counters;
    private int lastLength;

    TcpOutput(TcpLayer layer, IpLayer ip, TcpCounters counters) {
        this.layer = layer;
        this.writer = new SegmentWriter(layer, ip, counters);
        this.answers = new Answers(writer, layer, ip);
        this.counters = counters;
    }

    /** Everything that is due for one connection. */
    void flush(TcpConnection c, long now) {
        switch (c.state) {
            case CLOSED, LISTEN, SYN_SENT -> {
                return;
            }
            case SYN_RCVD -> {
                if (c.ackPending) {
                    syn(c, now);
                    c.ackPending = false;
                }
                return;
            }
            case TIME_WAIT -> {}
            default -> sendData(c, now);
        }
        acknowledge(c, now);
    }

    private void acknowledge(TcpConnection c, long now) {
        int duplicates = c.reassembly.isEmpty() ? 0 : c.duplicateAcksOwed;
        c.duplicateAcksOwed = 0;
        if (duplicates > 0) {
            counters.duplicateAcksOut += duplicates;
            for (int i = 0; i < duplicates; i++) {
                writer.sackAge(duplicates - 1 - i);
                ack(c, now);
            }
            writer.sackAge(0);
        } else if (c.ackPending) {
            ack(c, now);
        }
    }

    /** New data, or data again after a timeout; then FIN. */
    private void sendData(TcpConnection c, long now) {
        SendVariables snd = c.snd;
        if (c.sendQueue.bytes() > 0) {
            restartIfIdle(c, now);
        }
        boolean more = !c.rcv.sack || resendLost(c, now);
        while (more && !snd.finAcked) {
            int sent = Seq.distance(snd.una, snd.nxt);
            int left = c.sendQueue.bytes() - sent;
            int usable = Math.min(snd.wnd - sent, congestionRoom(c));
            int length = Math.max(0, Math.min(left, Math.min(usable, snd.mss)));
            boolean last = left >= 0 && length == left;
            boolean fin = c.finQueued && last && (left > 0 || finDue(snd));
            if (!fin && !worthSending(c, length, left)) {
                break;
            }
            if (!emit(c, length, fin, last, now)) {
                break;
            }
        }
        armIfIdle(c, now);
        if (c.rcv.sack && c.lastSentAt == now) {
            layer.recovery().scheduleProbe(c, now);
        }
    }

    /** After a pause there is no flow of ACKs that would pace a whole window (RFC 5681, 4.1). */
    static void restartIfIdle(TcpConnection c, long now) {
        if (c.snd.una == c.snd.max && now - c.lastSentAt > c.rtt.rtoNanos()) {
            c.congestion.restartAfterIdle(c.snd.mss);
        }
    }

    /** Bytes that may be added to what is under way. */
    private static int congestionRoom(TcpConnection c) {
        int sent = Seq.distance(c.snd.una, c.snd.nxt);
        return c.rcv.sack
                ? c.congestion.cwnd - c.recovery.board.inFlight()
                : c.congestion.window(c.snd.mss) - sent;
    }

    /** What is lost goes first; false when more of it waits. */
    private boolean resendLost(TcpConnection c, long now) {
        Scoreboard board = c.recovery.board;
        while (board.lost() > 0) {
            int lost = board.firstLost();
            int start = board.start(lost);
            int length = Math.min(Seq.distance(start, board.end(lost)), c.snd.mss);
            length = Math.min(length, Seq.distance(start, c.snd.una + c.snd.wnd));
            if (length <= 0 || length > congestionRoom(c) || !resend(c, start, length, now)) {
                return false;
            }
        }
        return true;
    }

    /** The oldest segment again, whatever the windows say. */
    void resendFirst(TcpConnection c, long now) {
        Scoreboard board = c.recovery.board;
        if (board.runs() == 0) {
            // Nothing is known of what is in flight: it goes again from the beginning.
            retransmitFirst(c, now);
            c.snd.nxt = c.snd.una + lastLength;
            board.clear(c.snd.una);
            board.sent(c.snd.nxt, now, true);
        } else {
            int length = Math.min(Seq.distance(c.snd.una, board.end(0)), c.snd.mss);
            resend(c, c.snd.una, length, now);
        }
    }

    /**
     * Bytes that were sent, again.
     *
     * @param length counts the FIN too
     */
    private boolean resend(TcpConnection c, int start, int length, long now) {
        SendVariables snd = c.snd;
        int offset = Seq.distance(snd.una, start);
        int sent = Math.min(c.sendQueue.bytes(), Seq.distance(snd.una, snd.max));
        int data = Math.min(length, sent - offset);
        boolean fin = data < length;
        int flags = TcpFlags.ACK | (fin ? TcpFlags.FIN : 0);
        flags |= data > 0 && offset + data == sent ? TcpFlags.PSH : 0;
        if (!writer.send(c, start, flags, offset, data, now)) {
            return false;
        }
        c.recovery.board.resent(start, start + length, now);
        c.recovery.again(length, now);
        c.congestion.prrOut += length;
        counters.countRetransmit(c);
        c.lastSentAt = now;
        if (c.timerKind != TimerKind.RETRANSMIT) {
            layer.timers().startRetransmit(c, now);
        }
        return true;
    }

    /**
     * The probe of the tail: a new segment if the window takes one, else the last one again.
     *
     * @return 1 or -1; 0 = nothing could be sent
     */
    int tailProbe(TcpConnection c, long now) {
        SendVariables snd = c.snd;
        int sent = Seq.distance(snd.una, snd.nxt);
        int left = c.sendQueue.bytes() - sent;
        int length = Math.min(left, Math.min(snd.wnd - sent, snd.mss));
        if (length > 0) {
            boolean last = length == left;
            return emit(c, length, last && c.finQueued, last, now) ? 1 : 0;
        }
        int from = Seq.max(snd.una, c.recovery.tailFrom);
        if (Seq.distance(from, snd.nxt) > snd.mss || Seq.geq(from, snd.nxt)) {
            from = Seq.max(snd.una, snd.nxt - snd.mss);
        }
        return resend(c, from, Seq.distance(from, snd.nxt), now) ? -1 : 0;
    }

    /** The FIN was not sent yet, or is to be sent again. */
    private static boolean finDue(SendVariables snd) {
        return !snd.finSent || Seq.lt(snd.nxt, snd.max);
    }

    /** Sender SWS avoidance (RFC 9293, 3.8.6.2.1). */
    private static boolean worthSending(TcpConnection c, int length, int left) {
        return length > 0
                && (length == c.snd.mss
                        || length == left && mayBeSmall(c)
                        || length >= c.snd.maxWnd / 2);
    }

    /** Nagle (RFC 9293, 3.7.4): with data in flight, less than a segment waits. */
    private static boolean mayBeSmall(TcpConnection c) {
        return c.options.noDelay() || c.snd.nxt == c.snd.una || Seq.lt(c.snd.nxt, c.snd.max);
    }

    private boolean emit(TcpConnection c, int length, boolean fin, boolean push, long now) {
        SendVariables snd = c.snd;
        boolean again = Seq.lt(snd.nxt, snd.max);
        int offset = Seq.distance(snd.una, snd.nxt);
        int flags = TcpFlags.ACK;
        flags |= push && length > 0 ? TcpFlags.PSH : 0;
        flags |= fin ? TcpFlags.FIN : 0;
        if (!writer.send(c, snd.nxt, flags, offset, length, now)) {
            return false;
        }
        if (again && !snd.probed) {
            counters.countRetransmit(c);
        }
        int start = snd.nxt;
        snd.nxt += length + (fin ? 1 : 0);
        account(c, start, again, now);
        if (Seq.gt(snd.nxt, snd.max)) {
            snd.max = snd.nxt;
            if (!c.timing && !again) {
                c.timing = true;
                c.timedEnd = snd.nxt;
                c.timedAt = now;
            }
        }
        snd.finSent |= fin;
        c.lastSentAt = now;
        c.probeCount = 0;
        if (c.timerKind != TimerKind.RETRANSMIT) {
            layer.timers().startRetransmit(c, now);
        }
        return true;
    }

    /** New data was sent from {@code start} to SND.NXT, or, after a timeout, again. */
    private static void account(TcpConnection c, int start, boolean again, long now) {
        c.congestion.prrOut += Seq.distance(start, c.snd.nxt);
        if (c.rcv.sack) {
            Scoreboard board = c.recovery.board;
            if (board.runs() == 0) {
                board.clear(start);
            }
            board.sent(c.snd.nxt, now, again);
            c.recovery.tailFrom = start;
            c.congestion.used = board.inFlight();
        } else {
            c.congestion.used = Seq.distance(c.snd.una, c.snd.nxt);
        }
    }

    /** Data waits, nothing is in flight, no timer runs: the window is closed, or too small. */
    private void armIfIdle(TcpConnection c, long now) {
        SendVariables snd = c.snd;
        boolean waits = Seq.distance(snd.una, snd.nxt) < c.sendQueue.bytes();
        if (waits && snd.nxt == snd.una && c.timerKind == TimerKind.NONE) {
            layer.timers().startPersist(c, now);
        }
    }

    /** Sender SWS avoidance gives way: send what the window takes. */
    void forceSmall(TcpConnection c, long now) {
        SendVariables snd = c.snd;
        int length = Math.min(c.sendQueue.bytes(), Math.min(snd.wnd, snd.mss));
        if (length > 0) {
            emit(c, length, false, true, now);
        }
    }

    /** The oldest segment again. */
    void retransmitFirst(TcpConnection c, long now) {
        SendVariables snd = c.snd;
        int flight = Seq.distance(snd.una, snd.max);
        int data = Math.min(c.sendQueue.bytes(), flight);
        int length = Math.min(data, snd.mss);
        boolean fin = snd.finSent && length == c.sendQueue.bytes();
        int flags = TcpFlags.ACK | (fin ? TcpFlags.FIN : 0);
        flags |= length == data && length > 0 ? TcpFlags.PSH : 0;
        lastLength = length + (fin ? 1 : 0);
        c.timing = false;
        if (writer.send(c, snd.una, flags, 0, length, now)) {
            counters.countRetransmit(c);
            c.lastSentAt = now;
        }
    }

    /** Sequence numbers that {@link #retransmitFirst} sent. */
    int lastLength() {
        return lastLength;
    }

    /** One byte at the left edge of a closed window (RFC 9293, 3.8.6.1). */
    void windowProbe(TcpConnection c, long now) {
        SendVariables snd = c.snd;
        int length = Math.min(1, c.sendQueue.bytes());
        boolean fin = length == 0 && c.finQueued;
        writer.send(c, snd.una, TcpFlags.ACK | (fin ? TcpFlags.FIN : 0), 0, length, now);
        snd.finSent |= fin;
        snd.probed = true;
        snd.max = Seq.max(snd.max, snd.una + length + (fin ? 1 : 0));
        c.lastSentAt = now;
    }

    /** Nothing, from before the window: the peer has to say where it is (RFC 9293, 3.8.4). */
    void keepAliveProbe(TcpConnection c, long now) {
        writer.send(c, c.snd.una - 1, TcpFlags.ACK, 0, 0, now);
    }

    /** The window scale that we offer. */
    int ownShift() {
        return writer.ownShift();
    }

    /** SYN, or SYN,ACK; the first or once more. */
    void syn(TcpConnection c, long now) {
        boolean answer = c.state == TcpState.SYN_RCVD;
        // A SYN that was lost may have been dropped for asking (RFC 3168, 6.1.1.1).
        boolean asks = layer.settings().features().ecn() && c.retransmitCount == 0;
        int flags = TcpFlags.SYN | (answer ? TcpFlags.ACK : 0);
        flags |= c.ecn.handshakeFlags(answer, asks);
        if (writer.send(c, c.snd.iss, flags, 0, 0, now) && c.retransmitCount > 0) {
            counters.countRetransmit(c);
        }
    }

    /** An acknowledgment without data. */
    void ack(TcpConnection c, long now) {
        writer.send(c, acceptableSequence(c.snd), TcpFlags.ACK, 0, 0, now);
    }

    /** For a segment without data: what the peer's window takes, also when we sent beyond it. */
    private static int acceptableSequence(SendVariables snd) {
        int edge = snd.una + snd.wnd;
        return Seq.lt(edge, snd.max) ? edge : snd.max;
    }

    /** RST of a connection that we end. */
    void reset(TcpConnection c) {
        counters.countReset(c.remoteAddress.isIpv4());
        int sequence = acceptableSequence(c.snd);
        writer.send(c, sequence, TcpFlags.RST | TcpFlags.ACK, 0, 0, layer.now());
    }

    /** What answers segments of no connection. */
    Answers answers() {
        return answers;
    }

    /** RST to a segment that belongs to no connection (RFC 9293, 3.5.2). */
    void resetStranger(Segment s) {
        if (!s.rst()) {
            counters.countReset(s.local.isIpv4());
            answers.reset(s, layer.now());
        }
    }

    /** A path got narrower: smaller segments, and what is in flight again. */
    void pathMtuChanged(TcpConnection c, int mtu) {
        int before = c.snd.mss;
        c.snd.mss = segmentSize(c, mtu);
        // A SYN in flight is no data: it has its own timer.
        boolean synchronised = c.state.code() >= TcpState.ESTABLISHED.code();
        if (synchronised && c.snd.mss < before && c.snd.una != c.snd.max) {
            if (c.rcv.sack) {
                c.recovery.board.loseAll();
            } else {
                c.snd.nxt = c.snd.una;
            }
            c.timing = false;
            layer.markDirty(c);
        }
    }

    /** The options of its packets have another length. */
    void routeChanged(TcpConnection c) {
        if (c.state.code() >= TcpState.ESTABLISHED.code()) {
            pathMtuChanged(c, layer.ip().pathMtu(c.remoteAddress, layer.now()));
        }
    }

    /** Effective send MSS (RFC 9293, 3.7.1; RFC 6691). */
    static int segmentSize(TcpConnection c, int mtu) {
        int options = c.rcv.timestamps ? SegmentWriter.TIMESTAMP_BYTES : 0;
        options += c.route == null ? 0 : c.route.optionBytes();
        return Math.max(
                1, Math.min(c.snd.peerMss, mtu - SegmentWriter.headers(c.remoteAddress)) - options);
    }

    /** Receiver SWS avoidance: is the window we could offer worth a segment of its own? */
    static boolean windowUpdateDue(TcpConnection c) {
        if (c.finReceived || c.state.code() < TcpState.ESTABLISHED.code()) {
            return false;
        }
        int buffer = c.receiveBuffer();
        int gain = SegmentWriter.edge(c) - c.rcv.adv;
        return gain >= Math.min(2 * Math.max(c.snd.mss, 536), buffer / 2);
    }
}
