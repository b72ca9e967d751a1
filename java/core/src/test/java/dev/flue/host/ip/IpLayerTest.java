// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Packets written by hand: what IP lets through, and what ICMP does. */
class IpLayerTest {
    private static final byte[] PING = {8, 0, 0, 0, 1, 2, 0, 1, 'h', 'e', 'l', 'l', 'o'};

    private final RawPeer peer = new RawPeer();
    private final IpCounters counters = peer.stack.counters().ip;

    @AfterEach
    void close() {
        peer.close();
    }

    private static byte[] icmp(byte[] message) {
        ByteBuffer buffer = ByteBuffer.wrap(message.clone()).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putShort(2, (short) 0);
        buffer.putShort(2, Checksum.finish(Checksum.add(0, buffer, 0, message.length)));
        return buffer.array();
    }

    private static byte[] ping() {
        return RawPeer.ip(RawPeer.PEER, RawPeer.LOCAL, 1, icmp(PING));
    }

    private void packet(byte[] packet) {
        peer.frame(RawPeer.LOCAL_MAC, EthernetLink.TYPE_IPV4, packet);
        peer.settle();
    }

    @Test
    void anEchoRequestIsAnswered() {
        packet(ping());
        assertThat(peer.others).hasSize(1);
        byte[] answer = peer.others.get(0);
        byte[] expected = PING.clone();
        expected[0] = 0;
        byte[] message = Arrays.copyOfRange(answer, 34, 34 + PING.length);
        assertThat(message).isEqualTo(icmp(expected));
        assertThat(counters.icmpEchoes).isEqualTo(1);
    }

    @Test
    @Rule("H-46")
    void ourPacketIdsStayInTheLowerHalfAndDfIsSet() {
        for (int i = 0; i < 200; i++) {
            packet(ping());
        }
        for (byte[] frame : peer.others) {
            ByteBuffer b = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(Net.u16(b, 18)).isLessThan(0x8000);
            assertThat(Net.u16(b, 20)).isEqualTo(0x4000);
        }
    }

    @Test
    void aHeaderThatIsWrongIsDropped() {
        byte[][] broken = new byte[6][];
        for (int i = 0; i < broken.length; i++) {
            broken[i] = ping();
        }
        broken[0][10] ^= 1;
        broken[1][0] = 0x65;
        RawPeer.sumIp(broken[1]);
        broken[2][0] = 0x44;
        RawPeer.sumIp(broken[2]);
        broken[3][3] += 1;
        RawPeer.sumIp(broken[3]);
        broken[4][8] = 0;
        RawPeer.sumIp(broken[4]);
        broken[5][3] = 19;
        broken[5][2] = 0;
        RawPeer.sumIp(broken[5]);
        for (byte[] each : broken) {
            packet(each);
        }
        assertThat(peer.others).isEmpty();
        assertThat(counters.headerErrors).isEqualTo(broken.length);
    }

    @Test
    @Rule("9293/MUST-57")
    void packetsForOthersAndFromImpossibleSourcesAreDropped() {
        IpAddress other = IpAddress.of("198.18.0.9");
        packet(RawPeer.ip(RawPeer.PEER, other, 1, icmp(PING)));
        packet(RawPeer.ip(RawPeer.LOCAL, RawPeer.LOCAL, 1, icmp(PING)));
        packet(RawPeer.ip(IpAddress.of("224.0.0.1"), RawPeer.LOCAL, 1, icmp(PING)));
        packet(RawPeer.ip(IpAddress.of("198.18.0.255"), RawPeer.LOCAL, 1, icmp(PING)));
        packet(RawPeer.ip(IpAddress.of("0.0.0.0"), RawPeer.LOCAL, 1, icmp(PING)));
        assertThat(counters.notOurs).isEqualTo(5);
        peer.frame(EthernetLink.BROADCAST, EthernetLink.TYPE_IPV4, ping());
        peer.settle();
        assertThat(peer.others).isEmpty();
    }

    @Test
    @Rule({"9293/MUST-50", "H-2"})
    void ipOptionsAreIgnoredAndKeepAConnectionOnTheHost() {
        Recorder handler = new Recorder();
        peer.stack.listen(80, 4, () -> handler);
        byte[] syn = peer.segment(9, 80, 100, 0, 2, 1000, new byte[0], new byte[0]);
        byte[] plain = RawPeer.ip(RawPeer.PEER, RawPeer.LOCAL, 6, syn);
        byte[] withOptions = new byte[plain.length + 4];
        System.arraycopy(plain, 0, withOptions, 0, 20);
        System.arraycopy(plain, 20, withOptions, 24, plain.length - 20);
        withOptions[0] = 0x46;
        withOptions[3] += 4;
        withOptions[20] = 1;
        packet(RawPeer.sumIp(withOptions));
        assertThat(peer.one().flags()).isEqualTo(0x12);
        assertThat(counters.optionsIgnored).isEqualTo(1);
    }

    /** A piece of the ping, with the fragment fields set. */
    private void fragment(byte[] message, int from, int to, boolean more) {
        byte[] part = Arrays.copyOfRange(message, from, to);
        byte[] packet = RawPeer.ip(RawPeer.PEER, RawPeer.LOCAL, 1, part);
        packet[6] = (byte) (more ? 0x20 : 0);
        packet[7] = (byte) (from / 8);
        packet(RawPeer.sumIp(packet));
    }

    @Test
    @Rule("H-52")
    void fragmentsArePutTogether() {
        byte[] message = icmp(Arrays.copyOf(PING, 40));
        fragment(message, 16, 40, false);
        fragment(message, 8, 15, true);
        fragment(message, 0, 16, true);
        assertThat(counters.headerErrors).as("all but the last have whole eights").isEqualTo(1);
        assertThat(counters.packetsReassembled).isEqualTo(1);
        assertThat(peer.others).hasSize(1);
        assertThat(peer.others.get(0)).hasSize(14 + 20 + 40);
    }

    @Test
    @Rule("H-46")
    void ourPacketIdsStayInTheLowerHalfAlsoWhenTheyWrap() {
        byte[] ping = ping();
        BitSet ids = new BitSet();
        for (int i = 0; i < 0x8000; i++) {
            peer.frame(RawPeer.LOCAL_MAC, EthernetLink.TYPE_IPV4, ping);
            peer.settle();
            byte[] frame = peer.others.remove(0);
            ids.set((frame[18] & 0xff) << 8 | frame[19] & 0xff);
        }
        assertThat(ids.cardinality()).as("each once").isEqualTo(0x8000);
        assertThat(ids.length()).as("none above").isEqualTo(0x8000);
    }

    @Test
    void paddingBehindThePacketIsNotData() {
        byte[] padded = Arrays.copyOf(ping(), 60);
        packet(padded);
        assertThat(peer.others).hasSize(1);
    }

    /** An ICMP error about a segment of ours. */
    private void error(int type, int code, int mtu, int port, int seq) {
        byte[] tcp = peer.segment(port, RawPeer.PEER_PORT, seq, 0, 2, 0, new byte[0], new byte[0]);
        byte[] quoted = RawPeer.ip(RawPeer.LOCAL, RawPeer.PEER, 6, tcp);
        quoted[2] = 5;
        quoted[3] = (byte) 220;
        byte[] message = new byte[8 + 28];
        message[0] = (byte) type;
        message[1] = (byte) code;
        message[6] = (byte) (mtu >> 8);
        message[7] = (byte) mtu;
        System.arraycopy(quoted, 0, message, 8, 28);
        packet(RawPeer.ip(RawPeer.PEER, RawPeer.LOCAL, 1, icmp(message)));
    }

    @Test
    @Rule({"9293/MUST-54", "9293/MUST-56"})
    void portUnreachableRefusesAnOpenAndHostUnreachableDoesNot() {
        Recorder handler = new Recorder();
        OffloadConnection c = peer.stack.connect(RawPeer.PEER, RawPeer.PEER_PORT, handler);
        int seq = peer.one().seq();
        error(3, 1, 0, c.localPort(), seq);
        error(4, 0, 0, c.localPort(), seq);
        error(3, 3, 0, c.localPort(), seq + 99);
        assertThat(handler.closed).isNull();
        error(3, 3, 0, c.localPort(), seq);
        assertThat(handler.closed).isEqualTo("connection refused");
    }

    @Test
    @Rule("9293/MUST-16")
    void tooBigLowersTheSegmentsOfAConnectionAndSendsAgain() {
        Recorder handler = new Recorder();
        OffloadConnection c = peer.stack.connect(RawPeer.PEER, RawPeer.PEER_PORT, handler);
        int seq = peer.one().seq() + 1;
        byte[] mss = {2, 4, 5, (byte) 0xb4};
        peer.send(c.localPort(), 50, seq, 0x12, mss, new byte[0]);
        peer.one();
        c.send(ByteBuffer.wrap(new byte[1460]));
        assertThat(peer.one().payload()).hasSize(1460);
        error(3, 4, 1000, c.localPort(), seq + 5000);
        peer.silent();
        error(3, 4, 1000, c.localPort(), seq);
        assertThat(peer.segments.poll().payload()).hasSize(960);
        assertThat(peer.segments.poll().payload()).hasSize(500);
        assertThat(counters.pathMtuDecreases).isEqualTo(1);
    }

    @Test
    void randomPacketsNeverBreakTheStack() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            byte[] packet = new byte[random.nextInt(120)];
            random.nextBytes(packet);
            if (packet.length >= 20 && i % 2 == 0) {
                byte[] sound = RawPeer.ip(RawPeer.PEER, RawPeer.LOCAL, i % 4 == 0 ? 6 : 1, packet);
                packet = sound;
            }
            peer.frame(RawPeer.LOCAL_MAC, i % 7 == 0 ? 0x0806 : 0x0800, packet);
            peer.settle();
            peer.segments.clear();
            peer.others.clear();
        }
    }
}
