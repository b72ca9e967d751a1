// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What changes around offloaded connections: next hops, paths, segments with options. */
class SurroundingsTest {
    private final ChimneyLab lab = new ChimneyLab();
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private OffloadConnection connection;

    private void frame(long destination, int type, byte[] payload) {
        ByteBuffer frame = ByteBuffer.allocate(14 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        Net.putMac(frame, 0, destination);
        Net.putMac(frame, 6, 0x0200_0000_0002L);
        Net.put16(frame, 12, type);
        frame.put(14, payload);
        lab.link.inject(1, frame.array());
        lab.settle();
    }

    @BeforeEach
    void offloaded() {
        connection = lab.connect(mine, theirs, 80);
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    @Test
    @Rule({"H-52", "H-2"})
    void aSegmentWithIpOptionsIsForwardedAndItsConnectionNotOffloadedAgain() {
        TargetConn conn = lab.target.conn();
        byte[] tcp =
                RawPeer.tcp(
                        80,
                        connection.localPort(),
                        conn.rcvNxt,
                        conn.sndUna,
                        0x10,
                        100,
                        new byte[0],
                        new byte[3]);
        byte[] plain = RawPeer.ip(ChimneyLab.PEER, ChimneyLab.LOCAL, 6, tcp);
        byte[] packet = new byte[plain.length + 4];
        System.arraycopy(plain, 0, packet, 0, 20);
        System.arraycopy(plain, 20, packet, 24, plain.length - 20);
        packet[0] = 0x46;
        packet[3] += 4;
        packet[20] = 1;
        frame(0x0200_0000_0001L, EthernetLink.TYPE_IPV4, RawPeer.sumIp(packet));
        assertThat(conn.forwarded).hasSize(1);
        assertThat(conn.forwarded.get(0)).isEqualTo(tcp);
        connection.upload();
        lab.settle();
        connection.offload();
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("IP options");
    }
}
