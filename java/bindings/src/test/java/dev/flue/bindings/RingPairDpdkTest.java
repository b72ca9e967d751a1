// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.jni.global.flue;
import dev.flue.offload.OffloadStatus;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Engines on DPDK ports. Runs in a process of its own, for EAL starts once in each; without free
 * hugepages it starts with ordinary memory.
 */
class RingPairDpdkTest {
    private static final long MAC = 0x0200c6120001L;
    private static final EngineConfig SMALL = EngineConfig.builder().maxConnections(64).build();

    @BeforeAll
    static void startDpdk() {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
        assumeTrue(Flue.dpdkAvailable(), Flue.dpdkUnavailabilityCause());
        int processors = Runtime.getRuntime().availableProcessors();
        Flue.startDpdk(null);
        Flue.startDpdk("");
        assertThat(Runtime.getRuntime().availableProcessors()).isEqualTo(processors);
    }

    @Test
    void dpdkTellsItsVersion() {
        assertThat(Flue.dpdkVersion()).matches("DPDK \\d+\\.\\d+.*");
    }

    @Test
    void ealStartsOnceWithOneSetOfArguments() {
        assertThatThrownBy(() -> Flue.startDpdk("--no-huge -m 64"))
                .isInstanceOf(FlueException.class)
                .hasMessageContaining("runs already");
    }

    @Test
    void framesPassByReferenceBetweenEnginesOnARingPair() {
        NativePort[] ports = NativePort.dpdkRingPair(256, MAC, MAC + 1, 512);
        assertThat(ports[0].name()).startsWith("dpdk");
        assertThat(ports[0].macAddress()).isEqualTo(MAC);
        assertThat(ports[1].macAddress()).isEqualTo(MAC + 1);
        try (FrameHost a = host(ports[0]);
                FrameHost b = host(ports[1])) {
            for (int round = 0; round < 100; round++) {
                a.send(MAC + 1, MAC, 60 + round, round);
                b.send(MAC, MAC + 1, 1514 - round, -round);
                for (int turn = 0; turn < 3; turn++) {
                    long now = (round * 3L + turn) * 1000;
                    a.target.doWork(now);
                    b.target.doWork(now);
                }
            }
            for (int turn = 0; turn < 10; turn++) {
                a.target.doWork(1_000_000 + turn);
                b.target.doWork(1_000_000 + turn);
            }
            assertThat(a.received).hasSize(100);
            assertThat(b.received).hasSize(100);
            assertThat(b.received.get(99)).hasSize(159);
            assertThat(a.received.get(99)).hasSize(1415);
            assertThat(b.received.get(50)[40]).isEqualTo((byte) (50 + 40));
            assertThat(a.sent).hasSize(100).containsOnly(OffloadStatus.SUCCESS);
            assertThat(a.framesHeld()).isZero();
            assertThat(a.target.held(EngineResource.FRAME_LISTS)).isZero();
        }
        ports[0].close();
        ports[1].close();
        ports[1].close();
        assertThatThrownBy(ports[0]::buffersHeld).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void connectionsAreOffloadedAndBytesArriveExactlyOverARingPair(boolean ownThreads) {
        NativePort[] ports = NativePort.dpdkRingPair(512, MAC, MAC + 1, 4096);
        try (StackPair pair = new StackPair(ports[0], ports[1])) {
            if (ownThreads) {
                pair.ownThreads();
            }
            for (int i = 0; i < 3; i++) {
                pair.connect(2_000_000);
            }
            pair.untilDone();
            assertThat(pair.ends).allMatch(end -> end.received == 2_000_000);
            assertThat(pair.ends).anyMatch(end -> end.wasOffloaded);
            pair.quiet();
            for (NativeOffloadTarget target : pair.targets) {
                target.stop();
            }
            pair.turn();
            for (NativeOffloadTarget target : pair.targets) {
                for (EngineResource resource : EngineResource.values()) {
                    assertThat(target.held(resource)).as("%s", resource).isZero();
                }
            }
        }
        ports[0].close();
        ports[1].close();
    }

    @Test
    void offloadsOfADeviceAreToldAndSomeAreInUse() {
        for (PortOffload offload : PortOffload.values()) {
            assertThat(Flue.text(flue.flue_port_offload_name(offload.ordinal())))
                    .isEqualTo(offload.toString());
        }
        assertThat(flue.flue_port_offload_name(PortOffload.values().length)).isNull();
        NativePort[] ports = NativePort.dpdkRingPair(256, MAC, MAC + 1, 512);
        assertThat(ports[0].offloadsOffered())
                .contains(PortOffload.MULTI_SEGMENT, PortOffload.ZERO_COPY);
        assertThat(ports[0].offloads())
                .containsExactlyInAnyOrder(PortOffload.MULTI_SEGMENT, PortOffload.ZERO_COPY);
        ports[0].close();
        ports[1].close();
        Set<PortOffload> off = EnumSet.allOf(PortOffload.class);
        try (NativePort port = NativePort.dpdk("net_null7", MAC, 1500, 512, off)) {
            assertThat(port.offloads()).isEmpty();
        }
    }

    @Test
    void aDeviceThatIsNotThereIsNamedWithWhatToDo() {
        assertThatThrownBy(() -> NativePort.dpdk("0000:ff:1f.7", 0, 1500, 512))
                .isInstanceOf(FlueException.class)
                .hasMessageStartingWith("DPDK device 0000:ff:1f.7: ");
        assertThatThrownBy(() -> NativePort.dpdk("net_nothing0", 0, 1500, 512))
                .isInstanceOf(FlueException.class)
                .hasMessageStartingWith("DPDK device net_nothing0: ");
    }

    private static FrameHost host(NativePort port) {
        return new FrameHost(new NativeOffloadTarget(SMALL, port, NativeMemory.heap()));
    }
}
