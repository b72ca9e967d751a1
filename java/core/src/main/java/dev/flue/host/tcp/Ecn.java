// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** Explicit congestion notification of one connection (RFC 3168, 6.1). */
final class Ecn {
    /** Codepoint of packets that may be marked: ECT(0). */
    static final int CAPABLE = 2;

    /** Codepoint of a packet that was: CE. */
    static final int EXPERIENCED = 3;

    private static final int BITS = 3;

    /** Both sides take part. */
    boolean agreed;

    /** CE was seen, the peer's CWR was not: every ACK says so. */
    boolean echoes;

    /** The window was cut: the next new data says so. */
    boolean tells;

    /** No second cut before SND.UNA is here. */
    int recover;

    /** What our SYN, or SYN,ACK, says of it; {@code asks}: we want it. */
    int handshakeFlags(boolean answer, boolean asks) {
        if (answer) {
            return agreed ? TcpFlags.ECE : 0;
        }
        return asks ? TcpFlags.ECE | TcpFlags.CWR : 0;
    }

    /** A SYN asks, or a SYN,ACK answers ours. */
    void agree(Segment s, boolean asked) {
        int flags = s.flags & (TcpFlags.ECE | TcpFlags.CWR);
        agreed =
                s.hasAck()
                        ? asked && flags == TcpFlags.ECE
                        : flags == (TcpFlags.ECE | TcpFlags.CWR);
        echoes = false;
        tells = false;
    }

    /** An acceptable segment came. */
    void received(Segment s) {
        if (agreed) {
            echoes &= (s.flags & TcpFlags.CWR) == 0;
            echoes |= s.marked;
        }
    }

    /** Flags of the next segment; {@code fresh}: it has data that was never sent. */
    int flags(boolean fresh) {
        int flags = echoes ? TcpFlags.ECE : 0;
        if (fresh && tells) {
            tells = false;
            flags |= TcpFlags.CWR;
        }
        return agreed ? flags : 0;
    }

    /** Traffic class of its packet. */
    int dress(int trafficClass, boolean fresh) {
        return trafficClass & ~BITS | (agreed && fresh ? CAPABLE : 0);
    }

    /** The window was cut, for whatever reason, with data up to {@code next} sent. */
    void cut(int next) {
        tells = agreed;
        recover = next;
    }

    /** Whether an ACK tells of a mark that the window was not cut for. */
    boolean due(Segment s) {
        return agreed && (s.flags & TcpFlags.ECE) != 0 && Seq.gt(s.ack, recover);
    }
}
