// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.Net;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A peer behind a router, and another router instead: the path moves (H-17). */
@ParameterizedClass
@EnumSource(Ip.class)
class NextHopTest {
    private static final long OUR_MAC = 0x0200_0000_0001L;
    private static final int SOLICITED = 0x6000_0000;
    private static final long SECOND_MAC = 0x0200_0000_0099L;

    private final Ip ip;
    private final IpAddress far;
    private final IpAddress first;
    private final IpAddress second;
    private final ChimneyLab lab;
    private final FakeTarget target;
    private final TargetControl control;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private OffloadConnection connection;

    NextHopTest(Ip ip) {
        this.ip = ip;
        boolean four = ip == Ip.V4;
        far = IpAddress.of(four ? "203.0.113.9" : "2001:db8:9::9");
        first = IpAddress.of(four ? "198.18.0.3" : "2001:db8::3");
        second = IpAddress.of(four ? "198.18.0.4" : "2001:db8::4");
        int prefix = four ? 1 : 3;
        lab =
                new ChimneyLab(
                        config -> config.gateway(first),
                        config -> config.address(far, prefix),
                        memory -> memory);
        target = lab.target;
        control = lab.target.control;
    }

    @BeforeEach
    void offloaded() {
        lab.peer.listen(80, 8, () -> theirs);
        connection = lab.stack.connect(far, 80, mine);
        lab.settle();
        answer(first, lab.peer.macAddress());
        lab.until(() -> connection.offloaded());
        lab.settle();
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    /** A router tells its MAC address. */
    private void answer(IpAddress router, long mac) {
        byte[] packet;
        if (ip == Ip.V4) {
            packet = RawPeer.arp(2, mac, router, OUR_MAC, ip.first);
        } else {
            byte[] advertisement = RawPeer.discovery(136, SOLICITED, router, mac);
            RawPeer.icmp6(router, ip.first, advertisement);
            packet = RawPeer.ip6(router, ip.first, 58, 255, advertisement);
        }
        ByteBuffer frame = ByteBuffer.allocate(14 + packet.length).order(ByteOrder.LITTLE_ENDIAN);
        Net.putMac(frame, 0, OUR_MAC);
        Net.putMac(frame, 6, mac);
        Net.put16(frame, 12, ip == Ip.V4 ? EthernetLink.TYPE_ARP : ip.etherType);
        frame.put(14, packet);
        lab.link.inject(1, frame.array());
        lab.settle();
    }

    private List<String> shapes() {
        return target.shapes.subList(1, target.shapes.size());
    }

    @Test
    @Rule({"H-16", "H-17"})
    void anotherNextHopIsOffloadedThenThePathMovesThenTheOldOneIsTerminated() {
        long path = control.only(ip == Ip.V4 ? StateType.IP4 : StateType.IP6);
        lab.stack.gateway(second);
        lab.settle();
        assertThat(shapes()).as("its MAC address is asked for first").isEmpty();
        answer(second, SECOND_MAC);
        assertThat(shapes())
                .containsExactly(
                        "initiate N(new)", "update N(named P(named))", "terminate N(named)");
        long neighbor = control.only(StateType.NEIGHBOR);
        assertThat(control.macs.get(neighbor)).isEqualTo(SECOND_MAC);
        assertThat(control.below.get(path)).isEqualTo(neighbor);
        assertThat(control.below.get(target.conn().token)).as("it stays there").isEqualTo(path);
        assertThat(connection.offloaded()).isTrue();
        assertThat(lab.stack.offloadTree()).hasSize(1);
        assertThat(lab.stack.offloadTree().get(0).name()).startsWith(second + " ");
        assertThat(lab.stack.counters().chimney.uploaded).isZero();
    }

    @Test
    @Rule("H-15")
    void aRouteThatChangesDuringAMoveIsFollowedAfterIt() {
        lab.stack.gateway(second);
        answer(second, SECOND_MAC);
        target.auto = false;
        lab.stack.gateway(first);
        answer(first, lab.peer.macAddress());
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(target.updates).hasSize(1);
        lab.stack.gateway(second);
        lab.settle();
        assertThat(target.updates).as("the move runs").hasSize(1);
        target.auto = true;
        target.later(target::completeUpdate);
        lab.settle();
        assertThat(control.macs.get(control.only(StateType.NEIGHBOR))).isEqualTo(SECOND_MAC);
        assertThat(connection.offloaded()).isTrue();
    }

    @Test
    @Rule("H-18")
    void aPathThatCannotMoveComesBackWithItsConnections() {
        control.updateStatus = OffloadStatus.FAILURE;
        lab.stack.gateway(second);
        answer(second, SECOND_MAC);
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("could not be updated");
        assertThat(target.objects).isEmpty();
    }

    @Test
    void aNextHopThatIsRefusedBringsThePathBack() {
        target.refusals.put(StateType.NEIGHBOR.code(), OffloadStatus.OFFLOAD_NEIGHBOR_ENTRIES);
        lab.stack.gateway(second);
        answer(second, SECOND_MAC);
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("next hop could not be offloaded");
        assertThat(target.objects).isEmpty();
    }

    @Test
    void aNextHopThatDoesNotAnswerBringsThePathBack() {
        lab.stack.gateway(second);
        lab.pass(ChimneyLab.millis(10_000));
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("not reachable");
        assertThat(target.objects).isEmpty();
    }

    @Test
    void aMoveThatIsTakenBackBeforeItStartsLeavesNothing() {
        lab.stack.gateway(second);
        lab.stack.gateway(first);
        lab.settle();
        answer(second, SECOND_MAC);
        assertThat(shapes()).isEmpty();
        assertThat(connection.offloaded()).isTrue();
    }
}
