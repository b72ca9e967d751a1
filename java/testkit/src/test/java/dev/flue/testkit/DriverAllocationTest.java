// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.flue.im.PassThroughDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
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

    private static final class QuietTarget implements Miniport {
        private final MiniportOffloadBlockList block;
        private final OffloadHandle slot;
        private final BytesConsumed consumed = new BytesConsumed();
        private MiniportAdapter adapter;
        private long pending;
        private long handle;
        private long nbl;
        private long calls;

        QuietTarget(HeapMemory memory) {
            block = new MiniportOffloadBlockList(memory);
            slot = new OffloadHandle(memory);
        }

        @Override
        public void initialize(MiniportAdapter miniportAdapter) {
            adapter = miniportAdapter;
        }

        @Override
        public Capabilities capabilities() {
            return null;
        }

        @Override
        public void initiateOffload(long root) {
            pending = root;
        }

        @Override
        public void queryOffload(long root) {}

        @Override
        public void oidRequest(long request) {}

        @Override
        public void updateOffload(long root) {}

        @Override
        public void invalidateOffload(long root) {}

        @Override
        public void terminateOffload(long root) {}

        @Override
        public void tcpOffloadSend(long token, long netBufferLists) {
            nbl = netBufferLists;
            calls++;
        }

        @Override
        public void tcpOffloadReceive(long token, long netBufferLists) {
            calls++;
        }

        @Override
        public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
            calls++;
        }

        @Override
        public void tcpOffloadForward(long token, long netBufferLists) {
            calls++;
        }

        @Override
        public void tcpOffloadReceiveReturn(long netBufferLists) {
            calls++;
        }

        @Override
        public void sendNetBufferLists(long netBufferLists) {
            calls++;
        }

        @Override
        public void returnNetBufferLists(long netBufferLists) {
            calls++;
        }

        @Override
        public int doWork(long nowNanos) {
            calls++;
            if (pending != 0) {
                handle = block.wrap(pending).ndisOffloadHandle();
                block.status(OffloadStatus.SUCCESS.code());
                slot.wrap(handle).miniportOffloadContext(1);
                long root = pending;
                pending = 0;
                adapter.initiateOffloadComplete(root);
                return 1;
            }
            adapter.tcpOffloadSendComplete(nbl);
            adapter.tcpOffloadReceiveComplete(nbl);
            adapter.tcpOffloadForwardComplete(nbl);
            adapter.tcpOffloadReceiveIndicate(handle, nbl, OffloadStatus.SUCCESS, consumed);
            adapter.tcpOffloadEvent(handle, TcpEvent.DISCONNECT, 0);
            adapter.receiveNetBufferLists(nbl);
            adapter.sendNetBufferListsComplete(nbl);
            return 7;
        }

        @Override
        public long nextDeadline() {
            return 0;
        }
    }

    private static final class QuietProtocol implements Protocol {
        private long calls;

        @Override
        public void initiateOffloadComplete(long root) {}

        @Override
        public void queryOffloadComplete(long root) {}

        @Override
        public void updateOffloadComplete(long root) {}

        @Override
        public void invalidateOffloadComplete(long root) {}

        @Override
        public void terminateOffloadComplete(long root) {}

        @Override
        public void tcpOffloadSendComplete(long netBufferLists) {
            calls++;
        }

        @Override
        public void tcpOffloadReceiveComplete(long netBufferLists) {
            calls++;
        }

        @Override
        public void tcpOffloadDisconnectComplete(long netBufferList) {
            calls++;
        }

        @Override
        public void tcpOffloadForwardComplete(long netBufferLists) {
            calls++;
        }

        @Override
        public OffloadStatus tcpOffloadReceiveIndicate(
                long offloadHandle,
                long netBufferList,
                OffloadStatus status,
                BytesConsumed consumed) {
            calls++;
            consumed.bytes = 4;
            return OffloadStatus.SUCCESS;
        }

        @Override
        public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
            calls++;
        }

        @Override
        public void indicateOffloadEvent(long block, OffloadEvent event) {}

        @Override
        public void oidRequestComplete(long request) {}

        @Override
        public void statusIndication(StatusIndication indication) {}

        @Override
        public void receiveNetBufferLists(long netBufferLists) {
            calls++;
        }

        @Override
        public void sendNetBufferListsComplete(long netBufferLists) {
            calls++;
        }
    }
}
