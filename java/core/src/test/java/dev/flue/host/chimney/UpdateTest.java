// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.ip.Checksum;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.Net;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What changes while a target has objects: updates, moves of paths, and what is never updated. */
@ParameterizedClass
@EnumSource(Ip.class)
class UpdateTest {
    private static final long OUR_MAC = 0x0200_0000_0001L;
    private static final long NEW_MAC = 0x0200_0000_0077L;

    /** Of an advertisement: it replaces what is known. */
    private static final int OVERRIDE = 0x2000_0000;

    private final ChimneyLab lab = new ChimneyLab();
    private final FakeTarget target = lab.target;
    private final TargetControl control = target.control;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private final Ip ip;
    private OffloadConnection connection;

    UpdateTest(Ip ip) {
        this.ip = ip;
        lab.version = ip;
    }

    @BeforeEach
    void offloaded() {
        connection = lab.connect(mine, theirs, 80);
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    private void frame(long destination, int type, byte[] payload) {
        lab.link.inject(1, frameBytes(destination, type, payload));
        lab.settle();
    }

    private static byte[] frameBytes(long destination, int type, byte[] payload) {
        ByteBuffer frame = ByteBuffer.allocate(14 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        Net.putMac(frame, 0, destination);
        Net.putMac(frame, 6, 0x0200_0000_0002L);
        Net.put16(frame, 12, type);
        frame.put(14, payload);
        return frame.array();
    }

    /** The next hop tells its MAC address unasked. */
    private void newMac(long mac) {
        if (ip == Ip.V4) {
            byte[] arp = RawPeer.arp(1, mac, ip.second, 0, ip.second);
            frame(EthernetLink.BROADCAST, EthernetLink.TYPE_ARP, arp);
            return;
        }
        byte[] advertisement = RawPeer.discovery(136, OVERRIDE, ip.second, mac);
        RawPeer.icmp6(ip.second, ip.first, advertisement);
        byte[] packet = RawPeer.ip6(ip.second, ip.first, 58, 255, advertisement);
        frame(OUR_MAC, EthernetLink.TYPE_IPV6, packet);
    }

    /** A router quotes a segment of the connection that it could not pass on. */
    private void tooBig(int mtu) {
        byte[] tcp =
                RawPeer.tcp(connection.localPort(), 80, 1, 0, 0x10, 0, new byte[0], new byte[0]);
        byte[] quoted = RawPeer.ip(ip.first, ip.second, 6, tcp);
        ByteBuffer message = ByteBuffer.allocate(8 + quoted.length).order(ByteOrder.LITTLE_ENDIAN);
        message.put(8, quoted);
        byte[] packet;
        if (ip == Ip.V4) {
            message.put(0, (byte) 3).put(1, (byte) 4);
            Net.put16(message, 6, mtu);
            long sum = Checksum.add(0, message, 0, message.capacity());
            message.putShort(2, Checksum.finish(sum));
            packet = RawPeer.ip(ip.second, ip.first, 1, message.array());
        } else {
            message.put(0, (byte) 2);
            Net.put32(message, 4, mtu);
            byte[] summed = RawPeer.icmp6(ip.second, ip.first, message.array());
            packet = RawPeer.ip(ip.second, ip.first, 58, summed);
        }
        frame(OUR_MAC, ip.etherType, packet);
    }

    private List<String> shapes(String operation) {
        return target.shapes.stream().filter(s -> s.startsWith(operation)).toList();
    }

    private TcpCached cached() {
        long block = target.updates.get(target.updates.size() - 1);
        MiniportOffloadBlockList header = new MiniportOffloadBlockList(lab.memory);
        assertThat(header.wrap(block).type()).isEqualTo(StateType.TCP_CACHED.code());
        return new TcpCached(lab.memory).wrap(block + OffloadBlockList.BYTES);
    }

    @Test
    @Rule("H-17")
    void aNewMacAddressOfTheSameNextHopIsAnUpdateOfItsNeighbor() {
        newMac(NEW_MAC);
        assertThat(shapes("update")).containsExactly("update N(named)");
        assertThat(control.macs.get(control.only(StateType.NEIGHBOR))).isEqualTo(NEW_MAC);
        assertThat(connection.offloaded()).as("it stays where it is").isTrue();
        assertThat(lab.stack.offloadTree().get(0).name()).contains("02:00:00:00:00:77");
        assertThat(shapes("terminate")).isEmpty();
    }

    @Test
    @Rule("H-52")
    void tooBigIsAnUpdateOfThePathMtu() {
        tooBig(1300);
        assertThat(shapes("update")).containsExactly("update P(named)");
        StateType path = ip == Ip.V4 ? StateType.IP4 : StateType.IP6;
        assertThat(control.mtus.get(control.only(path))).isEqualTo(1300);
        assertThat(connection.offloaded()).isTrue();
        assertThat(lab.stack.offloadTree().get(0).dependents().get(0).name()).contains("mtu 1300");
    }

    @Test
    @Rule("H-15")
    void whatChangesDuringAnUpdateIsSentOnceAfterIt() {
        target.auto = false;
        newMac(0x0200_0000_0071L);
        newMac(0x0200_0000_0072L);
        newMac(NEW_MAC);
        assertThat(target.updates).as("one at a time").hasSize(1);
        target.later(target::completeUpdate);
        lab.settle();
        assertThat(target.updates).as("what came meanwhile, at once").hasSize(1);
        target.later(target::completeUpdate);
        lab.settle();
        assertThat(shapes("update")).hasSize(2);
        assertThat(control.macs.get(control.only(StateType.NEIGHBOR))).isEqualTo(NEW_MAC);
    }

    @Test
    @Rule("H-15")
    void aConnectionWhoseInitiateRunsIsUpdatedAfterIt() {
        target.auto = false;
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        second.options().keepAlive(true);
        lab.settle();
        assertThat(target.updates).isEmpty();
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(target.updates).hasSize(1);
        assertThat(cached().flags() & TcpCached.FLAG_KEEP_ALIVE_ENABLED).isNotZero();
    }

    @Test
    @Rule("H-15")
    void anInvalidatedNeighborIsNotUpdated() {
        target.auto = false;
        lab.stack.invalidate(ip.second);
        lab.settle();
        newMac(NEW_MAC);
        target.later(target::completeInvalidate);
        lab.settle();
        assertThat(target.updates).isEmpty();
        assertThat(shapes("update")).isEmpty();
    }

    @Test
    void objectsOfDifferentConnectionsAreUpdatedSideBySide() {
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        target.auto = false;
        connection.options().keepAlive(true);
        second.options().keepAlive(true);
        newMac(NEW_MAC);
        lab.settle();
        assertThat(target.updates).hasSize(3);
    }

    @Test
    @Rule("H-21")
    void aTerminateWaitsForTheUpdatesOfWhatItNames() {
        target.auto = false;
        connection.options().noDelay(false);
        newMac(NEW_MAC);
        lab.settle();
        assertThat(target.updates).hasSize(2);
        connection.upload();
        lab.settle();
        assertThat(target.terminates).isEmpty();
        target.later(target::completeUpdate);
        lab.settle();
        assertThat(shapes("terminate"))
                .as("the neighbor is still being updated, it stays for now")
                .containsExactly("terminate P(named T(named))");
        target.auto = true;
        target.later(target::completeUpdate);
        target.later(target::completeTerminate);
        lab.settle();
        assertThat(target.objects).isEmpty();
    }

    @Test
    @Rule("H-18")
    void whatCannotBeUpdatedComesBack() {
        control.updateStatus = OffloadStatus.FAILURE;
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        connection.options().keepAlive(true);
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("could not be updated");
        assertThat(second.offloaded()).isTrue();
        newMac(NEW_MAC);
        assertThat(second.offloaded()).as("a neighbor takes all over it along").isFalse();
        assertThat(target.objects).isEmpty();
    }

    @Test
    @Rule("H-16")
    void optionsOfAnOffloadedConnectionGoDownWithTheFlagsThatSayWhatChanged() {
        target.auto = false;
        connection
                .options()
                .keepAlive(true)
                .keepAliveIdleMillis(5_000)
                .keepAliveIntervalMillis(700)
                .keepAliveCount(4);
        lab.settle();
        assertThat(target.updates).as("all in one").hasSize(1);
        assertThat(shapes("update"))
                .as("nothing below it is named")
                .containsExactly("update T(named)");
        TcpCached cached = cached();
        assertThat(cached.flags()).isEqualTo(0x01 | 0x04 | 0x08);
        assertThat(cached.kaTimeout()).isEqualTo(5_000);
        assertThat(cached.kaInterval()).isEqualTo(700);
        assertThat(cached.kaProbeCount()).isEqualTo(4);
        target.later(target::completeUpdate);
        lab.settle();
        connection.options().noDelay(false).receiveBuffer(100_000).userTimeoutMillis(9_000);
        connection.options().hopLimit(7).trafficClass(0x20);
        lab.settle();
        cached = cached();
        assertThat(cached.flags()).as("the restart was told").isEqualTo(0x01 | 0x02 | 0x08 | 0x10);
        assertThat(cached.initialRcvWnd()).isEqualTo(100_000);
        assertThat(cached.maxRt()).isEqualTo(9_000);
        assertThat(cached.ttlOrHopLimit()).isEqualTo(7);
        assertThat(cached.tosOrTrafficClass()).isEqualTo(0x20);
    }

    @Test
    void optionsSetBeforeTheOffloadGoDownWithIt() {
        connection.upload();
        lab.settle();
        connection.options().keepAlive(true).keepAliveIdleMillis(4_000).hopLimit(9);
        lab.pass(ChimneyLab.millis(1_000));
        target.auto = false;
        connection.offload();
        lab.settle();
        MiniportOffloadBlockList block = new MiniportOffloadBlockList(lab.memory);
        long path = block.wrap(target.initiates.get(0)).dependentBlockList();
        long tcp = block.wrap(path).dependentBlockList();
        TcpCached cached = target.state.cached.wrap(tcp + 176);
        assertThat(cached.flags()).isEqualTo(TcpCached.FLAG_KEEP_ALIVE_ENABLED);
        assertThat(cached.ttlOrHopLimit()).isEqualTo(9);
        assertThat(target.state.delegated.wrap(tcp + 224).kaTimeoutDelta()).isEqualTo(3_000);
    }
}
