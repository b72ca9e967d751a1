// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemorySwitchTest {
    private static final long A = 0x0200c6120001L;
    private static final long B = 0x0200c6120002L;
    private static final long C = 0x0200c6120003L;
    private static final long BROADCAST = 0xffffffffffffL;

    private final HeapMemory memory = new HeapMemory();
    private final NblPool frames = new NblPool(memory, 256, 1514);
    private MemorySwitch link;
    private final Host[] hosts = new Host[3];

    private static final class Host {
        MemorySwitch.Port port;
        Binding binding;
        RecordingProtocol protocol;
    }

    private void plug(LinkFaults faults, long seed) {
        link = new MemorySwitch(memory, 3, 1500, seed, faults);
        long[] macs = {A, B, C};
        for (int i = 0; i < hosts.length; i++) {
            Host host = new Host();
            host.port = link.port(i, macs[i]);
            host.protocol = new RecordingProtocol(memory);
            host.binding =
                    new Binding(memory, host.protocol, new MiniportAdapter(memory, host.port));
            host.protocol.bind(host.binding);
            hosts[i] = host;
        }
    }

    @AfterEach
    void nothingIsHeld() {
        for (Host host : hosts) {
            assertThat(host.port.held()).isZero();
        }
        assertThat(frames.held()).isZero();
        link.close();
        frames.close();
    }

    private void send(int from, long to, int length) {
        byte[] frame = new byte[length];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (to >>> 8 * (5 - i));
        }
        hosts[from].binding.sendNetBufferLists(frames.allocate(frame));
    }

    private void work(long now) {
        for (Host host : hosts) {
            host.port.doWork(now);
        }
        for (Host host : hosts) {
            host.protocol.takeSentFrames(frames);
        }
    }

    @Test
    void aFrameComesOutOneDelayLaterAtItsAddressOnly() {
        plug(LinkFaults.delay(1_000), 1);
        work(500);
        send(0, B, 60);
        assertThat(link.nextEvent()).isEqualTo(1_500);
        work(1_499);
        assertThat(hosts[1].protocol.frames()).isEmpty();
        work(1_500);
        assertThat(hosts[1].protocol.frames()).hasSize(1);
        assertThat(hosts[2].protocol.frames()).isEmpty();
        assertThat(link.nextEvent()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void broadcastAndUnknownAddressesGoToAllOthers() {
        plug(LinkFaults.delay(0), 1);
        send(0, BROADCAST, 60);
        send(0, 0x0200c61200ffL, 60);
        work(0);
        work(0);
        assertThat(hosts[0].protocol.frames()).isEmpty();
        assertThat(hosts[1].protocol.frames()).hasSize(2);
        assertThat(hosts[2].protocol.frames()).hasSize(2);
    }

    @Test
    void faultsOfALinkAreThoseOfItsDirectionOnly() {
        plug(LinkFaults.delay(0), 1);
        link.setFaults(0, 1, LinkFaults.delay(5_000).withDrop(1_000_000));
        send(0, B, 60);
        send(1, A, 60);
        work(0);
        assertThat(hosts[0].protocol.frames()).hasSize(1);
        assertThat(link.dropped()).isEqualTo(1);
        link.setFaults(0, 1, LinkFaults.delay(5_000));
        send(0, B, 60);
        assertThat(link.nextEvent()).isEqualTo(5_000);
        work(5_000);
        assertThat(hosts[1].protocol.frames()).hasSize(1);
    }

    @Test
    void aBottleneckLetsFramesLeaveOneAfterAnotherAndDropsTheTailOfItsQueue() {
        plug(LinkFaults.delay(0), 1);
        // 500 bytes take 500 us.
        link.setFaults(0, 1, LinkFaults.delay(1_000).withBottleneck(8_000_000, 1_500));
        for (int i = 0; i < 5; i++) {
            send(0, B, 500);
        }
        assertThat(link.dropped()).isEqualTo(2);
        for (int i = 1; i <= 3; i++) {
            assertThat(link.nextEvent()).isEqualTo(i * 500_000L + 1_000);
            work(link.nextEvent());
            assertThat(hosts[1].protocol.frames()).hasSize(i);
        }
    }

    @Test
    void whatIsLongerThanTheMtuOfALinkVanishes() {
        plug(LinkFaults.delay(0), 1);
        link.setFaults(0, 1, LinkFaults.delay(0).withMtu(1_000));
        send(0, B, 1_014);
        send(0, B, 1_015);
        work(0);
        assertThat(hosts[1].protocol.frames()).hasSize(1);
    }

    @Test
    void lossesOfTheBadStateComeInBursts() {
        plug(LinkFaults.delay(0), 1);
        link.setFaults(0, 1, LinkFaults.delay(0).withBursts(10_000, 200_000, 1_000_000));
        long bursts = 0;
        long before = 0;
        boolean lostBefore = false;
        for (int i = 0; i < 20_000; i++) {
            send(0, B, 60);
            boolean lost = link.dropped() > before;
            before = link.dropped();
            bursts += lost && !lostBefore ? 1 : 0;
            lostBefore = lost;
            work(i);
        }
        assertThat(link.dropped()).isBetween(700L, 1_200L);
        assertThat(link.dropped() / bursts).isBetween(4L, 6L);
    }

    @Test
    void faultsComeFromTheSeed() {
        assertThat(faultyRun(5)).isEqualTo(faultyRun(5)).isNotEqualTo(faultyRun(6));
    }

    private List<Long> faultyRun(long seed) {
        LinkFaults faults =
                LinkFaults.delay(100)
                        .withDrop(100_000)
                        .withDuplicate(100_000)
                        .withCorrupt(50_000)
                        .withReorder(50_000, 500)
                        .withJitter(50);
        plug(faults, seed);
        for (int i = 0; i < 200; i++) {
            send(0, B, 60 + i);
            work(i * 10L);
        }
        work(100_000);
        return List.of(link.traceHash(), (long) hosts[1].protocol.frames().size(), link.dropped());
    }
}
