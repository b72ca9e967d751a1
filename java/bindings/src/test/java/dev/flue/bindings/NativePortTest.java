// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.data.IpAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Opening ports: what comes, and what is said when it does not. */
@RequiresFlue
class NativePortTest {
    private static final long MAC = 0x0200c6120001L;
    private static final int SECTION_HEADER = 0x0a0d0d0a;

    private static FrameHost host(NativePort port) {
        EngineConfig config = EngineConfig.builder().maxConnections(8).build();
        return new FrameHost(new NativeOffloadTarget(config, port, NativeMemory.heap()));
    }

    @Test
    void aCaptureWritesEveryFrameToAFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("frames.pcapng");
        try (Wire wire = new Wire(WireConfig.builder().build())) {
            NativePort inner = wire.port(0, MAC);
            NativePort capture = NativePort.capture(inner, file);
            assertThat(capture.macAddress()).isEqualTo(MAC);
            assertThatThrownBy(inner::close)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageEndingWith("is in use by a capture");
            try (FrameHost a = host(capture);
                    FrameHost b = host(wire.port(1, MAC + 1))) {
                a.send(MAC + 1, MAC, 1000, 1);
                b.send(MAC, MAC + 1, 500, 2);
                for (int turn = 1; turn < 10; turn++) {
                    a.target.doWork(turn);
                    b.target.doWork(turn);
                }
                assertThat(a.received).hasSize(1);
                assertThat(b.received).hasSize(1);
            }
            capture.close();
            assertThatThrownBy(inner::buffersHeld).isInstanceOf(IllegalStateException.class);
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.getInt(0)).isEqualTo(SECTION_HEADER);
        assertThat(bytes.capacity()).isGreaterThan(1500);
    }

    @Test
    void aCaptureThatCannotBeMadeLeavesThePortToItsOwner(@TempDir Path folder) {
        Path file = folder.resolve("no/such/folder/frames.pcapng");
        try (Wire wire = new Wire(WireConfig.builder().build())) {
            NativePort inner = wire.port(0, MAC);
            assertThatThrownBy(() -> NativePort.capture(inner, file))
                    .isInstanceOf(FlueException.class)
                    .hasMessage("capture to " + file + ": no such file or directory");
            assertThatThrownBy(() -> NativePort.capture(inner, folder))
                    .isInstanceOf(FlueException.class)
                    .hasMessage("capture to " + folder + ": is a directory");
            host(inner).close();
        }
    }

    @Test
    void aTapNameTheKernelDoesNotTakeIsExplained() {
        assertThatThrownBy(() -> NativePort.tap("a-name-of-more-than-15", MAC, 1500, 256))
                .isInstanceOf(FlueException.class)
                .hasMessageStartingWith("TAP interface a-name-of-more-than-15: ")
                .hasMessageContaining("1 to 15 characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.1", "2001:db8::1"})
    void anInterfaceThatIsNotThereIsExplained(String text) {
        IpAddress address = IpAddress.of(text);
        assertThatThrownBy(() -> NativePort.configureInterface("flue-none", address, 24, 1500))
                .isInstanceOf(FlueException.class)
                .hasMessageStartingWith("interface flue-none: ");
    }

    @Test
    void aPortThatIsNoDeviceCountsNothingUnderTheNamesOfAllCounters() {
        try (Wire wire = new Wire(WireConfig.builder().build())) {
            NativePort port = wire.port(0, 0x0200c6120001L);
            assertThat(port.counts())
                    .containsOnlyKeys(
                            "rx_frames",
                            "rx_frames_good",
                            "tx_packets",
                            "tx_packets_summed",
                            "tx_packets_cut",
                            "tx_frames",
                            "flow_rules_made",
                            "flow_rules_removed",
                            "flow_rules_refused")
                    .allSatisfy((name, count) -> assertThat(count).isZero());
        }
    }
}
