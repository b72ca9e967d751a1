// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.jni.flue_engine_config;
import dev.flue.jni.global.flue;
import dev.flue.offload.OffloadStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An engine on a wire as Java sees it, without connections. */
@RequiresFlue
class NativeEngineTest {
    private static final long MAC = 0x0200c6120001L;
    private static final EngineConfig SMALL = EngineConfig.builder().maxConnections(64).build();

    private static WireConfig.Builder wires() {
        return WireConfig.builder().buffers(256);
    }

    private static FrameHost host(Wire wire, int index) {
        return new FrameHost(
                new NativeOffloadTarget(SMALL, wire.port(index, MAC + index), NativeMemory.heap()));
    }

    @Test
    void rawFramesPassFromTargetToTarget() {
        try (Wire wire = new Wire(wires().build());
                FrameHost a = host(wire, 0);
                FrameHost b = host(wire, 1)) {
            a.send(MAC + 1, MAC, 60, 1);
            a.send(MAC + 1, MAC, 1514, 2);
            for (int turn = 0; turn < 10; turn++) {
                a.target.doWork(turn);
                b.target.doWork(turn);
            }
            assertThat(a.sent).containsExactly(OffloadStatus.SUCCESS, OffloadStatus.SUCCESS);
            assertThat(a.framesHeld()).isZero();
            assertThat(b.received).hasSize(2);
            assertThat(b.received.get(0)).hasSize(60);
            assertThat(b.received.get(1)).hasSize(1514);
            assertThat(b.received.get(1)[1513]).isEqualTo((byte) (2 + 1513));
            assertAtRest(a);
            assertAtRest(b);
        }
    }

    @Test
    void framesThatAreKeptAreCountedUntilTheyComeBack() {
        try (Wire wire = new Wire(wires().build());
                FrameHost a = host(wire, 0);
                FrameHost b = host(wire, 1)) {
            b.keep = true;
            a.send(MAC + 1, MAC, 100, 1);
            for (int turn = 0; turn < 10; turn++) {
                a.target.doWork(turn);
                b.target.doWork(turn);
            }
            assertThat(b.target.held(EngineResource.FRAME_LISTS)).isEqualTo(1);
            b.binding.returnNetBufferLists(b.kept);
            b.target.doWork(11);
            assertAtRest(b);
        }
    }

    private static void assertAtRest(FrameHost host) {
        for (EngineResource resource : EngineResource.values()) {
            assertThat(host.target.held(resource)).as("%s", resource).isZero();
        }
        assertThat(host.target.submissionsOutstanding()).isZero();
        assertThat(host.target.submissionsWaiting()).isZero();
    }

    private static long trace(long seed) {
        WireConfig config =
                wires().seed(seed)
                        .dropPpm(100_000)
                        .duplicatePpm(50_000)
                        .corruptPpm(50_000)
                        .delayNanos(1000)
                        .jitterNanos(5000)
                        .build();
        try (Wire wire = new Wire(config);
                FrameHost a = host(wire, 0);
                FrameHost b = host(wire, 1)) {
            for (int turn = 0; turn < 400; turn++) {
                if (turn < 100) {
                    a.send(MAC + 1, MAC, 60 + turn, turn);
                    b.send(MAC, MAC + 1, 60 + turn, -turn);
                }
                a.target.doWork(turn * 100L);
                b.target.doWork(turn * 100L);
            }
            assertThat(wire.count(WireCounter.SENT)).isEqualTo(200);
            assertThat(wire.count(WireCounter.DROPPED)).isPositive();
            assertThat(wire.count(WireCounter.DUPLICATED)).isPositive();
            assertThat(wire.count(WireCounter.CORRUPTED)).isPositive();
            return wire.traceHash();
        }
    }

    @Test
    void theSameSeedGivesTheSameTraceAndAnotherSeedAnother() {
        assertThat(trace(1)).isEqualTo(trace(1));
        assertThat(trace(2)).isNotEqualTo(trace(1));
    }

    @Test
    void theNextDeadlineIsTheEnginesOrNow() {
        try (Wire wire = new Wire(wires().build());
                FrameHost a = host(wire, 0)) {
            a.target.doWork(5);
            assertThat(a.target.nextDeadline()).isEqualTo(Long.MAX_VALUE);
            a.send(MAC + 1, MAC, 100, 1);
            assertThat(a.target.nextDeadline()).isEqualTo(5);
            a.target.doWork(6);
            a.target.doWork(7);
            assertThat(a.target.nextDeadline()).isEqualTo(Long.MAX_VALUE);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "INTERRUPT")
    void aThreadOfItsOwnDoesTheSame(EngineIdle idle) {
        try (Wire wire = new Wire(wires().build());
                FrameHost a = host(wire, 0);
                FrameHost b = host(wire, 1)) {
            assertThatThrownBy(() -> a.target.start(-1, EngineIdle.INTERRUPT))
                    .isInstanceOf(FlueException.class)
                    .hasMessageContaining("cannot interrupt");
            a.target.start(-1, idle);
            b.target.start(-1, idle);
            assertThatThrownBy(() -> a.target.start(-1)).isInstanceOf(IllegalStateException.class);
            for (int i = 0; i < 50; i++) {
                a.send(MAC + 1, MAC, 100 + i, i);
            }
            long deadline = System.nanoTime() + 20_000_000_000L;
            while ((b.received.size() < 50 || a.sent.size() < 50) && System.nanoTime() < deadline) {
                if (a.target.doWork(0) + b.target.doWork(0) == 0) {
                    Thread.yield();
                }
            }
            assertThat(b.received).hasSize(50);
            assertThat(a.sent).hasSize(50).containsOnly(OffloadStatus.SUCCESS);
            a.target.stop();
            a.target.stop();
            b.target.stop();
            a.send(MAC + 1, MAC, 100, 1);
            long now = System.nanoTime() + 1_000_000_000L;
            for (int turn = 0; turn < 10; turn++) {
                a.target.doWork(now + turn);
                b.target.doWork(now + turn);
            }
            assertThat(b.received).hasSize(51);
            assertAtRest(a);
            assertAtRest(b);
        }
    }

    @Test
    void capabilitiesTellPortAndArena() {
        try (Wire wire = new Wire(wires().mtu(1400).build());
                FrameHost a = host(wire, 0)) {
            assertThat(a.target.capabilities().chimney()).isTrue();
            assertThat(a.target.capabilities().unavailabilityCause()).isEmpty();
            assertThat(a.target.capabilities().maxPathMtu()).isEqualTo(1400);
            assertThat(a.target.capabilities().macAddress()).isEqualTo(MAC);
            assertThat(a.target.capabilities().maxConnections()).isEqualTo(64);
            assertThat(a.target.capabilities().maxReceiveWindow()).isPositive();
            assertThat(a.target.capabilities().name()).startsWith("engine on wire");
            ArenaInfo arena = a.target.arena();
            assertThat(arena.kind()).isEqualTo("heap");
            assertThat(arena.usedBytes()).isBetween(0L, arena.sizeBytes());
            assertThat(arena.sizeBytes()).isPositive();
        }
    }

    @Test
    void countersCountByName() {
        try (Wire wire = new Wire(wires().build());
                FrameHost a = host(wire, 0)) {
            a.send(MAC + 1, MAC, 100, 1);
            a.target.doWork(1);
            Map<String, Long> counters = a.target.counters();
            assertThat(counters).containsKey("engine.passes");
            assertThat(counters).containsEntry("port.tx_frames", 1L);
            assertThat(counters).containsEntry("frames.down", 1L);
        }
    }

    @Test
    void countersCanLieInAFileOfThisUserOnly(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("counters");
        EngineConfig config = EngineConfig.builder().maxConnections(8).countersFile(file).build();
        try (Wire wire = new Wire(wires().build());
                NativeOffloadTarget target =
                        new NativeOffloadTarget(config, wire.port(0, MAC), NativeMemory.heap())) {
            assertThat(target.counters()).containsEntry("port.tx_frames", 0L);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            assertThatThrownBy(
                            () ->
                                    new NativeOffloadTarget(
                                            config, wire.port(1, MAC + 1), NativeMemory.heap()))
                    .isInstanceOf(FlueException.class)
                    .hasMessageContaining("exists already");
        }
    }

    @Test
    void defaultsAreThoseOfTheEngine() {
        EngineConfig java = EngineConfig.builder().build();
        try (flue_engine_config c = new flue_engine_config()) {
            flue.flue_engine_config_default(c);
            assertThat(java.maxConnections()).isEqualTo(c.max_connections());
            assertThat(java.rtoMinMicros()).isEqualTo(c.rto_min_us());
            assertThat(java.rtoMaxMicros()).isEqualTo(c.rto_max_us());
            assertThat(java.ticksPerSecond()).isEqualTo(c.ticks_per_second());
            assertThat(java.maxRetransmissions()).isEqualTo(c.max_retransmissions());
            assertThat(java.chimneyProfile()).isEqualTo(c.chimney_profile() != 0);
            assertThat(java.congestionControl().code()).isEqualTo(c.congestion_control());
            assertThat(java.uploadThresholds().intervalMillis()).isEqualTo(c.watch_interval_ms());
            assertThat(java.arena().hugepages())
                    .isEqualTo(c.arena_kind() == flue.FLUE_REGION_HUGEPAGE);
            assertThat(java.arena().node()).isEqualTo(c.arena_node());
        }
    }

    @Test
    void valuesOutOfRangeAreMisuseAndLeaveThePortFree() {
        try (Wire wire = new Wire(wires().build())) {
            NativePort port = wire.port(0, MAC);
            for (EngineConfig bad :
                    new EngineConfig[] {
                        EngineConfig.builder().maxConnections(-1).build(),
                        EngineConfig.builder().ticksPerSecond(7).build(),
                        EngineConfig.builder().maxConnections(8).submissionCapacity(100).build(),
                        EngineConfig.builder().maxConnections(8).upCapacity(1 << 20).build(),
                    }) {
                assertThatThrownBy(() -> new NativeOffloadTarget(bad, port, NativeMemory.heap()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("out of range");
            }
            new NativeOffloadTarget(SMALL, port, NativeMemory.heap()).close();
        }
    }

    @Test
    void withoutHugepagesTheRefusalSaysWhatToDo() {
        assumeTrue(Flue.freeHugepages() == 0, "this machine has free hugepages");
        EngineConfig config =
                EngineConfig.builder().maxConnections(64).arena(Arena.HUGEPAGES).build();
        try (Wire wire = new Wire(wires().build())) {
            NativePort port = wire.port(0, MAC);
            assertThatThrownBy(() -> new NativeOffloadTarget(config, port, NativeMemory.heap()))
                    .isInstanceOf(FlueException.class)
                    .hasMessageContaining("vm.nr_hugepages")
                    .hasMessageContaining("heap arena");
        }
    }

    @Test
    void aPortServesOneEngineAndIsNotClosedUnderIt() {
        try (Wire wire = new Wire(wires().build())) {
            NativePort port = wire.port(0, MAC);
            NativeOffloadTarget target = new NativeOffloadTarget(SMALL, port, NativeMemory.heap());
            assertThatThrownBy(() -> new NativeOffloadTarget(SMALL, port, NativeMemory.heap()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageEndingWith("is in use by an engine");
            assertThatThrownBy(port::close).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(wire::close).isInstanceOf(IllegalStateException.class);
            target.close();
            port.close();
            assertThatThrownBy(() -> new NativeOffloadTarget(SMALL, port, NativeMemory.heap()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageEndingWith("is closed");
        }
    }

    @Test
    void whatIsUsedAfterCloseThrowsOrReadsZeroes() {
        Wire wire = new Wire(wires().build());
        FrameHost a = host(wire, 0);
        FrameHost b = host(wire, 1);
        b.keep = true;
        a.send(MAC + 1, MAC, 100, 1);
        for (int turn = 0; turn < 10; turn++) {
            a.target.doWork(turn);
            b.target.doWork(turn);
        }
        dev.flue.offload.NetBufferList list =
                new dev.flue.offload.NetBufferList(NativeMemory.heap()).wrap(b.kept);
        assertThat(list.firstNetBuffer()).isNotZero();
        b.target.close();
        assertThat(list.firstNetBuffer()).isZero();
        assertThatThrownBy(() -> list.wrap(b.kept)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> b.target.doWork(11)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> b.binding.returnNetBufferLists(b.kept))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(b.target::counters).isInstanceOf(IllegalStateException.class);
        b.close();
        a.close();
        wire.close();
    }

    @Test
    void regionsOfAnEngineComeBackWhenItIsClosed() {
        int before = settled(Integer.MIN_VALUE, 3);
        for (int i = 0; i < 20; i++) {
            try (Wire wire = new Wire(wires().build());
                    FrameHost a = host(wire, 0);
                    FrameHost b = host(wire, 1)) {
                a.send(MAC + 1, MAC, 100, 1);
                for (int turn = 0; turn < 5; turn++) {
                    a.target.doWork(turn);
                    b.target.doWork(turn);
                }
                a.target.counters();
            }
        }
        assertThat(settled(before, 200)).isLessThanOrEqualTo(before);
    }

    private static int settled(int wanted, int turns) {
        int count = Flue.regionCount();
        for (int i = 0; i < turns && count > wanted; i++) {
            System.gc();
            Thread.yield();
            count = Flue.regionCount();
        }
        return count;
    }

    @Test
    void forgedReferencesFromJavaAreCountedNotFollowed() {
        try (Wire wire = new Wire(wires().build());
                FrameHost a = host(wire, 0)) {
            long[] forged = {1, -1, 1L << 48, 0x7fff_0000_0000_0000L, 0x0001_7fff_ffff_fff8L};
            for (long ref : forged) {
                a.target.sendNetBufferLists(ref);
                a.target.returnNetBufferLists(ref);
                a.target.tcpOffloadReceiveReturn(ref);
                a.target.tcpOffloadSend(ref, ref);
                a.target.tcpOffloadReceive(ref, ref);
                a.target.tcpOffloadForward(ref, ref);
                a.target.tcpOffloadDisconnect(ref, ref, 1);
                a.target.tcpOffloadDisconnect(ref, ref, 2);
                a.target.initiateOffload(ref);
                a.target.queryOffload(ref);
                a.target.updateOffload(ref);
                a.target.invalidateOffload(ref);
                a.target.terminateOffload(ref);
            }
            int completedToNobody = 0;
            for (int turn = 0; turn < 100; turn++) {
                try {
                    a.target.doWork(turn);
                } catch (IllegalArgumentException | IllegalStateException e) {
                    // The block list comes back, and there is no binding it came from.
                    completedToNobody++;
                }
            }
            assertThat(completedToNobody).isLessThanOrEqualTo(5 * forged.length);
            assertThat(a.target.submissionsWaiting()).isZero();
            assertThat(a.target.counters().get("channel.bad_submissions")).isPositive();
            assertThat(a.target.counters().get("channel.stale_tokens")).isPositive();
            a.send(MAC + 1, MAC, 100, 1);
            a.target.doWork(21);
            a.target.doWork(22);
            assertThat(a.sent).containsExactly(OffloadStatus.SUCCESS);
        }
    }
}
