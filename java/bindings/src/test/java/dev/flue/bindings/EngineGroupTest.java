// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

@RequiresFlue
class EngineGroupTest {
    private static final long MAC = 0x0200c6120002L;

    private final NativeMemory memory = NativeMemory.heap();

    private NativeOffloadTarget targetOn(Wire wire, int socket) {
        EngineConfig config = EngineConfig.builder().maxConnections(64).build();
        return new NativeOffloadTarget(config, wire.port(socket, MAC + socket), memory);
    }

    @Test
    void membersHaveNumbersOfTheirOwnAndLeaveWhenTheyAreClosed() {
        EngineGroup group = new EngineGroup(2, 128, 1500);
        try (Wire wire = new Wire(WireConfig.builder().ports(4).build())) {
            try (NativeOffloadTarget first = targetOn(wire, 0);
                    NativeOffloadTarget second = targetOn(wire, 1)) {
                first.join(group, 0);
                assertThatThrownBy(() -> first.join(group, 1))
                        .isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(() -> second.join(group, 0))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("taken");
                assertThatThrownBy(() -> second.join(group, 2))
                        .isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(group::close).isInstanceOf(IllegalStateException.class);
            }
            try (NativeOffloadTarget third = targetOn(wire, 2)) {
                third.join(group, 0);
            }
            group.close();
            group.close();
            try (NativeOffloadTarget late = targetOn(wire, 3)) {
                assertThatThrownBy(() -> late.join(group, 0))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("closed");
            }
        }
    }

    @Test
    void onlyPortsOfTheDevicesMtuAndWithoutAThreadJoin() {
        try (Wire wire = new Wire(WireConfig.builder().ports(2).build());
                EngineGroup smaller = new EngineGroup(2, 128, 1400);
                EngineGroup group = new EngineGroup(2, 128, 1500);
                NativeOffloadTarget target = targetOn(wire, 0)) {
            assertThatThrownBy(() -> target.join(smaller, 0))
                    .isInstanceOf(IllegalArgumentException.class);
            target.start(-1);
            assertThatThrownBy(() -> target.join(group, 0))
                    .isInstanceOf(IllegalStateException.class);
            target.stop();
            target.join(group, 0);
            assertThat(target.counters()).containsEntry("group.segments_passed", 0L);
        }
    }

    @Test
    void sizesAreChecked() {
        assertThatThrownBy(() -> new EngineGroup(1, 128, 1500))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new EngineGroup(EngineGroup.MAX_ENGINES + 1, 128, 1500))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new EngineGroup(2, 0, 1500))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
