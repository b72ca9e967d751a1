// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StatusIndication;
import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A host stack says where it is when the way to it may have changed. */
class AnnouncementTest {
    private static final long MAC = 0x0200c6120001L;
    private static final int ARP_SENDER = 28;
    private static final int ARP_TARGET = 38;
    private static final int TYPE_AT = 12;
    private static final int ICMPV6_AT = 54;
    private static final int ADVERTISEMENT = 136;
    private static final int SOLICITATION = 135;
    private static final int OVERRIDE = 0x20;
    private static final long PEER_MAC = 0x0200c6120009L;
    private static final List<IpAddress> NEIGHBORS =
            List.of(IpAddress.ofIpv4(0xc6120009), IpAddress.of(0x2001_0db8_0000_0000L, 9));

    private static int type(byte[] frame) {
        return (frame[TYPE_AT] & 0xff) << 8 | frame[TYPE_AT + 1] & 0xff;
    }

    @ParameterizedTest
    @EnumSource(StatusIndication.class)
    void itsAddressesAreAnnouncedWhenTheLinkIsBackOrTheTeamChanged(StatusIndication indication) {
        HeapMemory memory = new HeapMemory();
        List<byte[]> frames = new ArrayList<>();
        MemorySwitch wire = new MemorySwitch(memory, 2, 1500, 1, LinkFaults.delay(0));
        wire.listener((now, port, frame) -> frames.add(frame));
        MiniportAdapter adapter = new MiniportAdapter(memory, wire.port(0, MAC));
        HostStackConfig config =
                HostStackConfig.builder()
                        .address(IpAddress.ofIpv4(0xc6120001), 24)
                        .address(IpAddress.of(0x2001_0db8_0000_0000L, 1), 64)
                        .mtu(1500)
                        .detectDuplicates(false)
                        .seed(1)
                        .build();
        UserHostStack stack = new UserHostStack(config, memory, adapter);
        NEIGHBORS.forEach(each -> stack.neighbor(each, PEER_MAC));
        stack.doWork(1_000_000);
        frames.clear();
        adapter.statusIndication(indication);
        stack.doWork(2_000_000);
        stack.doWork(3_000_000);

        boolean announces =
                indication == StatusIndication.MEDIA_CONNECT
                        || indication
                                == StatusIndication.TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES;
        assertThat(frames.stream().filter(AnnouncementTest::gratuitous)).hasSize(announces ? 1 : 0);
        assertThat(frames.stream().filter(AnnouncementTest::unsolicited))
                .as("of its own and of its address on the link")
                .hasSize(announces ? 2 : 0);
        assertThat(frames.stream().filter(AnnouncementTest::askedOfEverybody))
                .as("for both next hops that it knows: they may have other MAC addresses now")
                .hasSize(announces ? NEIGHBORS.size() : 0);
        stack.close();
        wire.close();
    }

    /** To all, of an address, for the same address (RFC 5227, 3). */
    private static boolean gratuitous(byte[] frame) {
        return type(frame) == 0x0806
                && frame[0] == -1
                && Arrays.equals(
                        frame, ARP_SENDER, ARP_SENDER + 4, frame, ARP_TARGET, ARP_TARGET + 4);
    }

    /** For another address than its own: by broadcast, or to the group of that address. */
    private static boolean askedOfEverybody(byte[] frame) {
        boolean arp = type(frame) == 0x0806 && frame[0] == -1 && !gratuitous(frame);
        boolean discovery =
                type(frame) == 0x86dd
                        && (frame[ICMPV6_AT] & 0xff) == SOLICITATION
                        && frame[0] == 0x33;
        return (arp || discovery) && (frame[arp ? ARP_TARGET + 3 : ICMPV6_AT + 23] == 9);
    }

    /** To all nodes, not asked for, and overriding (RFC 4861, 7.2.6). */
    private static boolean unsolicited(byte[] frame) {
        return type(frame) == 0x86dd
                && (frame[ICMPV6_AT] & 0xff) == ADVERTISEMENT
                && (frame[ICMPV6_AT + 4] & 0xff) == OVERRIDE
                && frame[0] == 0x33;
    }
}
