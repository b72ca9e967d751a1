// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
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

/** A peer behind a router, and another router instead: the path moves (H-17). */
class NextHopTest {
    private static final IpAddress FAR = IpAddress.of("203.0.113.9");
    private static final IpAddress FIRST = IpAddress.of("198.18.0.3");
    private static final IpAddress SECOND = IpAddress.of("198.18.0.4");
    private static final long OUR_MAC = 0x0200_0000_0001L;
    private static final long SECOND_MAC = 0x0200_0000_0099L;

    private final ChimneyLab lab =
            new ChimneyLab(
                    config -> config.gateway(FIRST),
                    memory -> memory,
                    config -> config.address(FAR, 1));
    private final FakeTarget target = lab.target;
    private final TargetControl control = target.control;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private OffloadConnection connection;

    @BeforeEach
    void offloaded() {
        lab.peer.listen(80, 8, () -> theirs);
        connection = lab.stack.connect(FAR, 80, mine);
        lab.settle();
        answer(FIRST, lab.peer.macAddress());
        lab.until(() -> connection.offloaded());
        lab.settle();
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    /** A router tells its MAC address. */
    private void answer(IpAddress router, long mac) {
        byte[] arp = RawPeer.arp(2, mac, router, OUR_MAC, ChimneyLab.LOCAL);
        ByteBuffer frame = ByteBuffer.allocate(14 + arp.length).order(ByteOrder.LITTLE_ENDIAN);
        Net.putMac(frame, 0, OUR_MAC);
        Net.putMac(frame, 6, mac);
        Net.put16(frame, 12, EthernetLink.TYPE_ARP);
        frame.put(14, arp);
        lab.link.inject(1, frame.array());
        lab.settle();
    }

    private List<String> shapes() {
        return target.shapes.subList(1, target.shapes.size());
    }

    @Test
    @Rule("H-17")
    void anotherNextHopIsOffloadedThenThePathMovesThenTheOldOneIsTerminated() {
        long path = control.only(StateType.IP4);
        lab.stack.gateway(SECOND);
        lab.settle();
        assertThat(shapes()).as("its MAC address is asked for first").isEmpty();
        answer(SECOND, SECOND_MAC);
        assertThat(shapes())
                .containsExactly(
                        "initiate N(new)", "update N(named P(named))", "terminate N(named)");
        long neighbor = control.only(StateType.NEIGHBOR);
        assertThat(control.macs.get(neighbor)).isEqualTo(SECOND_MAC);
        assertThat(control.below.get(path)).isEqualTo(neighbor);
        assertThat(connection.offloaded()).isTrue();
        assertThat(lab.stack.offloadTree()).hasSize(1);
        assertThat(lab.stack.offloadTree().get(0).name()).startsWith("198.18.0.4 ");
        assertThat(lab.stack.counters().chimney.uploaded).isZero();
    }

    @Test
    @Rule("H-15")
    void aRouteThatChangesDuringAMoveIsFollowedAfterIt() {
        lab.stack.gateway(SECOND);
        answer(SECOND, SECOND_MAC);
        target.auto = false;
        lab.stack.gateway(FIRST);
        answer(FIRST, lab.peer.macAddress());
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(target.updates).hasSize(1);
        lab.stack.gateway(SECOND);
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
        lab.stack.gateway(SECOND);
        answer(SECOND, SECOND_MAC);
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("could not be updated");
        assertThat(target.objects).isEmpty();
    }

    @Test
    void aNextHopThatIsRefusedBringsThePathBack() {
        target.refusals.put(StateType.NEIGHBOR.code(), OffloadStatus.OFFLOAD_NEIGHBOR_ENTRIES);
        lab.stack.gateway(SECOND);
        answer(SECOND, SECOND_MAC);
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("next hop could not be offloaded");
        assertThat(target.objects).isEmpty();
    }

    @Test
    void aNextHopThatDoesNotAnswerBringsThePathBack() {
        lab.stack.gateway(SECOND);
        lab.pass(ChimneyLab.millis(10_000));
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("not reachable");
        assertThat(target.objects).isEmpty();
    }

    @Test
    void aMoveThatIsTakenBackBeforeItStartsLeavesNothing() {
        lab.stack.gateway(SECOND);
        lab.stack.gateway(FIRST);
        lab.settle();
        answer(SECOND, SECOND_MAC);
        assertThat(shapes()).isEmpty();
        assertThat(connection.offloaded()).isTrue();
    }
}
