// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.HostStackConfig;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who has which IPv6 address, asked and answered by hand. */
class NeighborDiscoveryTest {
    private static final IpAddress NOBODY = IpAddress.of("::");
    private static final IpAddress ALL_NODES = IpAddress.of("ff02::1");
    private static final IpAddress OUR_GROUP = IpAddress.of("ff02::1:ff00:1");
    private static final long OUR_GROUP_MAC = 0x3333_ff00_0001L;
    private static final int SOLICITED = 0x4000_0000;
    private static final int OVERRIDE = 0x2000_0000;

    private RawPeer peer = new RawPeer(Ip.V6);
    private IpCounters counters = peer.stack.counters().ip;

    @AfterEach
    void close() {
        peer.close();
    }

    private void restart(boolean detectDuplicates) {
        peer.close();
        HostStackConfig config =
                HostStackConfig.builder()
                        .address(Ip.V6.first)
                        .detectDuplicates(detectDuplicates)
                        .seed(5)
                        .maxConnections(16)
                        .build();
        peer = new RawPeer(Ip.V6, config);
        counters = peer.stack.counters().ip;
        peer.settle();
    }

    private void send(long mac, IpAddress from, IpAddress to, int hops, byte[] message) {
        byte[] summed = RawPeer.icmp6(from, to, message);
        peer.frame(mac, Ip.V6.etherType, RawPeer.ip6(from, to, 58, hops, summed));
        peer.settle();
    }

    private void ask(IpAddress target, long mac) {
        send(OUR_GROUP_MAC, peer.remote, OUR_GROUP, 255, RawPeer.discovery(135, 0, target, mac));
    }

    private static ByteBuffer read(byte[] frame) {
        return ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
    }

    private ByteBuffer answer() {
        assertThat(peer.others).hasSize(1);
        return read(peer.others.remove(0));
    }

    private static void assertMessage(ByteBuffer b, int type, IpAddress from, IpAddress to) {
        assertThat(Net.u8(b, 54)).isEqualTo(type);
        assertThat(Ipv6.hopLimit(b, 14)).isEqualTo(255);
        assertThat(Ipv6.source(b, 14)).isEqualTo(from);
        assertThat(Ipv6.destination(b, 14)).isEqualTo(to);
    }

    @Test
    void aQuestionForUsIsAnsweredAndTheAskerIsKnown() {
        ask(peer.local, RawPeer.PEER_MAC);
        ByteBuffer b = answer();
        assertMessage(b, 136, peer.local, peer.remote);
        assertThat(Net.mac(b, 0)).isEqualTo(RawPeer.PEER_MAC);
        assertThat(Net.u32(b, 58)).isEqualTo(SOLICITED | OVERRIDE);
        assertThat(Net.address6(b, 62)).isEqualTo(peer.local);
        assertThat(Net.u16(b, 78)).as("our MAC address").isEqualTo(0x0201);
        assertThat(Net.mac(b, 80)).isEqualTo(RawPeer.LOCAL_MAC);
        peer.answerArp = false;
        peer.stack.connect(peer.remote, 80, new Recorder());
        assertThat(peer.one().flags()).as("no question first").isEqualTo(2);
    }

    @Test
    void anAskerThatNamesNoMacAddressIsAnsweredWhereItsFrameCameFrom() {
        ask(peer.local, 0);
        ByteBuffer b = answer();
        assertMessage(b, 136, peer.local, peer.remote);
        assertThat(Net.mac(b, 0)).isEqualTo(RawPeer.PEER_MAC);
        assertThat(counters.solicitationsOut).isZero();
    }

    @Test
    void questionsForOthersAreNotAnswered() {
        ask(IpAddress.of("2001:db8::7"), RawPeer.PEER_MAC);
        assertThat(peer.others).isEmpty();
        assertThat(counters.discoveryIn).isEqualTo(1);
    }

    @Test
    void ourLinkLocalAddressIsAnsweredForAndSpeaks() {
        IpAddress linkLocal = peer.stack.routes().linkLocal();
        assertThat(linkLocal).isEqualTo(IpAddress.of("fe80::ff:fe00:1"));
        ask(linkLocal, RawPeer.PEER_MAC);
        assertThat(Net.address6(answer(), 62)).isEqualTo(linkLocal);
        peer.stack.connect(IpAddress.of("fe80::2"), 80, new Recorder());
        peer.settle();
        assertMessage(answer(), 135, linkLocal, IpAddress.of("ff02::1:ff00:2"));
    }

    @Test
    void aHopIsAskedForInItsGroupAndPacketsWait() {
        peer.answerArp = false;
        OffloadConnection c = peer.stack.connect(peer.remote, 80, new Recorder());
        peer.settle();
        ByteBuffer b = answer();
        assertMessage(b, 135, peer.local, IpAddress.of("ff02::1:ff00:2"));
        assertThat(Net.mac(b, 0)).isEqualTo(0x3333_ff00_0002L);
        assertThat(Net.address6(b, 62)).isEqualTo(peer.remote);
        assertThat(Net.mac(b, 80)).isEqualTo(RawPeer.LOCAL_MAC);
        byte[] answer = RawPeer.discovery(136, SOLICITED | OVERRIDE, peer.remote, RawPeer.PEER_MAC);
        send(RawPeer.LOCAL_MAC, peer.remote, peer.local, 255, answer);
        assertThat(peer.one().flags()).isEqualTo(2);
        c.abort();
    }

    @Test
    void messagesThatCannotBeAreDropped() {
        byte[] question = RawPeer.discovery(135, 0, peer.local, RawPeer.PEER_MAC);
        send(OUR_GROUP_MAC, peer.remote, OUR_GROUP, 254, question.clone());
        byte[] noCode = question.clone();
        noCode[1] = 1;
        send(OUR_GROUP_MAC, peer.remote, OUR_GROUP, 255, noCode);
        byte[] noLength = question.clone();
        noLength[25] = 0;
        send(OUR_GROUP_MAC, peer.remote, OUR_GROUP, 255, noLength);
        byte[] beyond = question.clone();
        beyond[25] = 2;
        send(OUR_GROUP_MAC, peer.remote, OUR_GROUP, 255, beyond);
        send(OUR_GROUP_MAC, peer.remote, OUR_GROUP, 255, RawPeer.discovery(135, 0, ALL_NODES, 2));
        send(
                OUR_GROUP_MAC,
                peer.remote,
                OUR_GROUP,
                255,
                RawPeer.discovery(135, 0, peer.local, 1L << 40));
        send(OUR_GROUP_MAC, NOBODY, OUR_GROUP, 255, question.clone());
        send(RawPeer.LOCAL_MAC, NOBODY, peer.local, 255, RawPeer.discovery(135, 0, peer.local, 0));
        byte[] loud = RawPeer.discovery(136, SOLICITED, peer.remote, RawPeer.PEER_MAC);
        send(0x3333_0000_0001L, peer.remote, ALL_NODES, 255, loud);
        byte[] unsummed = question.clone();
        peer.packet(RawPeer.ip6(peer.remote, peer.local, 58, 255, unsummed));
        assertThat(counters.icmpErrors).isEqualTo(10);
        assertThat(counters.discoveryIn).isZero();
        assertThat(peer.others).isEmpty();
    }

    @Test
    void somebodyWhoWantsOurAddressIsTold() {
        byte[] detection = RawPeer.discovery(135, 0, peer.local, 0);
        send(OUR_GROUP_MAC, NOBODY, OUR_GROUP, 255, detection);
        ByteBuffer b = answer();
        assertMessage(b, 136, peer.local, ALL_NODES);
        assertThat(Net.u32(b, 58)).isEqualTo(OVERRIDE);
        assertThat(Net.mac(b, 0)).isEqualTo(0x3333_0000_0001L);
    }

    @Test
    void ourAddressesAreAskedForAtTheStartAndOurGroupsJoined() {
        restart(true);
        assertThat(peer.others).hasSize(3);
        ByteBuffer linkLocal = read(peer.others.get(0));
        assertMessage(linkLocal, 135, NOBODY, OUR_GROUP);
        assertThat(Net.address6(linkLocal, 62)).isEqualTo(peer.stack.routes().linkLocal());
        assertThat(linkLocal.capacity()).as("no option").isEqualTo(78);
        assertThat(Net.address6(read(peer.others.get(1)), 62)).isEqualTo(peer.local);
        ByteBuffer report = read(peer.others.get(2));
        assertThat(Ipv6.destination(report, 14)).isEqualTo(IpAddress.of("ff02::16"));
        assertThat(Ipv6.hopLimit(report, 14)).isEqualTo(1);
        assertThat(Net.u32(report, 54)).as("router alert").isEqualTo(0x3a00_0502);
        assertThat(Net.u8(report, 62)).isEqualTo(143);
        assertThat(Net.u16(report, 68)).as("both addresses have one group").isEqualTo(1);
        assertThat(Net.address6(report, 74)).isEqualTo(OUR_GROUP);
    }

    @Test
    void anAddressThatSomebodyHasIsGivenUp() {
        restart(true);
        peer.others.clear();
        byte[] mine = RawPeer.discovery(136, OVERRIDE, peer.local, RawPeer.PEER_MAC);
        send(0x3333_0000_0001L, peer.remote, ALL_NODES, 255, mine);
        assertThat(counters.duplicateAddresses).isEqualTo(1);
        Recorder handler = new Recorder();
        peer.stack.connect(peer.remote, 80, handler);
        peer.settle();
        assertThat(handler.closed).isEqualTo("no route to host");
        ask(peer.local, RawPeer.PEER_MAC);
        assertThat(peer.others).isEmpty();
    }

    @Test
    void afterASecondAnAddressIsOursForGood() {
        restart(true);
        peer.others.clear();
        ask(peer.local, RawPeer.PEER_MAC);
        assertThat(Net.u32(answer(), 58)).as("not sure yet").isEqualTo(SOLICITED);
        peer.now += NeighborDiscovery.DETECTION_NANOS;
        peer.settle();
        byte[] mine = RawPeer.discovery(136, OVERRIDE, peer.local, RawPeer.PEER_MAC);
        send(0x3333_0000_0001L, peer.remote, ALL_NODES, 255, mine);
        assertThat(counters.duplicateAddresses).isZero();
        ask(peer.local, RawPeer.PEER_MAC);
        assertThat(Net.u32(answer(), 58)).isEqualTo(SOLICITED | OVERRIDE);
    }
}
