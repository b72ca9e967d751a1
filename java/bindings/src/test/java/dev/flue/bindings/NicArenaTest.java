// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** State objects in NIC memory, for which a file stands: from the host stacks to the engines. */
@RequiresFlue
@Timeout(120)
class NicArenaTest {
    private static final long MAC = 0x0200_c612_0001L;
    private static final int CELL = 256;
    private static final int NEIGHBOR_AND_PATH = 2;

    @TempDir Path directory;

    private Arena fileOf(int bytes) throws Exception {
        Path file = directory.resolve("nic");
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(bytes);
        }
        return Arena.parse("nic:file:" + file);
    }

    private MappedByteBuffer memory() throws Exception {
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("nic").toFile(), "rw")) {
            return file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, file.length());
        }
    }

    private static StackPair pair(Wire wire, Arena arena) {
        return new StackPair(wire.port(0, MAC), wire.port(1, MAC + 1), arena);
    }

    private static Wire wire() {
        return new Wire(WireConfig.builder().ports(2).buffers(8192).seed(3).build());
    }

    private static long sum(StackPair pair, String counter) {
        return pair.targets[0].counters().get(counter) + pair.targets[1].counters().get(counter);
    }

    private static long tokens(MappedByteBuffer memory) {
        long found = 0;
        for (int at = 0; at < memory.capacity(); at += CELL) {
            found += memory.getLong(at) == 0 ? 0 : 1;
        }
        return found;
    }

    @Test
    void nothingOfItIsReadWhileDataFlowsBothWays() throws Exception {
        Arena arena = fileOf(1 << 20);
        try (Wire wire = wire();
                StackPair pair = pair(wire, arena)) {
            assertThat(pair.targets[0].arena().where())
                    .startsWith(arena.toString().replace("nic:", "nic ") + " and h");
            pair.connect(3 << 20);
            pair.until("offloaded", () -> sum(pair, "chimney.connections_now") == 2);
            assertThat(pair.targets[0].arena().nicUsedBytes())
                    .isEqualTo((1 + NEIGHBOR_AND_PATH) * CELL);
            assertThat(tokens(memory())).isEqualTo(2 * (1 + NEIGHBOR_AND_PATH));
            long reads = sum(pair, "nic.reads");
            // Each object's token, once, to see that it arrived.
            assertThat(reads).isEqualTo(2 * (1 + NEIGHBOR_AND_PATH));
            pair.untilDone();
            assertThat(sum(pair, "tcp.in_bytes")).isGreaterThan(5 << 20);
            assertThat(sum(pair, "nic.reads")).isEqualTo(reads);
            pair.quiet();
            assertThat(sum(pair, "nic.objects_now")).isZero();
        }
        assertThat(tokens(memory())).isZero();
    }

    @Test
    void whoFindsNoRoomStaysOnTheHostStackAndLosesNothing() throws Exception {
        // Each of the two engines has 8 cells: neighbor, path, 6 connections.
        try (Wire wire = wire();
                StackPair pair = pair(wire, fileOf(16 * CELL))) {
            for (int i = 0; i < 10; i++) {
                pair.connect(256 << 10);
            }
            pair.until("full", () -> sum(pair, "nic.full") >= 2);
            assertThat(sum(pair, "chimney.connections_now")).isLessThanOrEqualTo(12);
            pair.untilDone();
            assertThat(pair.ends.stream().filter(end -> end.wasOffloaded).count())
                    .isGreaterThanOrEqualTo(12);
            pair.quiet();
        }
    }

    /** All bits read as one, as of a device that was pulled; or it is taken away: SIGBUS. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whenTheMemoryIsLostConnectionsGoOnOnTheHostStacks(boolean taken) throws Exception {
        try (Wire wire = wire();
                StackPair pair = pair(wire, fileOf(1 << 20))) {
            pair.connect(8 << 20);
            pair.connect(8 << 20);
            pair.until("offloaded", () -> sum(pair, "chimney.connections_now") == 4);
            if (taken) {
                try (FileChannel file =
                        FileChannel.open(directory.resolve("nic"), StandardOpenOption.WRITE)) {
                    file.truncate(0);
                }
            } else {
                MappedByteBuffer memory = memory();
                for (int at = 0; at < memory.capacity(); at += 8) {
                    memory.putLong(at, -1);
                }
            }
            // A look at the connections, as flue conns has it, finds it out.
            List<Object> told = new ArrayList<>();
            pair.stacks[0].query(told::addAll);
            pair.stacks[1].query(told::addAll);
            pair.until("taken back", () -> sum(pair, "chimney.connections_now") == 0);
            assertThat(sum(pair, "nic.lost")).isEqualTo(2);
            pair.untilDone();
            pair.quiet();
            assertThat(told).hasSize(4);
        }
    }

    @Test
    void enginesThatGoGiveItBackAndWhatIsWrongIsSaid() throws Exception {
        Arena arena = fileOf(4096);
        for (int i = 0; i < 3; i++) {
            try (Wire wire = wire()) {
                pair(wire, arena).close();
            }
        }
        try (Wire wire = wire()) {
            EngineConfig all = EngineConfig.builder().maxConnections(64).arena(arena).build();
            NativePort port = wire.port(0, MAC);
            NativePort other = wire.port(1, MAC + 1);
            try (NativeOffloadTarget first =
                    new NativeOffloadTarget(all, port, NativeMemory.heap())) {
                assertThat(first.arena().nicSizeBytes()).isEqualTo(4096);
                assertThatThrownBy(() -> new NativeOffloadTarget(all, other, NativeMemory.heap()))
                        .isInstanceOf(FlueException.class)
                        .hasMessageContaining("is full: other engines have all of it");
            }
            new NativeOffloadTarget(all, other, NativeMemory.heap()).close();
            Files.delete(directory.resolve("nic"));
            assertThatThrownBy(() -> new NativeOffloadTarget(all, port, NativeMemory.heap()))
                    .isInstanceOf(FlueException.class)
                    .hasMessageContaining("No such file");
            EngineConfig nowhere =
                    EngineConfig.builder().maxConnections(64).arena(Arena.hugepagesOn(999)).build();
            assertThatThrownBy(() -> new NativeOffloadTarget(nowhere, port, NativeMemory.heap()))
                    .isInstanceOf(FlueException.class)
                    .hasMessageContaining("there is no NUMA node 999");
            port.close();
            other.close();
        }
    }

    @Test
    void arenasAreReadAsTheyAreWritten() {
        for (String text :
                List.of("heap", "hugepages", "hugepages:1", "nic:0000:00:06.0/2", "nic:file:/x")) {
            assertThat(Arena.parse(text).toString()).isEqualTo(text);
        }
        for (String text :
                List.of("", "attic", "hugepages:", "hugepages:-1", "nic:", "nic:0000:00:06.0")) {
            assertThatThrownBy(() -> Arena.parse(text))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + text + "' is no arena");
        }
    }
}
