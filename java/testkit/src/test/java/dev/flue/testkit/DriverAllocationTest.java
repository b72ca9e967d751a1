// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.IntermediateDriver;
import dev.flue.im.MeterDriver;
import dev.flue.im.MeterSettings;
import dev.flue.im.PassThroughDriver;
import dev.flue.im.ShaperDriver;
import dev.flue.im.ShaperSettings;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Data calls, indications and frames pass a driver without an allocation. */
class DriverAllocationTest {
    private static final int ROUNDS = 20_000;
    private static final int ROUND_NANOS = 1_000_000;

    private enum Kind {
        PASS_THROUGH {
            @Override
            IntermediateDriver over(Memory memory, MiniportAdapter lower) {
                return new PassThroughDriver(memory, lower, 16);
            }
        },
        SHAPER {
            @Override
            IntermediateDriver over(Memory memory, MiniportAdapter lower) {
                return shaper(memory, lower, 1_000_000, 1_000);
            }
        },
        /** One list is ahead at first, so one of each round's two waits for the end of it. */
        SHAPER_THAT_HOLDS {
            @Override
            IntermediateDriver over(Memory memory, MiniportAdapter lower) {
                return shaper(memory, lower, 12_000, 4);
            }
        },
        METER {
            @Override
            IntermediateDriver over(Memory memory, MiniportAdapter lower) {
                return new MeterDriver(memory, lower, 16, new MeterSettings(4, 2, 8));
            }
        };

        abstract IntermediateDriver over(Memory memory, MiniportAdapter lower);

        private static ShaperDriver shaper(
                Memory memory, MiniportAdapter lower, long rate, long burst) {
            ShaperSettings settings = new ShaperSettings(rate, burst, ShaperSettings.Scope.ALL);
            return new ShaperDriver(memory, lower, 16, settings);
        }
    }

    private final HeapMemory memory = new HeapMemory();
    private final QuietTarget target = new QuietTarget(memory);
    private final QuietProtocol protocol = new QuietProtocol();
    private final OffloadTrees trees = new OffloadTrees(memory, 4);
    private long now;
    private long held;
    private final NblPool nbls = new NblPool(memory, 8, 16);

    @ParameterizedTest
    @EnumSource
    void nothingIsAllocatedOnTheDataPath(Kind kind) {
        IntermediateDriver driver = kind.over(memory, new MiniportAdapter(memory, target));
        Binding binding =
                new Binding(memory, protocol, new MiniportAdapter(memory, driver.upper()));
        long handle = trees.handle();
        binding.initiateOffload(trees.block(StateType.TCP, handle));
        driver.upper().doWork(1);
        assertThat(trees.token(handle)).isNotZero();
        long[] lists = new long[7];
        for (int i = 0; i < lists.length; i++) {
            lists[i] = nbls.allocate(new byte[4]);
        }
        binding.tcpOffloadSend(handle, lists[6]);
        rounds(driver, binding, handle, lists);
        long bytes = Allocations.leastOf(() -> rounds(driver, binding, handle, lists));

        assertThat(protocol.calls).isGreaterThan(8L * ROUNDS);
        assertThat(target.calls).isGreaterThan(12L * ROUNDS);
        assertThat(bytes).as("bytes in %d rounds", ROUNDS).isZero();
        assertThat(held > ROUNDS).isEqualTo(kind == Kind.SHAPER_THAT_HOLDS);
    }

    private void rounds(IntermediateDriver driver, Binding binding, long handle, long[] lists) {
        for (int i = 0; i < ROUNDS; i++) {
            binding.tcpOffloadSend(handle, lists[0]);
            binding.tcpOffloadSend(handle, lists[1]);
            held += driver instanceof ShaperDriver shaper ? shaper.heldLists() : 0;
            binding.tcpOffloadReceive(handle, lists[2]);
            binding.tcpOffloadForward(handle, lists[3]);
            binding.tcpOffloadReceiveReturn(lists[4]);
            binding.sendNetBufferLists(lists[4]);
            binding.returnNetBufferLists(lists[4]);
            driver.upper().tcpOffloadSend(-1, lists[5]);
            now += ROUND_NANOS;
            driver.upper().doWork(now);
            driver.upper().nextDeadline();
        }
    }
}
