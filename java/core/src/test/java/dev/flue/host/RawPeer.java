// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.host.ip.Checksum;
import dev.flue.host.ip.Ipv4;
import dev.flue.host.ip.Ipv6;
import dev.flue.host.link.BufferPool;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.LinkCounters;
import dev.flue.host.link.MemoryLink;
import dev.flue.host.link.Net;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.Refs;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.HeapMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A stack on one end of a memory link, and a test that writes and reads frames by hand. */
public final class RawPeer implements Protocol, AutoCloseable {
    public static final IpAddress LOCAL = IpAddress.of("198.18.0.1");
    public static final IpAddress PEER = IpAddress.of("198.18.0.2");
    public static final long LOCAL_MAC = 0x0200_0000_0001L;
    public static final long PEER_MAC = 0x0200_0000_0002L;
    public static final int PEER_PORT = 5555;

    /** A TCP segment that the stack sent. */
    public record Seen(
            int sourcePort,
            int destinationPort,
            int seq,
            int ack,
            int flags,
            int window,
            byte[] options,
            byte[] payload,
            int urgentPointer,
            Packet packet) {}

    /** The packet that a segment came in: addresses, TTL and the options of IPv4. */
    public record Packet(IpAddress source, IpAddress destination, int hopLimit, byte[] options) {}

    public final Ip ip;

    /** Address of the stack. */
    public final IpAddress local;

    /** Address of the hand that writes frames. */
    public final IpAddress remote;

    public final HeapMemory memory = new HeapMemory();
    public final MemoryLink link = new MemoryLink(memory, 1);
    public final UserHostStack stack;
    public final List<byte[]> others = new ArrayList<>();
    public final ArrayDeque<Seen> segments = new ArrayDeque<>();
    public long now = 1_000_000_000L;
    public boolean answerArp = true;

    private final Binding binding;
    private final EthernetLink ethernet;
    private final NetBufferList list;

    public RawPeer() {
        this(Ip.V4);
    }

    public RawPeer(Ip version) {
        this(
                version,
                HostStackConfig.builder()
                        .address(version.first)
                        .detectDuplicates(false)
                        .seed(5)
                        .maxConnections(16)
                        .build());
        settle();
        others.clear();
    }

    public RawPeer(HostStackConfig config) {
        this(Ip.V4, config);
    }

    public RawPeer(Ip version, HostStackConfig config) {
        ip = version;
        local = version.first;
        remote = version.second;
        stack = new UserHostStack(config, memory, new MiniportAdapter(memory, link.end(0)));
        binding = new Binding(memory, this, new MiniportAdapter(memory, link.end(1)));
        ethernet = new EthernetLink(memory, binding, PEER_MAC, 2000, new LinkCounters());
        list = new NetBufferList(memory);
    }

    /** Run until nobody has anything to do at this moment. */
    public void settle() {
        int turns = 0;
        while (stack.doWork(now) + link.end(1).doWork(now) + ethernet.flush() > 0) {
            assertThat(++turns).isLessThan(10_000);
        }
    }

    /** Let time pass; timers fire when they are due. */
    public void pass(long nanos) {
        long end = now + nanos;
        settle();
        while (stack.nextDeadline() <= end) {
            now = Math.max(now + 1, stack.nextDeadline());
            settle();
        }
        now = end;
        settle();
    }

    /** Send a whole frame. */
    public void frame(long destination, int type, byte[] payload) {
        long frame = ethernet.allocate();
        BufferPool frames = ethernet.frames();
        int at = BufferPool.dataAt(frame) + EthernetLink.PAYLOAD;
        frames.buffer(frame).put(at, payload, 0, payload.length);
        ethernet.transmit(frame, destination, type, payload.length);
    }

    /** An IP packet, an IPv4 one with a right checksum. */
    public static byte[] ip(IpAddress source, IpAddress destination, int protocol, byte[] payload) {
        if (!source.isIpv4()) {
            return ip6(source, destination, protocol, 64, payload);
        }
        ByteBuffer packet = ByteBuffer.allocate(20 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        Ipv4.build(packet, 0, 20 + payload.length, 0x9000, protocol, source, destination);
        packet.put(20, payload, 0, payload.length);
        return packet.array();
    }

    /** An IPv6 packet. */
    public static byte[] ip6(
            IpAddress source, IpAddress destination, int next, int hopLimit, byte[] payload) {
        ByteBuffer packet = ByteBuffer.allocate(40 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        Ipv6.build(packet, 0, payload.length, 0, next, hopLimit, source, destination);
        packet.put(40, payload, 0, payload.length);
        return packet.array();
    }

    /** An ICMPv6 message, its checksum written. */
    public static byte[] icmp6(IpAddress source, IpAddress destination, byte[] message) {
        ByteBuffer b = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        b.putShort(2, (short) 0);
        long sum = Checksum.addPseudo(0, source, destination, 58, message.length);
        b.putShort(2, Checksum.finish(Checksum.add(sum, b, 0, message.length)));
        return message;
    }

    /** A neighbor advertisement, or a solicitation with flags 0; mac 0 = no option. */
    public static byte[] discovery(int type, int flags, IpAddress target, long mac) {
        ByteBuffer b = ByteBuffer.allocate(mac == 0 ? 24 : 32).order(ByteOrder.LITTLE_ENDIAN);
        b.put(0, (byte) type);
        Net.put32(b, 4, flags);
        Net.putAddress6(b, 8, target);
        if (mac != 0) {
            b.put(24, (byte) (type == 135 ? 1 : 2)).put(25, (byte) 1);
            Net.putMac(b, 26, mac);
        }
        return b.array();
    }

    /** Write the checksum of an IPv4 header after changing it. */
    public static byte[] sumIp(byte[] packet) {
        ByteBuffer buffer = ByteBuffer.wrap(packet).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putShort(10, (short) 0);
        int header = (packet[0] & 0xf) * 4;
        buffer.putShort(10, Checksum.finish(Checksum.add(0, buffer, 0, header)));
        return packet;
    }

    /** A TCP segment from the peer to the stack, over IPv4, with a right checksum. */
    public static byte[] tcp(
            int sourcePort,
            int destinationPort,
            int seq,
            int ack,
            int flags,
            int window,
            byte[] options,
            byte[] payload) {
        byte[] segment =
                bare(sourcePort, destinationPort, seq, ack, flags, window, options, payload);
        return sumTcp(PEER, LOCAL, segment);
    }

    /** The same over the version of IP of this peer. */
    public byte[] segment(
            int sourcePort,
            int destinationPort,
            int seq,
            int ack,
            int flags,
            int window,
            byte[] options,
            byte[] payload) {
        byte[] segment =
                bare(sourcePort, destinationPort, seq, ack, flags, window, options, payload);
        return sumTcp(remote, local, segment);
    }

    /** Write the checksum of a segment. */
    public static byte[] sumTcp(IpAddress source, IpAddress destination, byte[] segment) {
        ByteBuffer b = ByteBuffer.wrap(segment).order(ByteOrder.LITTLE_ENDIAN);
        b.putShort(16, (short) 0);
        long sum = Checksum.addPseudo(0, source, destination, 6, segment.length);
        b.putShort(16, Checksum.finish(Checksum.add(sum, b, 0, segment.length)));
        return segment;
    }

    private static byte[] bare(
            int sourcePort,
            int destinationPort,
            int seq,
            int ack,
            int flags,
            int window,
            byte[] options,
            byte[] payload) {
        int header = 20 + options.length;
        ByteBuffer b = ByteBuffer.allocate(header + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        Net.put16(b, 0, sourcePort);
        Net.put16(b, 2, destinationPort);
        Net.put32(b, 4, seq);
        Net.put32(b, 8, ack);
        b.put(12, (byte) (header << 2));
        b.put(13, (byte) flags);
        Net.put16(b, 14, window);
        b.put(20, options, 0, options.length);
        b.put(header, payload, 0, payload.length);
        return b.array();
    }

    /** Send a segment from {@link #PEER_PORT} and let the stack answer. */
    public void send(int port, int seq, int ack, int flags, byte[] options, byte[] payload) {
        byte[] segment = segment(PEER_PORT, port, seq, ack, flags, 60_000, options, payload);
        packet(ip(remote, local, 6, segment));
    }

    /** Send an IP packet and let the stack answer. */
    public void packet(byte[] packet) {
        frame(LOCAL_MAC, ip.etherType, packet);
        settle();
    }

    public void send(int port, int seq, int ack, int flags, String payload) {
        send(port, seq, ack, flags, new byte[0], payload.getBytes(UTF_8));
    }

    /** The only segment that the stack sent since the last look. */
    public Seen one() {
        settle();
        assertThat(segments).as("segments of the stack").hasSize(1);
        return segments.poll();
    }

    public void silent() {
        settle();
        assertThat(segments).as("segments of the stack").isEmpty();
    }

    @Override
    public void close() {
        stack.close();
        assertThat(stack.held()).allSatisfy((what, held) -> assertThat(held).as(what).isZero());
        link.end(1).doWork(now);
        ethernet.close();
        link.close();
    }

    // ---- Protocol.

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        long at = netBufferLists;
        while (at != 0) {
            long data = at + BufferPool.DATA;
            ByteBuffer buffer = memory.buffer(Refs.region(data));
            int start = Refs.offset(data);
            int length = new NetBuffer(memory).wrap(list.wrap(at).firstNetBuffer()).dataLength();
            byte[] frame = new byte[length];
            buffer.get(start, frame);
            received(frame);
            at = list.wrap(at).next();
        }
        binding.returnNetBufferLists(netBufferLists);
    }

    private void received(byte[] frame) {
        ByteBuffer b = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
        int type = Net.u16(b, 12);
        if (type == EthernetLink.TYPE_ARP && answerArp && Net.u16(b, 20) == 1) {
            if (Net.address4(b, 38).equals(PEER)) {
                frame(LOCAL_MAC, EthernetLink.TYPE_ARP, arp(2, PEER_MAC, PEER, LOCAL_MAC, LOCAL));
                return;
            }
        }
        boolean six = type == EthernetLink.TYPE_IPV6;
        boolean asked = six && frame[20] == 58 && frame[54] == (byte) 135 && answerArp;
        if (asked && Net.address6(b, 62).equals(remote)) {
            byte[] answer = discovery(136, 0x6000_0000, remote, PEER_MAC);
            frame(
                    LOCAL_MAC,
                    EthernetLink.TYPE_IPV6,
                    ip6(remote, local, 58, 255, icmp6(remote, local, answer)));
            return;
        }
        if (type != ip.etherType || frame[six ? 20 : 23] != 6) {
            others.add(frame);
            return;
        }
        int tcp = six ? 54 : 14 + (frame[14] & 0xf) * 4;
        int header = (frame[tcp + 12] >> 4 & 0xf) * 4;
        int total = six ? Net.u16(b, 18) + 54 : Net.u16(b, 16) + 14;
        Packet packet =
                new Packet(
                        six ? Net.address6(b, 22) : Net.address4(b, 26),
                        six ? Net.address6(b, 38) : Net.address4(b, 30),
                        frame[six ? 21 : 22] & 0xff,
                        Arrays.copyOfRange(frame, six ? tcp : 34, tcp));
        segments.add(
                new Seen(
                        Net.u16(b, tcp),
                        Net.u16(b, tcp + 2),
                        Net.u32(b, tcp + 4),
                        Net.u32(b, tcp + 8),
                        frame[tcp + 13] & 0x3f,
                        Net.u16(b, tcp + 14),
                        Arrays.copyOfRange(frame, tcp + 20, tcp + header),
                        Arrays.copyOfRange(frame, tcp + header, total),
                        Net.u16(b, tcp + 18),
                        packet));
    }

    /** An ARP packet. */
    public static byte[] arp(
            int op, long senderMac, IpAddress sender, long targetMac, IpAddress target) {
        ByteBuffer b = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
        Net.put16(b, 0, 1);
        Net.put16(b, 2, 0x0800);
        b.put(4, (byte) 6);
        b.put(5, (byte) 4);
        Net.put16(b, 6, op);
        Net.putMac(b, 8, senderMac);
        Net.putAddress4(b, 14, sender);
        Net.putMac(b, 18, targetMac);
        Net.putAddress4(b, 24, target);
        return b.array();
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        ethernet.complete(netBufferLists);
    }

    @Override
    public void initiateOffloadComplete(long root) {}

    @Override
    public void queryOffloadComplete(long root) {}

    @Override
    public void updateOffloadComplete(long root) {}

    @Override
    public void invalidateOffloadComplete(long root) {}

    @Override
    public void terminateOffloadComplete(long root) {}

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {}

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {}

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {}

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {}

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {}

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {}

    @Override
    public void oidRequestComplete(long request) {}

    @Override
    public void statusIndication(StatusIndication indication) {}
}
