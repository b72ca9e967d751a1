// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;
import dev.flue.host.ip.Checksum;
import dev.flue.host.ip.Ipv4;
import dev.flue.host.link.BufferPool;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/**
 * Data that came before its turn, as the segments it came in: what a target that took the
 * connection over is given to process. The peer was told that we have it and does not send it again
 * soon.
 */
public final class WaitingSegments {
    private static final int MAX_WINDOW = 0xffff;

    private final BufferPool pool;

    /**
     * @param layer whose pool the segments come from
     */
    public WaitingSegments(TcpLayer layer) {
        this.pool = layer.segments();
    }

    /**
     * The next one, TCP header first, in a buffer of {@link TcpLayer#segments} that is the caller's
     * from now on; those first that came first, as far as that is known. A FIN goes with the data
     * before it, or behind all when that is still to come.
     *
     * @return 0 = there is none left
     */
    public long next(TcpConnection c) {
        Reassembly held = c.reassembly;
        while (!held.isEmpty()) {
            int index = c.rcv.sacks.oldest(held);
            int sequence = held.start(index);
            int length = held.length(index);
            long buffer = held.take(index);
            boolean fin = held.finIs(sequence + length);
            if (build(c, buffer, sequence, length, fin)) {
                if (fin) {
                    held.forgetFin();
                }
                return buffer;
            }
            pool.free(buffer);
        }
        return held.finIsWithin(c.rcv.nxt, c.rcv.adv) ? finAlone(c) : 0;
    }

    /** Without a buffer now it stays known here: the peer sends it again. */
    private long finAlone(TcpConnection c) {
        long buffer = pool.allocate();
        if (buffer != 0) {
            build(c, buffer, c.reassembly.finAt(), 0, true);
            c.reassembly.clear();
        }
        return buffer;
    }

    private boolean build(TcpConnection c, long buffer, int sequence, int length, boolean fin) {
        int header = Segment.HEADER + (c.rcv.timestamps ? SegmentWriter.TIMESTAMP_BYTES : 0);
        if (header + length > pool.dataBytes()) {
            return false;
        }
        ByteBuffer b = pool.buffer(buffer);
        int at = BufferPool.dataAt(buffer);
        for (int i = length - 1; i >= 0; i--) {
            b.put(at + header + i, b.get(at + i));
        }
        int flags = TcpFlags.ACK | (fin ? TcpFlags.FIN : 0);
        SegmentWriter.header(b, at, c.remotePort, c.localPort, sequence, header, flags);
        Net.put32(b, at + 8, c.snd.una);
        Net.put16(b, at + 14, Math.min(MAX_WINDOW, c.snd.wnd >>> c.snd.shift));
        b.putShort(at + 18, (short) 0);
        if (c.rcv.timestamps) {
            SegmentWriter.timestamps(b, at + Segment.HEADER, c.rcv.tsRecent, 0);
        }
        sum(c.remoteAddress, c.localAddress, b, at, header + length);
        pool.range(buffer, 0, header + length);
        pool.next(buffer, 0);
        return true;
    }

    private static void sum(
            IpAddress source, IpAddress destination, ByteBuffer b, int at, int length) {
        long sum = Checksum.addPseudo(0, source, destination, Ipv4.PROTOCOL_TCP, length);
        b.putShort(at + 16, Checksum.finish(Checksum.add(sum, b, at, length)));
    }
}
