// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.UpperInterface;
import dev.flue.im.VlanDriver;
import dev.flue.im.VlanSettings;
import dev.flue.offload.Binding;
import dev.flue.offload.Mdl;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.Refs;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Data calls, indications and frames pass a VLAN driver of two faces without an allocation. */
class VlanAllocationTest {
    private static final int ROUNDS = 20_000;
    private static final int FRAME_BYTES = 64;
    private static final long TAG_AND_TYPE = 0x0008_2a00_0081L; // 8100 002a 0800, as little-endian

    private final HeapMemory memory = new HeapMemory();
    private final QuietTarget target = new QuietTarget(memory);
    private final QuietProtocol protocol = new QuietProtocol();
    private final QuietProtocol other = new QuietProtocol();
    private final VlanDriver driver =
            new VlanDriver(memory, new MiniportAdapter(memory, target), 16, 8, VlanSettings.of(7));
    private final OffloadTrees trees = new OffloadTrees(memory, 4);
    private final NblPool nbls = new NblPool(memory, 4, FRAME_BYTES);
    private final NetBuffer nb = new NetBuffer(memory);
    private final long received = nbls.allocate(new byte[FRAME_BYTES]);
    private final long receivedBuffer = new NetBufferList(memory).wrap(received).firstNetBuffer();
    private final long receivedData =
            new Mdl(memory).wrap(nb.wrap(receivedBuffer).mdlChain()).data();

    @Test
    void nothingIsAllocatedOnTheDataPath() {
        UpperInterface face = driver.openVlan(VlanSettings.of(42));
        new Binding(memory, other, new MiniportAdapter(memory, driver.upper()));
        Binding binding = new Binding(memory, protocol, new MiniportAdapter(memory, face));
        long handle = trees.handle();
        binding.initiateOffload(trees.block(StateType.TCP, handle));
        face.doWork(1);
        assertThat(trees.token(handle)).isNotZero();
        target.receivedFrame = received;
        long data = nbls.allocate(new byte[4]);
        long frame = nbls.allocate(new byte[FRAME_BYTES]);
        rounds(binding, handle, data, frame);
        long bytes = Allocations.leastOf(() -> rounds(binding, handle, data, frame));

        assertThat(protocol.calls).as("also each frame").isGreaterThanOrEqualTo(10L * ROUNDS);
        assertThat(other.calls).isZero();
        assertThat(driver.framesForeign()).isZero();
        assertThat(driver.held()).containsEntry("frame headers", 0);
        assertThat(bytes).as("bytes in %d rounds", ROUNDS).isZero();
    }

    private void rounds(Binding binding, long handle, long data, long frame) {
        ByteBuffer buffer = memory.buffer(Refs.region(receivedData));
        for (int i = 0; i < ROUNDS; i++) {
            buffer.putLong(Refs.offset(receivedData) + 12, TAG_AND_TYPE);
            nb.wrap(receivedBuffer).currentMdlOffset(0).dataOffset(0).dataLength(FRAME_BYTES);
            binding.tcpOffloadSend(handle, data);
            binding.sendNetBufferLists(frame);
            binding.miniport().doWork(i);
        }
    }
}
