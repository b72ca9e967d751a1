// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.host.ip.IpLayer;
import dev.flue.host.link.Arp;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.LinkCounters;
import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;
import dev.flue.spi.Region;
import java.nio.ByteBuffer;

/** Takes received frames apart: address check, then ARP, IPv4 or IPv6. One thread. */
final class FrameReceiver implements AutoCloseable {
    private static final int MAX_FRAME = 1 << 16;

    private final Memory memory;
    private final long mac;
    private final Arp arp;
    private final IpLayer ip;
    private final LinkCounters counters;
    private final NetBufferList list;
    private final NetBuffer netBuffer;
    private final Mdl mdl;

    /** Frames that lie in several pieces are put together here. */
    private final Region scratch;

    FrameReceiver(Memory memory, long mac, Arp arp, IpLayer ip, LinkCounters counters) {
        this.memory = memory;
        this.mac = mac;
        this.arp = arp;
        this.ip = ip;
        this.counters = counters;
        this.list = new NetBufferList(memory);
        this.netBuffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
        this.scratch = memory.allocate(MAX_FRAME);
    }

    /** A chain of frames; they are not kept. */
    void receive(long netBufferLists, long now) {
        long at = netBufferLists;
        while (at != 0) {
            long next = list.wrap(at).next();
            one(list.firstNetBuffer(), now);
            at = next;
        }
    }

    private void one(long nb, long now) {
        counters.framesIn++;
        netBuffer.wrap(nb);
        int length = netBuffer.dataLength();
        int offset = netBuffer.currentMdlOffset();
        mdl.wrap(netBuffer.currentMdl());
        if (length <= mdl.byteCount() - offset) {
            long data = mdl.data();
            frame(memory.buffer(Refs.region(data)), Refs.offset(data) + offset, length, now);
        } else if (length <= MAX_FRAME) {
            gather(offset, length);
            frame(scratch.buffer(), 0, length, now);
        }
    }

    private void gather(int firstOffset, int length) {
        int offset = firstOffset;
        int done = 0;
        while (true) {
            int piece = Math.min(length - done, mdl.byteCount() - offset);
            ByteBuffer from = memory.buffer(Refs.region(mdl.data()));
            scratch.buffer().put(done, from, Refs.offset(mdl.data()) + offset, piece);
            done += piece;
            offset = 0;
            if (done == length || mdl.next() == 0) {
                return;
            }
            mdl.wrap(mdl.next());
        }
    }

    private void frame(ByteBuffer buffer, int at, int length, long now) {
        if (length < EthernetLink.PAYLOAD) {
            counters.framesIgnored++;
            return;
        }
        long destination = EthernetLink.destination(buffer, at);
        boolean broadcast = destination == EthernetLink.BROADCAST;
        int type = EthernetLink.type(buffer, at);
        int payload = at + EthernetLink.PAYLOAD;
        int payloadLength = length - EthernetLink.PAYLOAD;
        if (arp != null && type == EthernetLink.TYPE_ARP && (broadcast || destination == mac)) {
            arp.receive(buffer, payload, payloadLength);
        } else if (type == EthernetLink.TYPE_IPV4 && destination == mac) {
            // Unicast only: TCP must not answer what was sent to many (RFC 9293, MUST-57).
            ip.receive4(buffer, payload, payloadLength, now);
        } else if (type == EthernetLink.TYPE_IPV6
                && (destination == mac || ip.listensTo(destination))) {
            long source = EthernetLink.source(buffer, at);
            ip.receive6(buffer, payload, payloadLength, source, destination == mac, now);
        } else {
            counters.framesIgnored++;
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
