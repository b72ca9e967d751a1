// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BindingTest {
    private static final int BLOCKS = 4096;

    private final HeapMemory memory = new HeapMemory();
    private final RecordPool blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, BLOCKS);
    private final RecordPool handles = new RecordPool(memory, OffloadHandle.BYTES, BLOCKS);
    private final ProtocolOffloadBlockList pobl = new ProtocolOffloadBlockList(memory);
    private final MiniportOffloadBlockList mobl = new MiniportOffloadBlockList(memory);
    private final OffloadHandle handle = new OffloadHandle(memory);
    private final Calls below = new Calls();
    private final Calls above = new Calls();
    private MiniportAdapter adapter;
    private Binding binding;

    @BeforeEach
    void bind() {
        adapter = new MiniportAdapter(memory, below.of(Miniport.class));
        binding = new Binding(memory, above.of(Protocol.class), adapter);
        assertThat(below.take()).hasSize(1).allMatch(call -> call.startsWith("initialize"));
    }

    private long block(boolean object, long... dependents) {
        long ref = blocks.allocate();
        pobl.wrap(ref).clear(StateType.NEIGHBOR);
        pobl.offloadHandle(object ? handles.allocate() : 0);
        for (int i = 0; i < dependents.length; i++) {
            if (i > 0) {
                pobl.wrap(dependents[i - 1]).nextBlock(dependents[i]);
            }
        }
        pobl.wrap(ref).dependentBlockList(dependents.length > 0 ? dependents[0] : 0);
        return ref;
    }

    @Test
    void aBlockOnItsWayDownNamesTheSlotInItsHandleAndTheBinding() {
        long root = block(true);
        long own = pobl.wrap(root).offloadHandle();

        binding.initiateOffload(root);

        assertThat(below.take()).containsExactly("initiateOffload [" + root + "]");
        mobl.wrap(root);
        assertThat(mobl.miniportOffloadContext()).isEqualTo(own + 8);
        assertThat(mobl.ndisOffloadHandle()).isEqualTo(own);
        assertThat(mobl.sourceHandle()).isEqualTo(1);
    }

    @Test
    void aTokenWrittenThroughTheSlotIsTheOneInTheHandle() {
        long root = block(true);
        long own = pobl.wrap(root).offloadHandle();
        binding.initiateOffload(root);
        long slot = mobl.wrap(root).miniportOffloadContext();
        memory.buffer(Refs.region(slot)).putLong(Refs.offset(slot), 4711);
        assertThat(handle.wrap(own).miniportOffloadContext()).isEqualTo(4711);
    }

    @Test
    void aPlaceholderHasNoSlot() {
        long root = block(false);
        binding.initiateOffload(root);
        assertThat(mobl.wrap(root).miniportOffloadContext()).isZero();
        assertThat(mobl.ndisOffloadHandle()).isZero();
    }

    @Test
    void onItsWayUpABlockIsAsItWentDown() {
        long root = block(true, block(false, block(true), block(true)), block(true));
        List<byte[]> before = snapshot();
        binding.queryOffload(root);
        adapter.queryOffloadComplete(root);
        assertThat(above.take()).containsExactly("queryOffloadComplete [" + root + "]");
        clearSourceHandles();
        assertThat(snapshot()).usingRecursiveComparison().isEqualTo(before);
    }

    private void clearSourceHandles() {
        for (int i = 0; i < blocks.held(); i++) {
            mobl.wrap(ref(i)).sourceHandle(0);
        }
    }

    private long ref(int index) {
        long probe = blocks.allocate();
        long base = probe - (long) blocks.index(probe) * StateOffsets.BLOCK_BYTES;
        blocks.free(probe);
        return base + (long) index * StateOffsets.BLOCK_BYTES;
    }

    private List<byte[]> snapshot() {
        List<byte[]> out = new ArrayList<>();
        for (int i = 0; i < blocks.held(); i++) {
            long at = ref(i);
            byte[] bytes = new byte[OffloadBlockList.BYTES];
            memory.buffer(Refs.region(at)).get(Refs.offset(at), bytes);
            out.add(bytes);
        }
        return out;
    }

    @Test
    void everyBlockOfAnyTreeIsConverted() {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 50; round++) {
            List<Long> all = new ArrayList<>();
            long root = randomRow(random, 1, all);
            binding.updateOffload(root);
            for (long ref : all) {
                mobl.wrap(ref);
                long own = mobl.ndisOffloadHandle();
                assertThat(mobl.sourceHandle()).isEqualTo(1);
                assertThat(mobl.miniportOffloadContext()).isEqualTo(own == 0 ? 0 : own + 8);
            }
            adapter.updateOffloadComplete(root);
            for (long ref : all) {
                assertThat(mobl.wrap(ref).miniportOffloadContext()).isZero();
                if (mobl.ndisOffloadHandle() != 0) {
                    handles.free(mobl.ndisOffloadHandle());
                }
                blocks.free(ref);
            }
        }
    }

    private long randomRow(SplittableRandom random, int level, List<Long> all) {
        int width = 1 + random.nextInt(6);
        long[] row = new long[width];
        for (int i = 0; i < width; i++) {
            long dependent =
                    level < 3 && random.nextInt(3) > 0 ? randomRow(random, level + 1, all) : 0;
            row[i] = block(random.nextInt(4) > 0);
            pobl.wrap(row[i]).dependentBlockList(dependent);
            all.add(row[i]);
        }
        for (int i = 0; i + 1 < width; i++) {
            pobl.wrap(row[i]).nextBlock(row[i + 1]);
        }
        return row[0];
    }

    @Test
    void threeLevelsPassAndAFourthIsRefused() {
        long three = block(true, block(true, block(true)));
        binding.terminateOffload(three);
        assertThat(below.take()).containsExactly("terminateOffload [" + three + "]");
        long four = block(true, three);
        pobl.wrap(three).sourceHandle(0);
        assertThatThrownBy(() -> binding.terminateOffload(four))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("three levels");
        assertThat(below.take()).isEmpty();
    }

    @Test
    void aCycleIsRefusedInBoundedTime() {
        long a = block(true);
        long b = block(true);
        pobl.wrap(a).nextBlock(b);
        pobl.wrap(b).nextBlock(a);
        assertThatThrownBy(() -> binding.queryOffload(a))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cycle");
        assertThat(below.take()).isEmpty();
    }

    @Test
    void aBlockThatDependsOnItselfIsRefused() {
        long a = block(true);
        pobl.wrap(a).dependentBlockList(a);
        assertThatThrownBy(() -> binding.initiateOffload(a))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(below.take()).isEmpty();
    }

    @Test
    void aLinkThatNamesNoRegionIsRefused() {
        long a = block(true);
        pobl.wrap(a).nextBlock(Refs.make(1000, 64));
        assertThatThrownBy(() -> binding.initiateOffload(a))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1000");
    }

    @Test
    void ioGoesDownByTheTokenInTheHandle() {
        long own = handles.allocate();
        handle.wrap(own).miniportOffloadContext(99);
        binding.tcpOffloadSend(own, 5);
        binding.tcpOffloadReceive(own, 6);
        binding.tcpOffloadDisconnect(own, 7, Miniport.DISCONNECT_ABORTIVE);
        binding.tcpOffloadForward(own, 8);
        binding.tcpOffloadReceiveReturn(9);
        binding.sendNetBufferLists(10);
        binding.returnNetBufferLists(11);
        assertThat(below.take())
                .containsExactly(
                        "tcpOffloadSend [99, 5]",
                        "tcpOffloadReceive [99, 6]",
                        "tcpOffloadDisconnect [99, 7, 2]",
                        "tcpOffloadForward [99, 8]",
                        "tcpOffloadReceiveReturn [9]",
                        "sendNetBufferLists [10]",
                        "returnNetBufferLists [11]");
    }

    @Test
    void eachOperationGoesDownAsItselfAndComesUpAsItself() {
        long root = block(true);
        binding.initiateOffload(root);
        adapter.initiateOffloadComplete(root);
        binding.queryOffload(root);
        adapter.queryOffloadComplete(root);
        binding.updateOffload(root);
        adapter.updateOffloadComplete(root);
        binding.invalidateOffload(root);
        adapter.invalidateOffloadComplete(root);
        binding.terminateOffload(root);
        adapter.terminateOffloadComplete(root);
        String at = " [" + root + "]";
        assertThat(below.take())
                .containsExactly(
                        "initiateOffload" + at,
                        "queryOffload" + at,
                        "updateOffload" + at,
                        "invalidateOffload" + at,
                        "terminateOffload" + at);
        assertThat(above.take())
                .containsExactly(
                        "initiateOffloadComplete" + at,
                        "queryOffloadComplete" + at,
                        "updateOffloadComplete" + at,
                        "invalidateOffloadComplete" + at,
                        "terminateOffloadComplete" + at);
    }
}
