// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

@RequiresFlue
class WireTest {
    private static final long MAC = 0x0200c6120001L;

    @Test
    void aPortTellsWhatItIs() {
        try (Wire wire = new Wire(WireConfig.builder().mtu(1400).buffers(128).build())) {
            NativePort port = wire.port(0, MAC);
            assertThat(port.macAddress()).isEqualTo(MAC);
            assertThat(port.mtu()).isEqualTo(1400);
            assertThat(port.name()).startsWith("wire");
            assertThat(port.buffers()).isEqualTo(128);
            assertThat(port.buffersHeld()).isZero();
            assertThat(wire.nextEvent()).isEqualTo(Long.MAX_VALUE);
            for (WireCounter counter : WireCounter.values()) {
                assertThat(wire.count(counter)).as("%s", counter).isZero();
            }
        }
    }

    @Test
    void aSocketIsTakenOnceAndFreeAgainAfterClose() {
        try (Wire wire = new Wire(WireConfig.builder().build())) {
            NativePort port = wire.port(0, MAC);
            assertThatThrownBy(() -> wire.port(0, MAC))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("socket 0 of the wire is taken");
            port.close();
            wire.port(0, MAC).close();
        }
    }

    @Test
    void valuesOutOfRangeAreNamed() {
        assertThatThrownBy(() -> new Wire(WireConfig.builder().ports(17).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("17 ports");
        try (Wire wire = new Wire(WireConfig.builder().build())) {
            assertThatThrownBy(() -> wire.port(2, MAC))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> wire.setDrop(1_000_001))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void closedWiresAndPortsAnswerWithAnExceptionNotACrash() {
        Wire wire = new Wire(WireConfig.builder().build());
        NativePort port = wire.port(0, MAC);
        wire.close();
        wire.close();
        port.close();
        assertThatThrownBy(wire::nextEvent)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the wire is closed");
        assertThatThrownBy(wire::traceHash).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wire.setDrop(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wire.count(WireCounter.SENT))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wire.port(1, MAC)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(port::buffersHeld)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("is closed");
        assertThatThrownBy(port::buffers).isInstanceOf(IllegalStateException.class);
        assertThat(port.macAddress()).isEqualTo(MAC);
    }
}
