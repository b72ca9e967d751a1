// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Transfers over engines that threads of their own poll, with the real clock. */
@RequiresFlue
class OwnThreadTransferTest {
    private static final long MAC = 0x0200c6120001L;

    private static StackPair pair(Wire wire) {
        return new StackPair(wire.port(0, MAC), wire.port(1, MAC + 1)).ownThreads();
    }

    @ParameterizedTest
    @ValueSource(ints = {600, 1500, 9000})
    void bytesArriveExactlyAndTheConnectionsWereOffloaded(int mtu) {
        try (Wire wire = new Wire(WireConfig.builder().mtu(mtu).build());
                StackPair pair = pair(wire)) {
            for (int i = 0; i < 4; i++) {
                pair.connect(3_000_000);
            }
            pair.untilDone();
            assertThat(pair.ends).allMatch(end -> end.received == 3_000_000);
            assertThat(pair.ends).anyMatch(end -> end.wasOffloaded);
            pair.quiet();
            assertAtRest(pair);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1500, 9000})
    void bytesArriveExactlyWhileConnectionsMoveAbout(int mtu) {
        try (Wire wire = new Wire(WireConfig.builder().seed(4).mtu(mtu).dropPpm(1000).build());
                StackPair pair = pair(wire)) {
            pair.connect(2_000_000);
            pair.connect(2_000_000);
            int[] turns = {0};
            pair.until(
                    "all transfers",
                    () -> {
                        move(pair, turns[0]++);
                        return pair.ends.stream().allMatch(PatternEnd::done);
                    });
            assertThat(pair.ends).allMatch(end -> end.received == 2_000_000);
            pair.quiet();
            assertAtRest(pair);
        }
    }

    /** Every 200th turn the next connection changes sides: more often than a timer's tick. */
    private static void move(StackPair pair, int turn) {
        PatternEnd end = pair.ends.get(turn / 200 % 4);
        OffloadConnection moved = end.connection;
        if (turn % 200 != 0 || moved == null || end.closed != null) {
            return;
        }
        if (moved.offloaded()) {
            moved.upload();
        } else {
            moved.offload();
        }
    }

    private static void assertAtRest(StackPair pair) {
        pair.targets[0].stop();
        pair.targets[1].stop();
        pair.turn();
        pair.turn();
        for (NativeOffloadTarget target : pair.targets) {
            assertThat(target.held(EngineResource.CONNECTIONS)).isZero();
            assertThat(target.held(EngineResource.SEND_PIECES)).isZero();
            assertThat(target.held(EngineResource.RECEIVE_LISTS)).isZero();
        }
    }
}
