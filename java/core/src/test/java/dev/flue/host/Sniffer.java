// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.MemoryLink;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Keeps the TCP segments that one end of a link sends; loses what it is told to. */
public final class Sniffer implements MemoryLink.Filter {
    /** One segment, as it was on the wire. */
    public record Seen(
            int seq, int ack, int flags, int window, int payload, int tsVal, int tsEcr, long at) {}

    private final int end;
    public final List<Seen> segments = new ArrayList<>();
    public boolean losePayload;
    public boolean loseAll;
    public boolean losePeerAcks;

    public Sniffer(int end) {
        this.end = end;
    }

    @Override
    public boolean pass(int from, long number, ByteBuffer frame, int at, int length) {
        boolean six = Net.u16(frame, at + 12) == EthernetLink.TYPE_IPV6;
        boolean four = Net.u16(frame, at + 12) == EthernetLink.TYPE_IPV4;
        if (!four && !six || frame.get(at + 14 + (six ? 6 : 9)) != 6) {
            return true;
        }
        int total = six ? Net.u16(frame, at + 18) + 20 : Net.u16(frame, at + 16);
        int tcp = at + (six ? 54 : 34);
        int header = (frame.get(tcp + 12) >>> 4 & 0xf) * 4;
        int payload = total - 20 - header;
        if (from != end) {
            return !loseAll && !(losePeerAcks && payload == 0);
        }
        boolean stamped = header == 32;
        segments.add(
                new Seen(
                        Net.u32(frame, tcp + 4),
                        Net.u32(frame, tcp + 8),
                        frame.get(tcp + 13) & 0x3f,
                        Net.u16(frame, tcp + 14),
                        payload,
                        stamped ? Net.u32(frame, tcp + 24) : 0,
                        stamped ? Net.u32(frame, tcp + 28) : 0,
                        number));
        return !loseAll && !(losePayload && payload > 0);
    }

    public int payload() {
        return segments.stream().mapToInt(Seen::payload).sum();
    }
}
