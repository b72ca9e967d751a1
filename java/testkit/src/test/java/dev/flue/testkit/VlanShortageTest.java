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
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A VLAN driver when things run out, and when frames are whatever they like. */
class VlanShortageTest {
    private static final int OBJECTS = 2;
    private static final int LISTS = 3;
    private static final int ROUNDS = 5_000;
    private static final int LONGEST = 40;

    private final HeapMemory memory = new HeapMemory();
    private final RecordingTarget target = new RecordingTarget(memory);
    private final RecordingProtocol protocol = new RecordingProtocol(memory);
    private final OffloadTrees trees = new OffloadTrees(memory, 16);
    private final NblPool nbls = new NblPool(memory, 64, 64);
    private final NetBufferList list = new NetBufferList(memory);
    private final VlanDriver driver =
            new VlanDriver(
                    memory,
                    new MiniportAdapter(memory, target),
                    OBJECTS,
                    LISTS,
                    new VlanSettings(42, 5, 2));
    private final UpperInterface plain = driver.openVlan(new VlanSettings(0, 0, 1));
    private final RecordingProtocol plainProtocol = new RecordingProtocol(memory);
    private final Binding binding =
            new Binding(memory, protocol, new MiniportAdapter(memory, driver.upper()));
    private final Binding plainBinding =
            new Binding(memory, plainProtocol, new MiniportAdapter(memory, plain));
    private long now;

    VlanShortageTest() {
        protocol.bind(binding);
        plainProtocol.bind(plainBinding);
    }

    private void work() {
        int turns = 0;
        while (driver.upper().doWork(++now) > 0) {
            assertThat(++turns).isLessThan(1000);
        }
    }

    private long chain(int length) {
        long head = 0;
        for (int i = 0; i < length; i++) {
            long ref = nbls.allocate(new byte[20]);
            list.wrap(ref).next(head);
            head = ref;
        }
        return head;
    }

    @AfterEach
    void nothingIsHeld() {
        assertThat(driver.held().values()).as("%s", driver.held()).containsOnly(0);
        assertThat(nbls.held()).isZero();
        assertThat(target.buffersHeld()).isZero();
        driver.close();
    }

    private int initiate(long root) {
        binding.initiateOffload(root);
        work();
        return trees.status(root);
    }

    @Test
    void withoutAnEntryAnInitiateFailsAndTheOthersGoOn() {
        long[] roots = new long[OBJECTS + 1];
        for (int i = 0; i < roots.length; i++) {
            roots[i] = trees.block(StateType.TCP, trees.handle());
            assertThat(initiate(roots[i]))
                    .isEqualTo(
                            (i < OBJECTS ? OffloadStatus.SUCCESS : OffloadStatus.FAILURE).code());
        }
        binding.terminateOffload(roots[0]);
        work();
        assertThat(initiate(roots[OBJECTS])).isEqualTo(OffloadStatus.SUCCESS.code());
        for (int i = 1; i < roots.length; i++) {
            binding.terminateOffload(roots[i]);
            work();
        }
    }

    @Rule({"I-19", "I-33"})
    @Test
    void withoutAContextDataAsksForAnUpload() {
        long handle = trees.handle();
        long root = trees.block(StateType.TCP, handle);
        initiate(root);
        binding.tcpOffloadSend(handle, chain(LISTS + 1));
        work();
        assertThat(protocol.io()).hasSize(LISTS + 1);
        assertThat(protocol.io().get(0).status()).isEqualTo(OffloadStatus.REQUEST_UPLOAD.code());
        protocol.io().subList(1, LISTS + 1).stream()
                .map(RecordingProtocol.IoCompletion::status)
                .forEach(each -> assertThat(each).isEqualTo(OffloadStatus.UPLOAD_REQUESTED.code()));
        protocol.io().forEach(each -> nbls.free(each.netBufferList()));
        binding.terminateOffload(root);
        work();
    }

    @Test
    void withoutAContextFramesOfTheFaceWithoutATagAreDroppedAndOfTheOthersOnlyForWantOfHeaders() {
        target.holdIo();
        long dropped = chain(LISTS + 1);
        plainBinding.sendNetBufferLists(dropped);
        binding.sendNetBufferLists(chain(2));
        driver.upper().doWork(++now);
        assertThat(list.wrap(dropped).status()).isEqualTo(OffloadStatus.RESOURCES.code());
        assertThat(plainProtocol.takeSentFrames(nbls)).isEqualTo(LISTS + 1);
        assertThat(target.io()).hasSize(1);
        assertThat(driver.held()).containsEntry("frame headers", 2);
        target.release();
        work();
        assertThat(protocol.takeSentFrames(nbls)).isEqualTo(2);
    }

    /** The same frame by hand: what is left of it, or null when it is for nobody. */
    private static byte[] stripped(byte[] frame, int vlan) {
        if (frame.length < 14) {
            return null;
        }
        boolean tagged = frame[12] == (byte) 0x81 && frame[13] == 0;
        if (!tagged) {
            return vlan == 0 ? frame : null;
        }
        if (frame.length < 18 || ((frame[14] & 0xf) << 8 | frame[15] & 0xff) != vlan) {
            return null;
        }
        byte[] rest = Arrays.copyOf(frame, frame.length - 4);
        System.arraycopy(frame, 16, rest, 12, frame.length - 16);
        return rest;
    }

    @Test
    void framesOfAnyContentInAnyPiecesAreWhatTheyWouldBeByHand() {
        Random random = new Random(42);
        Pieces pieces = new Pieces();
        int[] taken = new int[2];
        for (int i = 0; i < ROUNDS; i++) {
            byte[] frame = frame(random);
            target.frame(frame, ref -> pieces.cut(ref, random));
            work();
            RecordingProtocol[] all = {protocol, plainProtocol};
            for (int face = 0; face < 2; face++) {
                byte[] expected = stripped(frame, face == 0 ? 42 : 0);
                if (expected == null) {
                    assertThat(all[face].frames()).isEmpty();
                } else {
                    taken[face]++;
                    assertThat(all[face].frames()).containsExactly(expected);
                    all[face].frames().clear();
                }
            }
        }
        assertThat(taken[0]).isGreaterThan(ROUNDS / 10);
        assertThat(taken[1]).isGreaterThan(ROUNDS / 10);
    }

    @Test
    void framesInAnyPiecesGetTheirTagAndComeBackAsTheyWere() {
        Random random = new Random(43);
        Pieces pieces = new Pieces();
        target.holdIo();
        for (int i = 0; i < ROUNDS; i++) {
            byte[] frame = frame(random);
            long ref = nbls.allocate(frame);
            pieces.cut(ref, random);
            binding.sendNetBufferLists(ref);
            if (frame.length >= 14) {
                byte[] below = nbls.bytes(ref);
                assertThat(below).hasSize(frame.length + 4);
                assertThat(Arrays.copyOfRange(below, 12, 16))
                        .containsExactly(0x81, 0x00, 0xa0, 0x2a);
                assertThat(stripped(below, 42)).isEqualTo(frame);
            }
            target.release();
            work();
            target.holdIo();
            assertThat(nbls.bytes(ref)).isEqualTo(frame);
            assertThat(protocol.takeSentFrames(nbls)).isEqualTo(1);
        }
    }

    /** Half of them with a tag, of those half of our VLAN. */
    private static byte[] frame(Random random) {
        byte[] frame = new byte[random.nextInt(LONGEST)];
        random.nextBytes(frame);
        byte[] tag = {
            (byte) 0x81, 0, (byte) (random.nextInt(16) << 4), (byte) (random.nextInt(2) * 42)
        };
        if (random.nextBoolean() && frame.length > 12) {
            System.arraycopy(tag, 0, frame, 12, Math.min(tag.length, frame.length - 12));
        }
        return frame;
    }

    /** Cuts a frame into MDLs, some of them empty. */
    private final class Pieces {
        private static final int MOST = 8;
        private final long[] mdls = new long[MOST];
        private final Mdl mdl = new Mdl(memory);
        private final NetBuffer nb = new NetBuffer(memory);

        Pieces() {
            var pool = new dev.flue.offload.RecordPool(memory, Mdl.BYTES, MOST);
            for (int i = 0; i < MOST; i++) {
                mdls[i] = pool.allocate();
            }
        }

        void cut(long frame, Random random) {
            long first = nb.wrap(list.wrap(frame).firstNetBuffer()).mdlChain();
            long data = mdl.wrap(first).data();
            int left = mdl.byteCount();
            long at = first;
            for (int i = 0; i < MOST; i++) {
                int piece = random.nextInt(Math.min(left, 9) + 1);
                mdl.wrap(at).data(data).byteCount(piece).next(mdls[i]);
                data += piece;
                left -= piece;
                at = mdls[i];
            }
            mdl.wrap(at).data(data).byteCount(left).next(0);
        }
    }
}
