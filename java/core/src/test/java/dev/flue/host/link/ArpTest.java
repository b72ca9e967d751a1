// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who has which address, asked and answered by hand. */
class ArpTest {
    private final RawPeer peer = new RawPeer();
    private final LinkCounters counters = peer.stack.counters().link;

    @AfterEach
    void close() {
        peer.close();
    }

    private void arp(int op, long mac, IpAddress sender, IpAddress target, long destination) {
        byte[] packet = RawPeer.arp(op, mac, sender, 0, target);
        peer.frame(destination, EthernetLink.TYPE_ARP, packet);
        peer.settle();
    }

    private static ByteBuffer read(byte[] frame) {
        return ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void aRequestForUsIsAnsweredAndTheAskerIsKnown() {
        arp(1, RawPeer.PEER_MAC, RawPeer.PEER, RawPeer.LOCAL, EthernetLink.BROADCAST);
        ByteBuffer answer = read(peer.others.get(0));
        assertThat(Net.mac(answer, 0)).isEqualTo(RawPeer.PEER_MAC);
        assertThat(Net.u16(answer, 20)).isEqualTo(2);
        assertThat(Net.mac(answer, 22)).isEqualTo(RawPeer.LOCAL_MAC);
        assertThat(Net.address4(answer, 28)).isEqualTo(RawPeer.LOCAL);
        peer.answerArp = false;
        peer.stack.connect(RawPeer.PEER, 80, new Recorder());
        assertThat(peer.one().flags()).as("no question first").isEqualTo(2);
    }

    @Test
    void requestsForOthersAreNotAnswered() {
        arp(1, RawPeer.PEER_MAC, RawPeer.PEER, IpAddress.of("198.18.0.7"), EthernetLink.BROADCAST);
        assertThat(peer.others).isEmpty();
    }

    @Test
    void aQuestionIsAskedThreeTimesAndThenGivenUp() {
        peer.answerArp = false;
        OffloadConnection c = peer.stack.connect(RawPeer.PEER, 80, new Recorder());
        peer.settle();
        assertThat(counters.arpRequestsOut).isEqualTo(1);
        peer.pass(2_500_000_000L);
        assertThat(counters.arpRequestsOut).isEqualTo(3);
        peer.pass(500_000_000L);
        assertThat(counters.neighborFailures).isEqualTo(1);
        // SYNs at 0, 1 and 3 seconds: two waited in vain, the third asks again.
        assertThat(counters.neighborDrops).isEqualTo(2);
        assertThat(counters.arpRequestsOut).isEqualTo(4);
        c.abort();
    }

    @Test
    void packetsWaitForTheAnswerInOrderAndBounded() {
        peer.answerArp = false;
        Recorder[] handlers = new Recorder[10];
        for (int i = 0; i < 10; i++) {
            handlers[i] = new Recorder();
            peer.stack.connect(RawPeer.PEER, 100 + i, handlers[i]);
        }
        peer.settle();
        assertThat(counters.arpRequestsOut).isEqualTo(1);
        assertThat(counters.neighborDrops).isEqualTo(2);
        arp(2, RawPeer.PEER_MAC, RawPeer.PEER, RawPeer.LOCAL, RawPeer.LOCAL_MAC);
        assertThat(peer.segments).hasSize(8);
        assertThat(peer.segments.peek().destinationPort()).isEqualTo(102);
    }

    @Test
    void gratuitousPacketsUpdateWhoIsKnownAndNobodyElse() {
        arp(1, RawPeer.PEER_MAC, RawPeer.PEER, RawPeer.LOCAL, EthernetLink.BROADCAST);
        IpAddress other = IpAddress.of("198.18.0.9");
        arp(1, 0x0200_0000_0099L, other, other, EthernetLink.BROADCAST);
        long newMac = 0x0200_0000_0055L;
        arp(1, newMac, RawPeer.PEER, RawPeer.PEER, EthernetLink.BROADCAST);
        peer.others.clear();
        peer.stack.connect(RawPeer.PEER, 80, new Recorder());
        // The frame goes to the new address: which the peer's port does not filter.
        peer.one();
        peer.answerArp = false;
        peer.stack.connect(other, 80, new Recorder());
        peer.settle();
        assertThat(counters.arpRequestsOut).as("the stranger was not learned").isEqualTo(1);
    }

    @Test
    void anOldEntryIsUsedAndAskedForByUnicastWhenNothingComesBack() {
        Recorder handler = new Recorder();
        OffloadConnection c = peer.stack.connect(RawPeer.PEER, RawPeer.PEER_PORT, handler);
        int seq = peer.one().seq() + 1;
        peer.send(c.localPort(), 50, seq, 0x12, "");
        peer.segments.clear();
        assertThat(counters.arpRequestsOut).isEqualTo(1);
        peer.pass(31_000_000_000L);
        c.send(ByteBuffer.wrap(new byte[1]));
        assertThat(peer.one().payload()).hasSize(1);
        assertThat(counters.arpRequestsOut).isEqualTo(1);
        peer.pass(5_000_000_000L);
        assertThat(counters.arpRequestsOut).as("nothing was acknowledged").isEqualTo(2);
        peer.pass(10_000_000_000L);
        assertThat(counters.arpRequestsOut).as("it answered").isEqualTo(2);
        c.abort();
    }

    @Test
    void acknowledgedDataProvesThatPacketsGetThere() {
        Recorder handler = new Recorder();
        OffloadConnection c = peer.stack.connect(RawPeer.PEER, RawPeer.PEER_PORT, handler);
        int seq = peer.one().seq() + 1;
        peer.send(c.localPort(), 50, seq, 0x12, "");
        peer.segments.clear();
        peer.pass(31_000_000_000L);
        c.send(ByteBuffer.wrap(new byte[1]));
        peer.one();
        peer.send(c.localPort(), 51, seq + 1, 0x10, "");
        peer.pass(20_000_000_000L);
        assertThat(counters.arpRequestsOut).as("only the first question").isEqualTo(1);
    }

    @Test
    void liesAreNotBelieved() {
        arp(1, 0x0100_0000_0001L, RawPeer.PEER, RawPeer.LOCAL, EthernetLink.BROADCAST);
        arp(1, RawPeer.PEER_MAC, RawPeer.LOCAL, RawPeer.LOCAL, EthernetLink.BROADCAST);
        peer.frame(EthernetLink.BROADCAST, EthernetLink.TYPE_ARP, new byte[27]);
        peer.settle();
        assertThat(counters.arpIn).isZero();
        assertThat(peer.others).isEmpty();
    }
}
