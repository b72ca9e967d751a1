// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.im.UpperInterface;
import dev.flue.im.VlanDriver;
import dev.flue.im.VlanSettings;
import dev.flue.offload.Binding;
import dev.flue.offload.Mdl;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A driver that puts what is above it into a VLAN. */
class VlanDriverTest {
    private static final String TO = "020000000001";
    private static final String FROM = "020000000002";
    private static final String BODY = "0800" + "45a1b2c3";
    private static final String PLAIN = TO + FROM + BODY;
    private static final int FRAMES = 4;

    private final HeapMemory memory = new HeapMemory();
    private final RecordingTarget target = new RecordingTarget(memory);
    private final OffloadTrees trees = new OffloadTrees(memory, 64);
    private final NblPool nbls = new NblPool(memory, 16, 64);
    private final NetBufferList nbl = new NetBufferList(memory);
    private final NetBuffer nb = new NetBuffer(memory);
    private final Mdl mdl = new Mdl(memory);
    private final NeighborConst neighbor = new NeighborConst(memory);
    private final TcpCached cached = new TcpCached(memory);
    private final List<Host> hosts = new ArrayList<>();
    private VlanDriver driver;
    private long now;

    /** What is bound to one face. */
    private final class Host {
        private final RecordingProtocol protocol = new RecordingProtocol(memory);
        private final Binding binding;

        Host(UpperInterface face) {
            binding = new Binding(memory, protocol, new MiniportAdapter(memory, face));
            protocol.bind(binding);
        }

        List<String> frames() {
            return protocol.frames().stream().map(HexFormat.of()::formatHex).toList();
        }
    }

    private void build(VlanSettings first, VlanSettings... others) {
        driver =
                new VlanDriver(
                        memory,
                        new MiniportAdapter(memory, target),
                        16,
                        others.length == 0 ? 0 : 4,
                        first);
        hosts.add(new Host(driver.upper()));
        for (VlanSettings each : others) {
            hosts.add(new Host(driver.openVlan(each)));
        }
    }

    private static VlanSettings vlan(int id, int priority) {
        return new VlanSettings(id, priority, FRAMES);
    }

    private void work() {
        while (driver.upper().doWork(++now) > 0) {
            assertThat(now).isLessThan(10_000);
        }
    }

    private long frame(String hex) {
        return nbls.allocate(HexFormat.of().parseHex(hex));
    }

    /** What stands in a chain of frames below, a text each. */
    private List<String> below(long chain) {
        List<String> all = new ArrayList<>();
        for (long at = chain; at != 0; at = nbl.wrap(at).next()) {
            all.add(HexFormat.of().formatHex(nbls.bytes(at)));
        }
        return all;
    }

    private long tree(int vlanId, int priority, long... handles) {
        long tcp = trees.block(StateType.TCP, handles[2]);
        cached.wrap(tcp + StateOffsets.TCP_CACHED).userPriority(priority);
        long path = trees.block(StateType.IP4, handles[1], tcp);
        long root = trees.block(StateType.NEIGHBOR, handles[0], path);
        neighbor.wrap(root + StateOffsets.NEIGHBOR_CONST).vlanId(vlanId);
        return root;
    }

    private int priorityOf(long root) {
        return cached.wrap(trees.all(root).get(2) + StateOffsets.TCP_CACHED).userPriority();
    }

    @AfterEach
    void nothingIsHeld() {
        if (driver != null) {
            assertThat(driver.held().values()).as("%s", driver.held()).containsOnly(0);
            assertThat(driver.strayCalls()).isZero();
            driver.close();
        }
        assertThat(nbls.held()).isZero();
        assertThat(target.buffersHeld()).isZero();
        assertThat(target.objects()).isEmpty();
    }

    // ---- State.

    @Rule("I-23")
    @Test
    void anInitiateGetsVlanAndPriorityAndUpdatesKeepThePriority() {
        build(vlan(42, 5));
        long[] handles = {trees.handle(), trees.handle(), trees.handle()};
        long root = tree(0, 0, handles);
        hosts.get(0).binding.initiateOffload(root);
        assertThat(neighbor.wrap(root + StateOffsets.NEIGHBOR_CONST).vlanId()).isEqualTo(42);
        assertThat(priorityOf(root)).isEqualTo(5);
        work();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());

        long update = trees.block(StateType.TCP_CACHED, handles[2]);
        cached.wrap(update + StateOffsets.TCP_CACHED).userPriority(0);
        hosts.get(0).binding.updateOffload(update);
        assertThat(cached.wrap(update + StateOffsets.TCP_CACHED).userPriority()).isEqualTo(5);
        work();
        cached.wrap(update + StateOffsets.TCP_CACHED).userPriority(3);
        hosts.get(0).binding.updateOffload(update);
        assertThat(cached.wrap(update + StateOffsets.TCP_CACHED).userPriority())
                .as("what the host names stays")
                .isEqualTo(3);
        work();
        terminate(root, handles);
    }

    private void terminate(long root, long... handles) {
        hosts.get(0).binding.terminateOffload(root);
        work();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        assertThat(trees.token(handles[0])).isZero();
    }

    @Test
    void whatTheHostNamesStaysWhenItIsTheSameVlan() {
        build(vlan(42, 5));
        long[] handles = {trees.handle(), trees.handle(), trees.handle()};
        long root = tree(42, 2, handles);
        hosts.get(0).binding.initiateOffload(root);
        assertThat(neighbor.wrap(root + StateOffsets.NEIGHBOR_CONST).vlanId()).isEqualTo(42);
        assertThat(priorityOf(root)).isEqualTo(2);
        work();
        terminate(root, handles);
    }

    @ParameterizedTest(name = "VLAN {0} asked for on a face of VLAN {1}")
    @CsvSource({"7,42", "7,0", "4095,42"})
    void aNeighborOfAnotherVlanFailsUntouchedAndWithItsTree(int asked, int ours) {
        build(vlan(ours, 5));
        long[] handles = {trees.handle(), trees.handle(), trees.handle()};
        long root = tree(asked, 0, handles);
        hosts.get(0).binding.initiateOffload(root);
        assertThat(hosts.get(0).protocol.completions()).as("never inside the call").isEmpty();
        work();
        assertThat(trees.all(root))
                .allSatisfy(
                        each ->
                                assertThat(trees.status(each))
                                        .isEqualTo(OffloadStatus.OFFLOAD_VLAN_MISMATCH.code()));
        assertThat(neighbor.wrap(root + StateOffsets.NEIGHBOR_CONST).vlanId()).isEqualTo(asked);
        assertThat(priorityOf(root)).isZero();
        assertThat(target.operations()).isEmpty();
        assertThat(trees.token(handles[0])).isZero();
    }

    @Test
    void aTreeUnderANeighborThatIsOffloadedIsNotAskedForItsVlanAgain() {
        build(vlan(42, 0));
        long[] handles = {trees.handle(), trees.handle(), trees.handle()};
        long root = tree(0, 0, handles);
        hosts.get(0).binding.initiateOffload(root);
        work();
        // A linker's block carries no state; what stands there is nobody's.
        long[] more = {handles[0], handles[1], trees.handle()};
        long second = tree(7, 0, more);
        hosts.get(0).binding.initiateOffload(second);
        work();
        assertThat(trees.status(trees.all(second).get(2))).isEqualTo(OffloadStatus.SUCCESS.code());
        terminate(trees.block(StateType.TCP, more[2]), more[2]);
        terminate(root, handles);
    }

    // ---- Frames.

    @ParameterizedTest(name = "VLAN {0}, priority {1}: tag {2}")
    @CsvSource({"42,0,002a", "42,5,a02a", "4094,7,effe", "0,3,6000"})
    void aFrameGetsATagBehindItsAddressesAndComesBackAsItWas(int id, int priority, String tag) {
        build(vlan(id, priority));
        target.holdIo();
        long frame = frame(PLAIN);
        nb.wrap(nbl.wrap(frame).firstNetBuffer());
        long chain = nb.mdlChain();
        hosts.get(0).binding.sendNetBufferLists(frame);
        assertThat(below(frame)).containsExactly(TO + FROM + "8100" + tag + BODY);
        assertThat(driver.held()).containsEntry("frame headers", 1);
        target.release();
        work();
        nb.wrap(nbl.wrap(frame).firstNetBuffer());
        assertThat(nb.mdlChain()).isEqualTo(chain);
        assertThat(nb.currentMdl()).isEqualTo(chain);
        assertThat(nb.dataOffset()).isZero();
        assertThat(below(frame)).containsExactly(PLAIN);
        assertThat(hosts.get(0).protocol.takeSentFrames(nbls)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6, 11, 12, 13, 14, 17})
    void aFrameInTwoPiecesIsTaggedAndItsTagCutOutWhereverTheyMeet(int first) {
        build(vlan(42, 0));
        target.holdIo();
        RecordPool pool = new RecordPool(memory, Mdl.BYTES, 1);
        long second = pool.allocate();
        long frame = frame(PLAIN);
        split(frame, second, first);
        hosts.get(0).binding.sendNetBufferLists(frame);
        assertThat(below(frame)).containsExactly(TO + FROM + "8100002a" + BODY);
        target.release();
        work();
        assertThat(below(frame)).containsExactly(PLAIN);
        assertThat(hosts.get(0).protocol.takeSentFrames(nbls)).isEqualTo(1);

        target.frame(
                HexFormat.of().parseHex(TO + FROM + "8100002a" + BODY),
                ref -> split(ref, second, first));
        work();
        assertThat(hosts.get(0).frames()).containsExactly(PLAIN);
        pool.close();
    }

    /** The first MDL keeps so many bytes, the second one gets the rest. */
    private void split(long frame, long second, int first) {
        long whole = nb.wrap(nbl.wrap(frame).firstNetBuffer()).mdlChain();
        long data = mdl.wrap(whole).data();
        int bytes = mdl.byteCount();
        mdl.next(second).byteCount(first);
        mdl.wrap(second).next(0).data(data + first).byteCount(bytes - first);
    }

    @Test
    void eachFaceSeesItsOwnFramesWithoutTheTag() {
        build(vlan(42, 0), vlan(7, 1), vlan(0, 0));
        String[] frames = {
            TO + FROM + "8100002a" + BODY, // VLAN 42
            TO + FROM + "81006007" + BODY, // VLAN 7, priority 3
            TO + FROM + "8100302a" + BODY, // VLAN 42, DEI and priority 1
            TO + FROM + "8100002b" + BODY, // another
            TO + FROM + "81000fff" + BODY.substring(0, 4), // reserved
            TO + FROM + "8100a000" + BODY, // priority alone
            PLAIN, // none
            TO + FROM + "8100002a" + "81000007" + BODY, // one in the other
            TO + FROM + "88a8002a" + BODY, // a service tag is no tag here
        };
        for (String each : frames) {
            target.frame(HexFormat.of().parseHex(each));
        }
        work();
        assertThat(hosts.get(0).frames())
                .containsExactly(PLAIN, PLAIN, TO + FROM + "81000007" + BODY);
        assertThat(hosts.get(1).frames()).containsExactly(PLAIN);
        assertThat(hosts.get(2).frames())
                .containsExactly(PLAIN, PLAIN, TO + FROM + "88a8002a" + BODY);
        assertThat(driver.framesForeign()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                PLAIN, // no tag
                TO + FROM + "8100a000" + BODY, // priority alone
                TO + FROM + "8100002b" + BODY,
                "02",
                TO + FROM,
                TO + FROM + "81",
                TO + FROM + "8100",
                TO + FROM + "8100002a",
                TO + FROM + "8100002a08",
            })
    void whatIsForAnotherVlanOrCutShortGoesBack(String frame) {
        build(vlan(42, 0));
        target.frame(HexFormat.of().parseHex(frame));
        work();
        assertThat(hosts.get(0).protocol.frames()).isEmpty();
        assertThat(driver.framesForeign()).isEqualTo(1);
    }

    @Test
    void sentFramesFindTheirFaceAgainOutOfOneChain() {
        build(vlan(42, 0), vlan(7, 1), vlan(0, 0));
        target.holdIo();
        for (int host : new int[] {0, 1, 1, 2, 0}) {
            hosts.get(host).binding.sendNetBufferLists(frame(PLAIN));
        }
        long head = 0;
        for (int i = target.io().size() - 1; i >= 0; i--) {
            nbl.wrap(target.io().get(i).netBufferLists()).next(head);
            head = target.io().get(i).netBufferLists();
        }
        target.dropPendingIo();
        target.adapter().sendNetBufferListsComplete(head);
        assertThat(hosts.get(0).protocol.takeSentFrames(nbls)).isEqualTo(2);
        assertThat(hosts.get(1).protocol.takeSentFrames(nbls)).isEqualTo(2);
        assertThat(hosts.get(2).protocol.takeSentFrames(nbls)).isEqualTo(1);
    }

    @Test
    void aFrameThatFindsNoHeaderIsDroppedAndSaysSoAndTheOthersOfItsChainGo() {
        build(vlan(42, 0));
        target.holdIo();
        long head = 0;
        List<Long> chain = new ArrayList<>();
        for (int i = 0; i < FRAMES + 2; i++) {
            long frame = frame(i == 1 ? TO + FROM : PLAIN);
            chain.add(0, frame);
            nbl.wrap(frame).next(head);
            head = frame;
        }
        hosts.get(0).binding.sendNetBufferLists(head);
        assertThat(hosts.get(0).protocol.takeSentFrames(nbls)).as("not inside the call").isZero();
        assertThat(target.io()).hasSize(1);
        assertThat(below(target.io().get(0).netBufferLists())).hasSize(FRAMES);
        assertThat(driver.framesDropped()).isEqualTo(2);
        driver.upper().doWork(++now);
        assertThat(nbl.wrap(chain.get(4)).status()).isEqualTo(OffloadStatus.FAILURE.code());
        assertThat(nbl.wrap(chain.get(5)).status()).isEqualTo(OffloadStatus.RESOURCES.code());
        assertThat(hosts.get(0).protocol.takeSentFrames(nbls)).isEqualTo(2);
        target.release();
        work();
        assertThat(hosts.get(0).protocol.takeSentFrames(nbls)).isEqualTo(FRAMES);

        // And then there is room again.
        hosts.get(0).binding.sendNetBufferLists(frame(PLAIN));
        work();
        assertThat(hosts.get(0).protocol.takeSentFrames(nbls)).isEqualTo(1);
        assertThat(driver.framesDropped()).isEqualTo(2);
    }

    @Test
    void theCapabilitiesStayThoseOfTheMiniportBelow() {
        build(vlan(42, 0));
        assertThat(driver.upper().capabilities()).isEqualTo(target.capabilities());
        assertThat(driver.name()).isEqualTo("vlan 42");
    }

    @Test
    void valuesOutOfRangeAndAVlanTwiceAreRefused() {
        build(vlan(42, 0), vlan(7, 0));
        assertThatThrownBy(() -> driver.openVlan(vlan(7, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("VLAN 7 twice");
        for (int[] each :
                new int[][] {{-1, 0, 1}, {4095, 0, 1}, {1, 8, 1}, {1, -1, 1}, {1, 0, 0}}) {
            assertThatThrownBy(() -> new VlanSettings(each[0], each[1], each[2]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is out of range");
        }
    }
}
