// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** IPv6 packets written by hand, and what the stack makes of them. */
class Ipv6LayerTest {
    private static final int TCP = 6;
    private static final int ICMPV6 = 58;
    private static final byte[] NONE = {};

    private final RawPeer peer = new RawPeer(Ip.V6);
    private final IpCounters counters = peer.stack.counters().ip;

    @AfterEach
    void close() {
        peer.close();
    }

    private byte[] ping() {
        return icmp(128, 0, 0x0102_0304, 5, 6, 7);
    }

    private byte[] icmp(int type, int code, int word, int... rest) {
        ByteBuffer b = ByteBuffer.allocate(8 + rest.length);
        b.put((byte) type).put((byte) code).putShort((short) 0).putInt(word);
        for (int each : rest) {
            b.put((byte) each);
        }
        return RawPeer.icmp6(peer.remote, peer.local, b.array());
    }

    private void packet(int next, byte[] payload) {
        peer.packet(RawPeer.ip6(peer.remote, peer.local, next, 64, payload));
    }

    private static byte[] concat(byte[]... parts) {
        ByteBuffer all = ByteBuffer.allocate(Arrays.stream(parts).mapToInt(p -> p.length).sum());
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** The only frame that is no TCP segment. */
    private ByteBuffer answer() {
        assertThat(peer.others).hasSize(1);
        return ByteBuffer.wrap(peer.others.remove(0)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void assertProblem(int code, int pointer) {
        ByteBuffer b = answer();
        assertThat(Net.u8(b, 54)).as("type").isEqualTo(4);
        assertThat(Net.u8(b, 55)).as("code").isEqualTo(code);
        assertThat(Net.u32(b, 58)).as("pointer").isEqualTo(pointer);
        assertThat(Net.address6(b, 38)).isEqualTo(peer.remote);
        assertThat(Ipv6.version(b, 62)).as("it quotes the packet").isEqualTo(6);
        long sum = Checksum.addPseudo(0, peer.local, peer.remote, ICMPV6, b.capacity() - 54);
        assertThat(Checksum.finish(Checksum.add(sum, b, 54, b.capacity() - 54))).isZero();
    }

    private byte[] syn() {
        return peer.segment(RawPeer.PEER_PORT, 80, 100, 0, 2, 1000, NONE, NONE);
    }

    private void assertSynAck() {
        assertThat(peer.one().flags()).isEqualTo(0x12);
    }

    @Test
    void echoRequestsAreAnsweredAlsoThoseToAllNodes() {
        packet(ICMPV6, ping());
        ByteBuffer b = answer();
        assertThat(Net.u8(b, 54)).isEqualTo(129);
        assertThat(Net.u32(b, 58)).isEqualTo(0x0102_0304);
        assertThat(Net.address6(b, 22)).isEqualTo(peer.local);
        IpAddress all = IpAddress.of("ff02::1");
        byte[] group = RawPeer.icmp6(peer.remote, all, ping());
        peer.frame(0x3333_0000_0001L, Ip.V6.etherType, RawPeer.ip(peer.remote, all, 58, group));
        peer.settle();
        assertThat(Net.address6(answer(), 22)).as("never from a group").isEqualTo(peer.local);
        byte[] wrong = ping();
        wrong[9] ^= 1;
        packet(ICMPV6, wrong);
        assertThat(peer.others).isEmpty();
        assertThat(counters.icmpErrors).isEqualTo(1);
    }

    @Test
    void packetsForOthersAndFromImpossibleSourcesAreDropped() {
        byte[] ping = ping();
        peer.packet(RawPeer.ip(peer.remote, IpAddress.of("2001:db8::9"), 58, ping));
        peer.packet(RawPeer.ip(peer.local, peer.local, 58, ping));
        peer.packet(RawPeer.ip(IpAddress.of("ff02::1"), peer.local, 58, ping));
        peer.packet(RawPeer.ip(IpAddress.of("::1"), peer.local, 58, ping));
        peer.packet(RawPeer.ip(peer.remote, IpAddress.of("ff02::99"), 58, ping));
        peer.packet(RawPeer.ip6(IpAddress.ofIpv4(1), peer.local, 58, 64, ping));
        assertThat(counters.notOurs).isEqualTo(6);
        peer.frame(
                EthernetLink.BROADCAST,
                Ip.V6.etherType,
                RawPeer.ip(peer.remote, peer.local, 58, ping));
        peer.settle();
        assertThat(peer.others).isEmpty();
    }

    @Test
    @Rule("9293/MUST-57")
    void segmentsToAGroupAreNotAnswered() {
        IpAddress all = IpAddress.of("ff02::1");
        byte[] syn = RawPeer.sumTcp(peer.remote, all, syn());
        peer.frame(0x3333_0000_0001L, Ip.V6.etherType, RawPeer.ip(peer.remote, all, TCP, syn));
        peer.frame(
                0x3333_0000_0001L,
                Ip.V6.etherType,
                RawPeer.ip(peer.remote, peer.local, TCP, syn()));
        peer.silent();
    }

    @ParameterizedTest
    @CsvSource({"0", "60"})
    @Rule({"9293/MUST-50", "H-2"})
    void optionsThatMayBeSkippedAreSkipped(int header) {
        peer.stack.listen(80, 4, Recorder::new);
        byte[] options = bytes(TCP, 1, 5, 2, 0, 0, 0x1e, 4, 1, 2, 3, 4, 0, 0, 1, 0);
        packet(header, concat(options, syn()));
        assertSynAck();
        assertThat(counters.optionsIgnored).isEqualTo(1);
    }

    @Test
    void unknownOptionsAreTreatedAsTheirTwoHighestBitsAsk() {
        peer.stack.listen(80, 4, Recorder::new);
        packet(60, concat(bytes(TCP, 0, 0x41, 2, 0, 0, 0, 0), syn()));
        peer.silent();
        assertThat(peer.others).as("01: silence").isEmpty();
        packet(60, concat(bytes(TCP, 0, 0, 0x81, 1, 0, 0, 0), syn()));
        peer.silent();
        assertProblem(2, 43);
        packet(60, concat(bytes(TCP, 0, 0xc1, 2, 0, 0, 0, 0), syn()));
        peer.silent();
        assertProblem(2, 42);
        packet(60, concat(bytes(TCP, 0, 0x1e, 9, 0, 0, 0, 0), syn()));
        assertThat(counters.headerErrors).as("beyond the header").isEqualTo(4);
        assertThat(peer.others).isEmpty();
    }

    @Test
    void whoAsksForRoutingOverUsIsToldNo() {
        peer.stack.listen(80, 4, Recorder::new);
        packet(43, concat(bytes(TCP, 0, 0, 1, 0, 0, 0, 0), syn()));
        peer.silent();
        assertProblem(0, 42);
        packet(43, concat(bytes(TCP, 0, 0, 0, 0, 0, 0, 0), syn()));
        assertSynAck();
    }

    @Test
    void whatNobodyHereSpeaksIsAParameterProblem() {
        packet(17, new byte[8]);
        assertProblem(1, 6);
        packet(60, concat(bytes(99, 0, 1, 4, 0, 0, 0, 0), new byte[8]));
        assertProblem(1, 40);
        packet(60, concat(bytes(0, 0, 1, 4, 0, 0, 0, 0), new byte[8]));
        assertProblem(1, 40);
        packet(59, new byte[8]);
        assertThat(peer.others).as("no next header").isEmpty();
        for (int i = 0; i < 300; i++) {
            packet(17, new byte[8]);
        }
        assertThat(counters.problemsOut).as("bounded in a second").isEqualTo(100);
        peer.others.clear();
    }

    private static byte[] fragment(int next, int offset, boolean more, int id, byte[] data) {
        ByteBuffer header = ByteBuffer.allocate(8);
        header.put((byte) next)
                .put((byte) 0)
                .putShort((short) (offset | (more ? 1 : 0)))
                .putInt(id);
        return concat(header.array(), data);
    }

    @Test
    @Rule("H-52")
    void fragmentsArePutTogether() {
        peer.stack.listen(80, 4, Recorder::new);
        byte[] options = new byte[20];
        byte[] syn = peer.segment(RawPeer.PEER_PORT, 80, 100, 0, 2, 1000, options, NONE);
        packet(44, fragment(TCP, 24, false, 9, Arrays.copyOfRange(syn, 24, 40)));
        peer.silent();
        packet(44, fragment(TCP, 0, true, 9, Arrays.copyOf(syn, 24)));
        assertSynAck();
        assertThat(counters.packetsReassembled).isEqualTo(1);
    }

    @Test
    void aFragmentThatIsAllOfItsPacketNeedsNoOthers() {
        peer.stack.listen(80, 4, Recorder::new);
        packet(44, fragment(TCP, 0, true, 9, new byte[16]));
        packet(44, fragment(TCP, 0, false, 9, syn()));
        assertSynAck();
        packet(44, fragment(44, 0, false, 9, fragment(TCP, 0, false, 9, syn())));
        peer.silent();
        assertThat(counters.headerErrors).as("a fragment of a fragment").isEqualTo(1);
    }

    @Test
    void fragmentsThatCannotBeArePointedAt() {
        packet(44, fragment(TCP, 0, true, 9, new byte[17]));
        assertProblem(0, 4);
        packet(44, fragment(TCP, 65528, false, 9, new byte[16]));
        assertProblem(0, 42);
        peer.pass(61_000_000_000L);
    }

    /** An ICMPv6 error about a segment of ours. */
    private void error(int type, int code, int word, int port, int seq) {
        byte[] tcp = peer.segment(port, RawPeer.PEER_PORT, seq, 0, 2, 0, NONE, NONE);
        byte[] quoted = RawPeer.ip(peer.local, peer.remote, TCP, tcp);
        Net.put16(ByteBuffer.wrap(quoted).order(ByteOrder.LITTLE_ENDIAN), 4, 1460);
        byte[] head =
                ByteBuffer.allocate(8).put((byte) type).put((byte) code).putInt(4, word).array();
        packet(ICMPV6, RawPeer.icmp6(peer.remote, peer.local, concat(head, quoted)));
    }

    @Test
    @Rule({"9293/MUST-54", "9293/MUST-56"})
    void portUnreachableRefusesAnOpenAndAddressUnreachableDoesNot() {
        Recorder handler = new Recorder();
        OffloadConnection c = peer.stack.connect(peer.remote, RawPeer.PEER_PORT, handler);
        int seq = peer.one().seq();
        error(1, 3, 0, c.localPort(), seq);
        error(1, 0, 0, c.localPort(), seq);
        error(3, 0, 0, c.localPort(), seq);
        error(1, 4, 0, c.localPort(), seq + 99);
        assertThat(handler.closed).isNull();
        error(1, 4, 0, c.localPort(), seq);
        assertThat(handler.closed).isEqualTo("connection refused");
    }

    @Test
    @Rule("9293/MUST-16")
    void tooBigLowersTheSegmentsOfAConnectionButNotBelowWhatEveryLinkCarries() {
        OffloadConnection c = peer.stack.connect(peer.remote, RawPeer.PEER_PORT, new Recorder());
        int seq = peer.one().seq() + 1;
        peer.send(c.localPort(), 50, seq, 0x12, bytes(2, 4, 5, 0xa0), NONE);
        peer.one();
        c.send(ByteBuffer.wrap(new byte[1440]));
        assertThat(peer.one().payload()).hasSize(1440);
        error(2, 0, 1279, c.localPort(), seq);
        error(2, 0, 1300, c.localPort(), seq + 5000);
        peer.silent();
        error(2, 0, 1300, c.localPort(), seq);
        assertThat(peer.segments.poll().payload()).hasSize(1240);
        assertThat(peer.segments.poll().payload()).hasSize(200);
        assertThat(counters.pathMtuDecreases).isEqualTo(1);
    }

    @Test
    void everySegmentOfAConnectionHasItsFlowLabel() {
        peer.stack.listen(80, 4, Recorder::new);
        int[] labels = new int[2];
        for (int i = 0; i < 2; i++) {
            int port = 600 + i;
            peer.link.filter(
                    (from, number, frame, at, length) -> {
                        if (from == 0 && frame.get(at + 20) == TCP) {
                            labels[port - 600] = Ipv6.flowLabel(frame, at + 14);
                            assertThat(Ipv6.hopLimit(frame, at + 14)).isEqualTo(64);
                        }
                        return true;
                    });
            packet(TCP, peer.segment(port, 80, 100, 0, 2, 1000, NONE, NONE));
            int first = labels[i];
            int iss = peer.one().seq();
            packet(TCP, peer.segment(port, 80, 101, iss + 1, 0x10, 1000, NONE, NONE));
            packet(TCP, peer.segment(port, 80, 101, iss + 1, 0x10, 1000, NONE, new byte[5]));
            peer.one();
            assertThat(labels[i]).isEqualTo(first).isNotZero();
        }
        assertThat(labels[0]).isNotEqualTo(labels[1]);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void randomPacketsNeverBreakTheStack(long seed) {
        Random random = new Random(seed);
        int[] nexts = {0, 6, 43, 44, 58, 60};
        for (int i = 0; i < 10_000; i++) {
            byte[] payload = new byte[random.nextInt(120)];
            random.nextBytes(payload);
            int next = nexts[random.nextInt(nexts.length)];
            if (payload.length > 8 && i % 3 == 0) {
                payload[0] = (byte) nexts[random.nextInt(nexts.length)];
                payload[1] = (byte) random.nextInt(3);
            }
            if (next == ICMPV6 && payload.length > 8) {
                payload[0] =
                        (byte) (random.nextBoolean() ? 135 + random.nextInt(2) : random.nextInt(5));
                payload[1] = 0;
                payload = RawPeer.icmp6(peer.remote, peer.local, payload);
            }
            peer.packet(RawPeer.ip6(peer.remote, peer.local, next, 255, payload));
            peer.segments.clear();
            peer.others.clear();
        }
        peer.pass(100_000_000_000L);
        peer.others.clear();
    }
}
