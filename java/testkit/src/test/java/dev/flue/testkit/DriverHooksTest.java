// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.IntermediateDriver;
import dev.flue.im.IoKind;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a driver that is more than a pass-through can hang on to. */
class DriverHooksTest {
    private static final int VLAN = 42;

    /** Puts every neighbor on a VLAN and keeps a list of what goes through it. */
    private static final class VlanDriver extends IntermediateDriver {
        private final MiniportOffloadBlockList block;
        private final NeighborConst neighbor;
        private final List<String> seen = new ArrayList<>();

        VlanDriver(Memory memory, MiniportAdapter lower) {
            super(memory, lower, 16);
            this.block = new MiniportOffloadBlockList(memory);
            this.neighbor = new NeighborConst(memory);
        }

        @Override
        public String name() {
            return "vlan " + VLAN;
        }

        @Override
        protected void offering(int entry, long blockRef) {
            if (block.wrap(blockRef).type() == StateType.NEIGHBOR.code()) {
                neighbor.wrap(blockRef + StateOffsets.NEIGHBOR_CONST).vlanId(VLAN);
            }
            seen.add("offering " + block.type());
        }

        @Override
        protected void offloaded(int entry, long blockRef) {
            seen.add("offloaded " + block.wrap(blockRef).type() + " as " + entry);
        }

        @Override
        protected void gone(int entry, long blockRef) {
            seen.add("gone " + entry);
        }

        @Override
        protected void io(IoKind kind, int entry, long netBufferLists, int flags) {
            seen.add(kind + " of " + entry);
            super.io(kind, entry, netBufferLists, flags);
        }
    }

    @Rule("I-23")
    @Test
    void aDriverMayChangeWhatIsOfferedAndHearsOfEachObjectByItsNumber() {
        HeapMemory memory = new HeapMemory();
        RecordingTarget target = new RecordingTarget(memory);
        target.fate(
                (number, type) -> number == 3 ? OffloadStatus.RESOURCES : OffloadStatus.SUCCESS);
        VlanDriver driver = new VlanDriver(memory, new MiniportAdapter(memory, target));
        RecordingProtocol protocol = new RecordingProtocol(memory);
        Binding binding =
                new Binding(memory, protocol, new MiniportAdapter(memory, driver.upper()));
        protocol.bind(binding);
        OffloadTrees trees = new OffloadTrees(memory, 16);
        NblPool nbls = new NblPool(memory, 4, 16);

        long refused = trees.handle();
        long connection = trees.handle();
        long t1 = trees.block(StateType.TCP, connection);
        long t2 = trees.block(StateType.TCP, refused);
        long path = trees.block(StateType.IP4, trees.handle(), t1, t2);
        long root = trees.block(StateType.NEIGHBOR, trees.handle(), path);
        binding.initiateOffload(root);
        NeighborConst below = new NeighborConst(memory).wrap(root + StateOffsets.NEIGHBOR_CONST);
        assertThat(below.vlanId()).isEqualTo(VLAN);
        driver.upper().doWork(1);
        binding.tcpOffloadSend(connection, nbls.allocate(new byte[4]));
        driver.upper().doWork(2);
        trees.free(root);
        long back = trees.block(StateType.TCP, connection);
        binding.terminateOffload(back);
        driver.upper().doWork(3);

        assertThat(driver.seen)
                .containsExactly(
                        "offering 4",
                        "offering 8",
                        "offering 17",
                        "offering 17",
                        "offloaded 4 as 0",
                        "offloaded 8 as 1",
                        "offloaded 17 as 2",
                        "SEND of 2",
                        "gone 2");
        assertThat(driver.name()).isEqualTo("vlan 42");
    }
}
