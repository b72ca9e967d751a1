// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.flue.im.PassThroughDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** Data calls, indications and frames pass a driver without an allocation. */
class DriverAllocationTest {
    private static final int ROUNDS = 20_000;

    private final HeapMemory memory = new HeapMemory();
    private final QuietTarget target = new QuietTarget(memory);
    private final QuietProtocol protocol = new QuietProtocol();
    private final PassThroughDriver driver =
            new PassThroughDriver(memory, new MiniportAdapter(memory, target), 16);
    private final Binding binding =
            new Binding(memory, protocol, new MiniportAdapter(memory, driver.upper()));
    private final OffloadTrees trees = new OffloadTrees(memory, 4);
    private final NblPool nbls = new NblPool(memory, 4, 16);

    @Test
    void nothingIsAllocatedOnTheDataPath() {
        long handle = trees.handle();
        binding.initiateOffload(trees.block(StateType.TCP, handle));
        driver.upper().doWork(1);
        assertThat(trees.token(handle)).isNotZero();
        long nbl = nbls.allocate(new byte[4]);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        rounds(handle, nbl);

        long before = threads.getThreadAllocatedBytes(thread);
        rounds(handle, nbl);
        long bytes = threads.getThreadAllocatedBytes(thread) - before;

        assertThat(protocol.calls).isGreaterThan(8L * ROUNDS);
        assertThat(target.calls).isGreaterThan(12L * ROUNDS);
        assertThat(bytes).as("bytes in %d rounds", ROUNDS).isLessThan(ROUNDS);
    }

    private void rounds(long handle, long nbl) {
        for (int i = 0; i < ROUNDS; i++) {
            binding.tcpOffloadSend(handle, nbl);
            binding.tcpOffloadReceive(handle, nbl);
            binding.tcpOffloadForward(handle, nbl);
            binding.tcpOffloadReceiveReturn(nbl);
            binding.sendNetBufferLists(nbl);
            binding.returnNetBufferLists(nbl);
            driver.upper().tcpOffloadSend(-1, nbl);
            driver.upper().doWork(i);
        }
    }
}
