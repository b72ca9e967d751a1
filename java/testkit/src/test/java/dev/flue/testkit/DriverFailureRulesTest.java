// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.PassThroughDriver;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What fails, is refused or makes no sense, through one, two and three drivers. */
class DriverFailureRulesTest {
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();
    private static final int PARTIAL = OffloadStatus.OFFLOAD_PARTIAL_SUCCESS.code();
    private static final int FAILURE = OffloadStatus.FAILURE.code();
    private static final int RESOURCES = OffloadStatus.RESOURCES.code();

    private DriverStack stack;

    @AfterEach
    void nothingLeaks() {
        stack.nothingHeld();
        stack.close();
    }

    private void build(int depth) {
        stack = new DriverStack(depth, 64);
    }

    @Rule("I-29")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void onlyObjectsThatWereTakenGetATokenAndKeepTheirEntry(int depth) {
        build(depth);
        // N(P(T1 T2)): T2 fails. The order of new objects is N P T1 T2.
        stack.target.fate(
                (number, type) -> number == 3 ? OffloadStatus.RESOURCES : OffloadStatus.SUCCESS);
        long[] handles = new long[4];
        for (int i = 0; i < 4; i++) {
            handles[i] = stack.trees.handle();
        }
        long t1 = stack.trees.block(StateType.TCP, handles[2]);
        long t2 = stack.trees.block(StateType.TCP, handles[3]);
        long path = stack.trees.block(StateType.IP4, handles[1], stack.trees.chain(t1, t2));
        long root = stack.trees.block(StateType.NEIGHBOR, handles[0], path);

        stack.binding.initiateOffload(root);
        stack.work();

        assertThat(stack.status(root)).isEqualTo(SUCCESS);
        assertThat(stack.status(path)).isEqualTo(PARTIAL);
        assertThat(stack.status(t1)).isEqualTo(SUCCESS);
        assertThat(stack.status(t2)).isEqualTo(RESOURCES);
        assertThat(stack.trees.token(handles[3])).as("slot of the failed one").isZero();
        assertThat(stack.trees.token(handles[2])).isNotZero();
        for (PassThroughDriver driver : stack.drivers) {
            assertThat(driver.held()).containsEntry("offload entries", 3);
        }
        stack.trees.free(root);
        stack.trees.freeHandle(handles[3]);
        stack.terminate(new long[] {handles[0], handles[1], handles[2]});
    }

    @Rule("I-29")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aRootThatFailsLeavesNothingBehind(int depth) {
        build(depth);
        stack.target.fate((number, type) -> OffloadStatus.OFFLOAD_NEIGHBOR_ENTRIES);
        long[] handles = {stack.trees.handle(), stack.trees.handle(), stack.trees.handle()};
        long root = stack.connectionTree(handles);

        stack.binding.initiateOffload(root);
        stack.work();

        assertThat(stack.status(root)).isEqualTo(OffloadStatus.OFFLOAD_NEIGHBOR_ENTRIES.code());
        for (long handle : handles) {
            assertThat(stack.trees.token(handle)).isZero();
            stack.trees.freeHandle(handle);
        }
        stack.trees.free(root);
    }

    @Rule({"I-28", "I-4"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anInitiateThatTheDriverCannotCarryFailsInEveryBlockOutOfDoWork(int depth) {
        build(depth);
        long[] kept = stack.offloadConnection();
        List<Long> handles = new ArrayList<>();
        long[] row = new long[62];
        for (int i = 0; i < row.length; i++) {
            handles.add(stack.trees.handle());
            row[i] = stack.trees.block(StateType.TCP, handles.get(i));
        }
        long linker = stack.trees.block(StateType.IP4, kept[1], stack.trees.chain(row));
        long root = stack.trees.placeholder(StateType.NEIGHBOR, linker);
        stack.trees.at(root).imReserved0(77);
        stack.target.operations().clear();

        stack.binding.initiateOffload(root);
        assertThat(stack.protocol.completions()).isEmpty();
        assertThat(stack.top.nextDeadline()).isLessThan(Long.MAX_VALUE);
        stack.work();

        assertThat(stack.target.operations()).as("nothing went down").isEmpty();
        assertThat(stack.protocol.completions())
                .containsExactly(new RecordingProtocol.Completion("initiate", root));
        for (long ref : stack.trees.all(root)) {
            assertThat(stack.status(ref)).isEqualTo(FAILURE);
        }
        for (long handle : handles) {
            assertThat(stack.trees.token(handle)).isZero();
            stack.trees.freeHandle(handle);
        }
        assertThat(stack.trees.at(linker).offloadHandle()).isEqualTo(kept[1]);
        assertThat(stack.trees.at(root).imReserved0()).isEqualTo(77);
        stack.trees.free(root);
        stack.protocol.completions().clear();
        stack.terminate(kept);
    }

    @Rule("I-27")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void initiatesLeaveCallEntriesForTheOperationsThatMustNotFail(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();
        stack.target.operations().clear();
        stack.target.hold();
        List<Long> initiates = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            initiates.add(stack.trees.placeholder(StateType.NEIGHBOR));
            stack.binding.initiateOffload(initiates.get(i));
        }
        assertThat(stack.target.operations()).hasSize(240);
        List<Long> queries = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            queries.add(stack.trees.block(StateType.TCP, handles[2]));
            stack.binding.queryOffload(queries.get(i));
        }
        assertThat(stack.target.operations()).hasSize(256);
        stack.target.release();
        stack.work();

        for (int i = 0; i < 300; i++) {
            assertThat(stack.status(initiates.get(i))).isEqualTo(i < 240 ? SUCCESS : FAILURE);
            stack.trees.free(initiates.get(i));
        }
        for (long query : queries) {
            assertThat(stack.status(query)).isEqualTo(SUCCESS);
            stack.trees.free(query);
        }
        stack.protocol.completions().clear();
        stack.terminate(handles);
    }

    @Rule("I-27")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void operationsWithoutAFreeCallEntryWaitAndKeepTheirOrderWhileInitiatesAreRefused(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();
        stack.target.operations().clear();
        stack.target.hold();
        List<Long> roots = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            long root = stack.trees.block(StateType.TCP, handles[2]);
            roots.add(root);
            stack.binding.queryOffload(root);
        }
        long[] late = {stack.trees.handle(), stack.trees.handle(), stack.trees.handle()};
        long initiate = stack.connectionTree(late);
        stack.binding.initiateOffload(initiate);
        assertThat(stack.target.operations()).hasSize(256);
        stack.work();
        assertThat(stack.protocol.completions())
                .containsExactly(new RecordingProtocol.Completion("initiate", initiate));
        assertThat(stack.status(initiate)).isEqualTo(FAILURE);
        stack.protocol.completions().clear();

        stack.target.release();
        stack.work();

        assertThat(stack.protocol.completions())
                .extracting(RecordingProtocol.Completion::root)
                .containsExactlyElementsOf(roots);
        for (long root : roots) {
            assertThat(stack.status(root)).isEqualTo(SUCCESS);
            stack.trees.free(root);
        }
        stack.trees.free(initiate);
        for (long handle : late) {
            stack.trees.freeHandle(handle);
        }
        stack.protocol.completions().clear();
        stack.terminate(handles);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aStaleTokenInABlockIsAnsweredByTheTargetAndTheOthersAreServed(int depth) {
        build(depth);
        long[] live = stack.offloadConnection();
        long[] dead = stack.offloadConnection();
        long staleToken = stack.trees.token(dead[2]);
        stack.terminate(dead);
        long forged = stack.trees.handle();
        stack.trees.token(forged, staleToken);
        long madeUp = stack.trees.handle();
        stack.trees.token(madeUp, 0x49_000000_00000000L | 0xffff_ffffL);
        long stolen = stack.trees.handle();
        stack.trees.token(stolen, stack.trees.token(live[2]));
        long empty = stack.trees.handle();

        long a = stack.trees.block(StateType.TCP, forged);
        long b = stack.trees.block(StateType.TCP, madeUp);
        long c = stack.trees.block(StateType.TCP, stolen);
        long d = stack.trees.block(StateType.TCP, empty);
        long good = stack.trees.block(StateType.TCP, live[2]);
        long root = stack.trees.chain(a, b, c, d, good);
        stack.breaks("H-4");
        stack.binding.queryOffload(root);
        stack.work();

        for (long ref : List.of(a, b, c, d)) {
            assertThat(stack.status(ref)).isEqualTo(FAILURE);
        }
        assertThat(stack.status(good)).isEqualTo(SUCCESS);
        assertThat(stack.trees.at(a).offloadHandle()).isEqualTo(forged);
        assertThat(stack.trees.at(d).offloadHandle()).isEqualTo(empty);
        stack.trees.free(root);
        for (long handle : List.of(forged, madeUp, stolen, empty)) {
            stack.trees.freeHandle(handle);
        }
        stack.protocol.completions().clear();
        stack.terminate(live);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anInitiateUnderAStaleLinkerFails(int depth) {
        build(depth);
        long[] dead = stack.offloadConnection();
        long stale = stack.trees.token(dead[1]);
        stack.terminate(dead);
        long path = stack.trees.handle();
        stack.trees.token(path, stale);
        long tcp = stack.trees.handle();
        long tcpBlock = stack.trees.block(StateType.TCP, tcp);
        long pathBlock = stack.trees.block(StateType.IP4, path, tcpBlock);
        long root = stack.trees.placeholder(StateType.NEIGHBOR, pathBlock);
        stack.breaks("H-4");
        stack.binding.initiateOffload(root);
        stack.work();
        assertThat(stack.status(pathBlock)).isEqualTo(FAILURE);
        assertThat(stack.status(tcpBlock)).isEqualTo(FAILURE);
        assertThat(stack.trees.token(tcp)).isZero();
        assertThat(stack.trees.token(path)).as("the slot is not touched").isEqualTo(stale);
        stack.trees.free(root);
        stack.trees.freeHandle(path);
        stack.trees.freeHandle(tcp);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aCompletionThatBelongsToNothingIsCountedAndNotPassedOn(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();
        long root = stack.trees.block(StateType.TCP, handles[2]);
        stack.binding.queryOffload(root);
        stack.work();
        // The block is the protocol's again; the target completes it a second time.
        stack.miniportBlock.wrap(root).sourceHandle(1);
        stack.target.later(() -> stack.target.adapter().queryOffloadComplete(root));
        stack.work();
        assertThat(stack.protocol.completions()).hasSize(1);
        assertThat(stack.below.strayCalls()).isEqualTo(1);
        stack.breaks("T-14");
        stack.trees.free(root);
        stack.protocol.completions().clear();
        stack.terminate(handles);
    }

    @Rule("I-29")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void theSendChainOfAnInitiateGoesDownAndComesBackUntouchedWhenItFails(int depth) {
        build(depth);
        stack.target.fate(
                (number, type) ->
                        type == StateType.TCP.code()
                                ? OffloadStatus.RESOURCES
                                : OffloadStatus.SUCCESS);
        long[] handles = {stack.trees.handle(), stack.trees.handle(), stack.trees.handle()};
        long root = stack.connectionTree(handles);
        long tcp = stack.trees.all(root).get(2);
        long chain = stack.nbls.allocate(new byte[10]);
        stack.nbl.wrap(chain).status(RESOURCES).sourceHandle(42).context(43);
        stack.trees.at(tcp).netBufferListChain(chain);
        stack.binding.initiateOffload(root);
        stack.work();
        assertThat(stack.trees.at(tcp).netBufferListChain()).isEqualTo(chain);
        assertThat(stack.nbl.wrap(chain).sourceHandle()).isEqualTo(42);
        assertThat(stack.nbl.context()).isEqualTo(43);
        stack.nbls.free(chain);
        stack.trees.free(root);
        stack.trees.freeHandle(handles[2]);
        long path = stack.trees.block(StateType.IP4, handles[1]);
        terminateAll(stack.trees.block(StateType.NEIGHBOR, handles[0], path));
        stack.trees.freeHandle(handles[0]);
        stack.trees.freeHandle(handles[1]);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aTerminateThatFailsLeavesTheObjectForASecondOne(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();
        // Break the target's slot so that its first terminate does not know the connection.
        RecordingTarget.Held held = stack.target.objects().get(stack.targetToken(handles[2]));
        OffloadHandle lowest = new OffloadHandle(stack.memory).wrap(held.ndisOffloadHandle());
        long token = lowest.miniportOffloadContext();
        lowest.miniportOffloadContext(12345);
        stack.breaks("T-24");
        long root = stack.trees.block(StateType.TCP, handles[2]);
        stack.binding.terminateOffload(root);
        stack.work();
        assertThat(stack.status(root)).isEqualTo(FAILURE);
        assertThat(stack.trees.token(handles[2])).isNotZero();
        lowest.miniportOffloadContext(token);
        stack.trees.free(root);
        stack.protocol.completions().clear();
        stack.terminate(handles);
    }

    private void terminateAll(long root) {
        stack.binding.terminateOffload(root);
        stack.work();
        for (long ref : stack.trees.all(root)) {
            assertThat(stack.status(ref)).isEqualTo(SUCCESS);
        }
        stack.trees.free(root);
    }
}
