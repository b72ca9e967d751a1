// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.link.Net;
import dev.flue.host.tcp.RssHash;
import dev.flue.offload.PathConst;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Offload over both versions of IP: what is handed over, and what comes up raw and goes back. */
@ParameterizedClass
@EnumSource(Ip.class)
class BothVersionsTest {
    private static final long LOCAL_MAC = 0x0200_0000_0001L;
    private static final long PEER_MAC = 0x0200_0000_0002L;

    private final ChimneyLab lab = new ChimneyLab();
    private final Ip ip;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();

    BothVersionsTest(Ip ip) {
        this.ip = ip;
        lab.version = ip;
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    private void packet(long destination, int type, byte[] packet) {
        ByteBuffer frame = ByteBuffer.allocate(14 + packet.length).order(ByteOrder.LITTLE_ENDIAN);
        Net.putMac(frame, 0, destination);
        Net.putMac(frame, 6, PEER_MAC);
        Net.put16(frame, 12, type);
        frame.put(14, packet);
        lab.link.inject(1, frame.array());
        lab.settle();
    }

    private void packet(byte[] packet) {
        packet(LOCAL_MAC, ip.etherType, packet);
    }

    /** The next segment of the peer. */
    private byte[] segment(OffloadConnection c, TargetConn conn, int bytes) {
        byte[] none = {};
        byte[] segment =
                RawPeer.tcp(
                        80,
                        c.localPort(),
                        conn.rcvNxt,
                        conn.sndUna,
                        0x10,
                        9,
                        none,
                        new byte[bytes]);
        return RawPeer.sumTcp(ip.second, ip.first, segment);
    }

    /** A piece of a TCP segment in a packet of its own. */
    private byte[] fragment(byte[] segment, int from, int to, boolean more) {
        byte[] part = Arrays.copyOfRange(segment, from, to);
        if (ip == Ip.V4) {
            byte[] packet = RawPeer.ip(ip.second, ip.first, 6, part);
            packet[6] = (byte) (more ? 0x20 : 0);
            packet[7] = (byte) (from / 8);
            return RawPeer.sumIp(packet);
        }
        ByteBuffer payload = ByteBuffer.allocate(8 + part.length);
        payload.put((byte) 6).put((byte) 0).putShort((short) (from | (more ? 1 : 0))).putInt(7);
        return RawPeer.ip(ip.second, ip.first, 44, payload.put(part).array());
    }

    /** The segment behind an IPv4 option, or an extension header. */
    private byte[] withOption(byte[] segment) {
        if (ip == Ip.V6) {
            ByteBuffer payload = ByteBuffer.allocate(8 + segment.length);
            payload.put((byte) 6).put((byte) 0).put((byte) 1).put((byte) 4).putInt(0).put(segment);
            return RawPeer.ip(ip.second, ip.first, 60, payload.array());
        }
        byte[] plain = RawPeer.ip(ip.second, ip.first, 6, segment);
        byte[] packet = new byte[plain.length + 4];
        System.arraycopy(plain, 0, packet, 0, 20);
        System.arraycopy(plain, 20, packet, 24, segment.length);
        packet[0] = 0x46;
        packet[3] += 4;
        packet[20] = 1;
        return RawPeer.sumIp(packet);
    }

    private IpAddress address(long ref) {
        ByteBuffer buffer = lab.memory.buffer(Refs.region(ref));
        int at = Refs.offset(ref);
        return ip == Ip.V4 ? Net.address4(buffer, at) : Net.address6(buffer, at);
    }

    @Test
    @Rule("H-14")
    void thePathAndTheConnectionAreDescribedInTheirVersion() {
        lab.target.auto = false;
        OffloadConnection c = lab.connect(mine, theirs, 80);
        ProtocolOffloadBlockList block = new ProtocolOffloadBlockList(lab.memory);
        long path = block.wrap(lab.target.initiates.get(0)).dependentBlockList();
        StateType type = ip == Ip.V4 ? StateType.IP4 : StateType.IP6;
        assertThat(block.wrap(path).type()).isEqualTo(type.code());
        PathConst addresses = new PathConst(lab.memory).wrap(path + StateOffsets.PATH_CONST);
        assertThat(address(addresses.sourceAddress())).isEqualTo(ip.first);
        assertThat(address(addresses.destinationAddress())).isEqualTo(ip.second);
        long tcp = block.wrap(path).dependentBlockList();
        lab.target.state.constant.wrap(tcp + StateOffsets.TCP_CONST);
        assertThat(lab.target.state.constant.remoteMss()).isEqualTo(1500 - ip.headers());
        assertThat(lab.target.state.constant.hashValue())
                .isEqualTo(RssHash.tcp(ip.second, ip.first, 80, c.localPort()));
        lab.target.state.cached.wrap(tcp + StateOffsets.TCP_CACHED);
        assertThat(lab.target.state.cached.ttlOrHopLimit()).isEqualTo(64);
        assertThat(lab.target.state.cached.flowLabel() != 0).isEqualTo(ip == Ip.V6);
        assertThat(lab.target.state.cached.flowLabel() >>> 20).isZero();
    }

    @Test
    @Rule("H-52")
    void aSegmentThatCameInFragmentsIsForwardedWhole() {
        OffloadConnection c = lab.connect(mine, theirs, 80);
        TargetConn conn = lab.target.conn();
        byte[] segment = segment(c, conn, 700);
        packet(fragment(segment, 512, segment.length, false));
        assertThat(conn.forwarded).isEmpty();
        packet(fragment(segment, 0, 512, true));
        assertThat(conn.forwarded).hasSize(1);
        assertThat(conn.forwarded.get(0)).isEqualTo(segment);
        assertThat(c.offloaded()).as("fragments are no reason to take it back").isTrue();
    }

    @Test
    void aSegmentThatIsLargerThanOurMtuIsNotForwardedButCounted() {
        OffloadConnection c = lab.connect(mine, theirs, 80);
        TargetConn conn = lab.target.conn();
        byte[] segment = segment(c, conn, 2500);
        packet(fragment(segment, 0, 1280, true));
        packet(fragment(segment, 1280, segment.length, false));
        assertThat(conn.forwarded).isEmpty();
        assertThat(lab.stack.counters().chimney.segmentsForwarded).isZero();
        assertThat(lab.stack.counters().chimney.segmentsNotForwarded).isEqualTo(1);
        assertThat(lab.stack.counters().asMap()).containsEntry("segmentsNotForwarded", 1L);
        assertThat(c.offloaded()).isTrue();
    }

    @Test
    @Rule({"H-52", "H-2"})
    void aSegmentBehindOptionsIsForwardedAndItsConnectionNotOffloadedAgain() {
        OffloadConnection c = lab.connect(mine, theirs, 80);
        TargetConn conn = lab.target.conn();
        byte[] segment = segment(c, conn, 3);
        packet(withOption(segment));
        assertThat(conn.forwarded).hasSize(1);
        assertThat(conn.forwarded.get(0)).isEqualTo(segment);
        c.upload();
        lab.settle();
        c.offload();
        lab.settle();
        assertThat(c.offloaded()).isFalse();
        assertThat(c.offloadCause()).contains("IP options");
    }

    @Test
    @Rule("H-2")
    void aConnectionThatOpensWithOptionsIsNotOffloaded() {
        Recorder accepted = new Recorder();
        lab.stack.listen(99, 4, () -> accepted);
        lab.connect(mine, theirs, 80);
        int[] iss = new int[1];
        int tcp = ip == Ip.V4 ? 34 : 54;
        lab.link.filter(
                (from, number, frame, at, length) -> {
                    boolean ours = from == 0 && length > tcp + 8 && Net.u16(frame, at + tcp) == 99;
                    iss[0] = ours ? Net.u32(frame, at + tcp + 4) : iss[0];
                    return !ours;
                });
        byte[] none = {};
        byte[] syn = RawPeer.tcp(7, 99, 100, 0, 2, 1000, none, none);
        packet(withOption(RawPeer.sumTcp(ip.second, ip.first, syn)));
        byte[] ack = RawPeer.tcp(7, 99, 101, iss[0] + 1, 0x10, 1000, none, none);
        packet(RawPeer.ip(ip.second, ip.first, 6, RawPeer.sumTcp(ip.second, ip.first, ack)));
        assertThat(accepted.connects).isEqualTo(1);
        accepted.connection.offload();
        lab.settle();
        assertThat(accepted.connection.offloaded()).isFalse();
        assertThat(accepted.connection.offloadCause()).contains("IP options");
        accepted.connection.abort();
    }
}
