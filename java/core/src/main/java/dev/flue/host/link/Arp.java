// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import dev.flue.data.IpAddress;
import java.nio.ByteBuffer;

/**
 * ARP (RFC 826): answers for our IPv4 address, asks for others, and tells the {@link NeighborCache}
 * what it hears. One thread.
 */
public final class Arp implements NeighborCache.Resolver {
    static final int PACKET_BYTES = 28;

    private static final int HARDWARE_ETHERNET = 1;
    private static final int OP_REQUEST = 1;
    private static final int OP_REPLY = 2;

    private final EthernetLink link;
    private final IpAddress address;
    private final NeighborCache neighbors;
    private final LinkCounters counters;

    /**
     * @param address ours
     */
    public Arp(
            EthernetLink link, IpAddress address, NeighborCache neighbors, LinkCounters counters) {
        this.link = link;
        this.address = address;
        this.neighbors = neighbors;
        this.counters = counters;
    }

    /** An ARP packet: {@code length} bytes after the Ethernet header. */
    public void receive(ByteBuffer buffer, int at, int length) {
        if (length < PACKET_BYTES
                || Net.u16(buffer, at) != HARDWARE_ETHERNET
                || Net.u16(buffer, at + 2) != EthernetLink.TYPE_IPV4
                || Net.u8(buffer, at + 4) != 6
                || Net.u8(buffer, at + 5) != 4) {
            counters.framesIgnored++;
            return;
        }
        int operation = Net.u16(buffer, at + 6);
        long senderMac = Net.mac(buffer, at + 8);
        IpAddress sender = Net.address4(buffer, at + 14);
        boolean forUs = Net.address4(buffer, at + 24).equals(address);
        if (sender.equals(address) || EthernetLink.multicast(senderMac) || senderMac == 0) {
            counters.framesIgnored++;
            return;
        }
        counters.arpIn++;
        boolean known = !sender.isUnspecified();
        if (operation == OP_REPLY) {
            neighbors.answered(sender, senderMac, forUs, true);
        } else if (known) {
            neighbors.learn(sender, senderMac, operation == OP_REQUEST && forUs);
        }
        if (operation == OP_REQUEST && forUs && known) {
            send(OP_REPLY, sender, senderMac, senderMac);
            counters.arpRepliesOut++;
        }
    }

    @Override
    public void solicit(IpAddress hop, long mac) {
        counters.arpRequestsOut++;
        send(OP_REQUEST, hop, mac, mac == 0 ? EthernetLink.BROADCAST : mac);
    }

    /** Say unasked where our address is, so that switches and peers learn it (RFC 5227, 3). */
    public void announce() {
        counters.arpRequestsOut++;
        send(OP_REQUEST, address, 0, EthernetLink.BROADCAST);
    }

    private void send(int operation, IpAddress target, long targetMac, long destination) {
        long frame = link.allocate();
        if (frame == 0) {
            return;
        }
        ByteBuffer buffer = link.frames().buffer(frame);
        int at = BufferPool.dataAt(frame) + EthernetLink.PAYLOAD;
        Net.put16(buffer, at, HARDWARE_ETHERNET);
        Net.put16(buffer, at + 2, EthernetLink.TYPE_IPV4);
        buffer.put(at + 4, (byte) 6);
        buffer.put(at + 5, (byte) 4);
        Net.put16(buffer, at + 6, operation);
        Net.putMac(buffer, at + 8, link.mac());
        Net.putAddress4(buffer, at + 14, address);
        Net.putMac(buffer, at + 18, targetMac);
        Net.putAddress4(buffer, at + 24, target);
        link.transmit(frame, destination, EthernetLink.TYPE_ARP, PACKET_BYTES);
    }
}
