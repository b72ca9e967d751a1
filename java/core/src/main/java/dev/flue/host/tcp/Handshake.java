// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionProblem;
import dev.flue.data.IpAddress;
import dev.flue.host.ip.IpLayer;
import dev.flue.offload.TcpState;

/** Opening: LISTEN, SYN-SENT and SYN-RECEIVED (RFC 9293, 3.10.7.2 to 3.10.7.4). */
final class Handshake {
    private static final int DEFAULT_MSS = 536;
    private static final int DEFAULT_MSS_IPV6 = 1220;
    private static final int LEAST_MSS = 64;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** From the end of an old connection to the start of the one that takes it over. */
    private static final int BEYOND_THE_OLD = 1 << 17;

    private final TcpLayer layer;
    private final IpLayer ip;
    private final TcpOutput output;
    private final TcpTimers timers;
    private final Secrets secrets;
    private final TcpCounters counters;
    private final SynCookieUse use;

    Handshake(
            TcpLayer layer,
            IpLayer ip,
            TcpOutput output,
            TcpTimers timers,
            Secrets secrets,
            TcpCounters counters) {
        this.layer = layer;
        this.ip = ip;
        this.output = output;
        this.timers = timers;
        this.secrets = secrets;
        this.counters = counters;
        this.use = layer.settings().synCookies();
    }

    /** Send the first SYN of a connection that was just made. */
    void openIfDue(TcpConnection c, long now) {
        if (!c.activeOpen || c.state != TcpState.CLOSED) {
            return;
        }
        IpAddress remote = c.remoteAddress;
        if (!ip.reaches(c.hop()) || ip.routes().group(remote.hi(), remote.lo())) {
            counters.failedOpens++;
            c.finish("no route to host");
            return;
        }
        chooseSequence(c, now);
        c.state = TcpState.SYN_SENT;
        c.timing = true;
        c.timedEnd = c.snd.iss + 1;
        c.timedAt = now;
        output.syn(c, now);
        timers.startRetransmit(c, now);
    }

    /** What a peer takes that names nothing (RFC 9293, MUST-15). */
    private static int defaultMss(IpAddress remote) {
        return remote.isIpv4() ? DEFAULT_MSS : DEFAULT_MSS_IPV6;
    }

    private static void sequence(TcpConnection c, int iss) {
        c.snd.iss = iss;
        c.snd.una = iss;
        c.snd.nxt = iss + 1;
        c.snd.max = iss + 1;
    }

    private void chooseSequence(TcpConnection c, long now) {
        IpAddress local = c.localAddress;
        IpAddress remote = c.remoteAddress;
        SendVariables snd = c.snd;
        sequence(c, secrets.initialSequence(local, c.localPort, remote, c.remotePort, now));
        snd.peerMss = defaultMss(remote);
        c.rcv.tsDelta = secrets.clockOffset(local, c.localPort, remote, c.remotePort);
        c.flowLabel = secrets.flowLabel(local, c.localPort, remote, c.remotePort);
    }

    /**
     * A segment for a listening port and no connection.
     *
     * @param before the connection of the same ends that it takes over, or null
     * @return false when it deserves a RST
     */
    boolean listen(TcpListener listener, Segment s, TcpConnection before, long now) {
        if (s.rst()) {
            return true;
        }
        if (s.hasAck()) {
            return false;
        }
        if (!s.syn()) {
            return true;
        }
        boolean cookies = use == SynCookieUse.ALWAYS || listener.full();
        if (noRoom() || cookies && use == SynCookieUse.NEVER) {
            counters.synDrops++;
            return true;
        }
        if (cookies) {
            sendCookie(listener, s, now);
            return true;
        }
        TcpConnection c = passive(listener, s, now);
        if (before != null && !Seq.gt(c.snd.iss, before.snd.max)) {
            // Nothing of the old connection may look like a part of the new one (MAY-2).
            sequence(c, before.snd.max + BEYOND_THE_OLD);
        }
        takeOptions(c, s, now);
        c.state = TcpState.SYN_RCVD;
        c.timing = true;
        c.timedEnd = c.snd.iss + 1;
        c.timedAt = now;
        c.ackPending = true;
        layer.markDirty(c);
        timers.startRetransmit(c, now);
        return true;
    }

    private boolean noRoom() {
        return layer.connectionCount() >= layer.settings().maxConnections();
    }

    private TcpConnection passive(TcpListener listener, Segment s, long now) {
        TcpConnection c =
                new TcpConnection(
                        layer, listener, s.local, s.destinationPort, s.source(), s.sourcePort);
        layer.add(c);
        listener.opening(1);
        chooseSequence(c, now);
        c.needsIpOptions = s.ipOptions;
        c.route = s.route;
        return c;
    }

    private void sendCookie(TcpListener listener, Segment s, long now) {
        IpAddress remote = s.source();
        int size = s.mss == 0 ? defaultMss(remote) : Math.max(s.mss, LEAST_MSS);
        int number = secrets.cookies().make(s, size, now);
        int offset = secrets.clockOffset(s.local, s.destinationPort, remote, s.sourcePort);
        int clock = (int) (now / NANOS_PER_MILLI) + offset;
        listener.cookiesUntil = now + 2 * SynCookies.PERIOD_NANOS;
        counters.synCookies++;
        output.answers().cookie(s, number, SynCookies.stamp(s, false, clock), now);
    }

    /**
     * An ACK for a listening port and no connection: perhaps it brings a cookie back.
     *
     * @return the connection that the handshake would have made, still to process the segment; or
     *     null
     */
    TcpConnection cookie(TcpListener listener, Segment s, long now) {
        boolean plain = s.hasAck() && !s.syn() && !s.rst();
        if (!plain || now >= listener.cookiesUntil || noRoom()) {
            return null;
        }
        int size = secrets.cookies().check(s, now);
        if (size == 0) {
            return null;
        }
        counters.synCookiesTaken++;
        TcpConnection c = passive(listener, s, now);
        sequence(c, s.ack - 1);
        s.mss = size;
        SynCookies.unstamp(s);
        s.seq--;
        takeOptions(c, s, now);
        s.seq++;
        c.rcv.adv = c.rcv.nxt + Math.min(0xffff, layer.settings().receiveBuffer());
        c.state = TcpState.SYN_RCVD;
        return c;
    }

    /** What the peer's SYN says. */
    private void takeOptions(TcpConnection c, Segment s, long now) {
        SendVariables snd = c.snd;
        ReceiveVariables rcv = c.rcv;
        rcv.irs = s.seq;
        rcv.nxt = s.seq + 1;
        rcv.adv = rcv.nxt;
        snd.peerMss = s.mss == 0 ? defaultMss(c.remoteAddress) : Math.max(s.mss, LEAST_MSS);
        TcpSettings.Features ours = layer.settings().features();
        snd.scaling = s.windowShift >= 0 && ours.windowScaling();
        snd.shift = snd.scaling ? s.windowShift : 0;
        int ownShift = SegmentWriter.shiftFor(layer.settings().receiveBuffer());
        rcv.shift = snd.scaling ? ownShift : 0;
        rcv.sack = s.sackPermitted && ours.sack();
        rcv.timestamps = s.timestamps && ours.timestamps();
        c.ecn.agree(s, c.activeOpen && ours.ecn());
        c.ecn.recover = snd.iss;
        rcv.tsRecent = s.tsVal;
        rcv.tsRecentAt = now / NANOS_PER_MILLI;
        snd.mss = TcpOutput.segmentSize(c, ip.pathMtu(c.remoteAddress, now));
        snd.wnd = s.window;
        snd.maxWnd = s.window;
        snd.wl1 = s.seq;
        snd.wl2 = s.ack;
        c.congestion.start(snd.mss, snd.iss);
    }

    /** A segment for a connection in SYN-SENT. */
    void synSent(TcpConnection c, Segment s, long now) {
        SendVariables snd = c.snd;
        if (s.hasAck() && s.ack != snd.iss + 1) {
            if (!s.rst()) {
                output.resetStranger(s);
            }
            return;
        }
        if (s.rst()) {
            if (s.hasAck()) {
                counters.resetsIn++;
                counters.failedOpens++;
                c.finish("connection refused");
            }
            return;
        }
        if (!s.syn()) {
            return;
        }
        c.cameBy(s.route);
        takeOptions(c, s, now);
        c.rcv.adv = c.rcv.nxt + Math.min(0xffff, layer.settings().receiveBuffer());
        c.ackPending = true;
        layer.markDirty(c);
        if (s.hasAck()) {
            snd.una = s.ack;
            established(c, now);
        } else {
            // Simultaneous open: both sent SYN. Ours goes again, with an ACK.
            c.state = TcpState.SYN_RCVD;
            timers.startRetransmit(c, now);
        }
    }

    /**
     * The ACK field of a segment in SYN-RECEIVED.
     *
     * @return false when the segment must not be looked at any further
     */
    boolean synReceived(TcpConnection c, Segment s, long now) {
        if (s.ack != c.snd.iss + 1) {
            output.resetStranger(s);
            return false;
        }
        c.snd.una = s.ack;
        c.snd.wnd = s.window << c.snd.shift;
        c.snd.maxWnd = Math.max(c.snd.maxWnd, c.snd.wnd);
        c.snd.wl1 = s.seq;
        c.snd.wl2 = s.ack;
        if (c.listener != null) {
            c.listener.opening(-1);
            c.handler = c.listener.newHandler();
            counters.passiveOpens++;
        }
        established(c, now);
        return true;
    }

    private void established(TcpConnection c, long now) {
        ip.confirm(c.hop());
        timers.stop(c);
        if (c.timing && c.retransmitCount == 0) {
            c.rtt.sample((int) Math.min((now - c.timedAt) / 1_000, RttEstimator.MAX_RTO_US));
        }
        c.timing = false;
        c.retransmitCount = 0;
        c.lastSentAt = now;
        c.congestion.recover = c.snd.una;
        c.establish();
    }

    /**
     * An ICMP error about a segment of a connection. Hard ones end an open (SHLD-26); a connection
     * that stands is not given up for what anybody can write (RFC 5927, 5.2). All are told.
     *
     * @return whether it can be true: such a segment is on its way
     */
    boolean icmpError(TcpConnection c, ConnectionProblem problem, boolean hard, int sequence) {
        boolean here = c.onHost();
        if (here && !Seq.within(sequence, c.snd.una, c.snd.max) && sequence != c.snd.una) {
            return false;
        }
        if (hard && (c.state == TcpState.SYN_SENT || c.state == TcpState.SYN_RCVD)) {
            counters.failedOpens++;
            c.finish(c.activeOpen ? "connection refused" : "");
        } else if (problem != null) {
            c.problem(problem);
        }
        return true;
    }

    /**
     * Whether a SYN may end TIME_WAIT, because it is surely of a new connection (RFC 6191, 2): by
     * its timestamp when there is one, else by its sequence number.
     */
    boolean reopens(TcpConnection c, Segment s) {
        if (!s.syn() || s.hasAck() || s.rst()) {
            return false;
        }
        if (s.timestamps && c.rcv.timestamps && s.tsVal != c.rcv.tsRecent) {
            return Seq.gt(s.tsVal, c.rcv.tsRecent);
        }
        return Seq.gt(s.seq, c.rcv.nxt);
    }
}
