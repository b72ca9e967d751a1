// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.TeamDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Data calls, indications and frames pass a team without an allocation. */
class TeamAllocationTest {
    private static final int ROUNDS = 20_000;

    private final HeapMemory memory = new HeapMemory();
    private final QuietTarget first = new QuietTarget(memory);
    private final QuietTarget second = new QuietTarget(memory);
    private final QuietProtocol protocol = new QuietProtocol();
    private final TeamDriver team =
            new TeamDriver(
                    memory,
                    List.of(
                            new MiniportAdapter(memory, first),
                            new MiniportAdapter(memory, second)),
                    new TeamDriver.Settings(16, 8, 4));
    private final Binding binding =
            new Binding(memory, protocol, new MiniportAdapter(memory, team.upper()));
    private final OffloadTrees trees = new OffloadTrees(memory, 4);
    private final NblPool nbls = new NblPool(memory, 4, 16);

    @Test
    void nothingIsAllocatedOnTheDataPath() {
        long handle = trees.handle();
        binding.initiateOffload(trees.block(StateType.TCP, handle));
        team.upper().doWork(1);
        assertThat(trees.token(handle)).isNotZero();
        long nbl = nbls.allocate(new byte[4]);
        rounds(handle, nbl);
        long bytes = Allocations.leastOf(() -> rounds(handle, nbl));

        assertThat(protocol.calls).isGreaterThan(4L * ROUNDS);
        assertThat(bytes).as("bytes in %d rounds", ROUNDS).isZero();
    }

    private void rounds(long handle, long nbl) {
        for (int i = 0; i < ROUNDS; i++) {
            binding.tcpOffloadSend(handle, nbl);
            binding.sendNetBufferLists(nbl);
            team.upper().doWork(i);
            team.upper().nextDeadline();
        }
    }
}
