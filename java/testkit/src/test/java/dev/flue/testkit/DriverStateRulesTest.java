// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.PassThroughDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** State operations through one, two and three drivers. */
class DriverStateRulesTest {
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();

    private DriverStack stack;

    @AfterEach
    void nothingLeaks() {
        stack.nothingHeld();
        stack.close();
    }

    private void build(int depth) {
        stack = new DriverStack(depth, 64);
    }

    @Rule({"I-2", "I-3", "I-4", "I-9", "I-10", "I-11"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aNewObjectHasAHandleOfEachDriverAndATokenAtEachLevel(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();

        assertThat(stack.target.objects()).hasSize(3);
        Set<Long> seen = new HashSet<>();
        for (long handle : handles) {
            assertThat(stack.trees.token(handle)).isNotZero();
            assertThat(seen.add(stack.trees.token(handle))).isTrue();
        }
        for (RecordingTarget.Held held : stack.target.objects().values()) {
            assertThat(handles).doesNotContain(held.ndisOffloadHandle());
        }
        assertThat(stack.target.objects()).containsKey(stack.targetToken(handles[2]));
        stack.terminate(handles);
    }

    @Rule({"I-5", "I-6", "I-7", "I-8", "I-12"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void imReservedAndSourceHandleAreSavedOnTheWayDownAndRestoredOnTheWayUp(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();
        long root = stack.connectionTree(handles);
        List<Long> blocks = stack.trees.all(root);
        for (long ref : blocks) {
            stack.trees.at(ref).imReserved0(0x1111 + ref).imReserved1(0x2222 + ref);
        }
        stack.target.hold();
        stack.binding.queryOffload(root);

        assertThat(stack.trees.at(root).imReserved0()).isNotEqualTo(0x1111 + root);
        for (PassThroughDriver driver : stack.drivers) {
            assertThat(driver.held()).containsEntry("call entries", 1);
        }
        long[] source = new long[1];
        stack.protocol.onCompletion(() -> source[0] = stack.trees.at(root).sourceHandle());
        stack.trees.at(root).imReserved1(0x3333);
        stack.breaks("T-17");
        stack.target.release();
        stack.work();

        assertThat(stack.protocol.completions())
                .containsExactly(new RecordingProtocol.Completion("query", root));
        assertThat(source[0]).isEqualTo(1);
        for (long ref : blocks) {
            assertThat(stack.trees.at(ref).imReserved0()).isEqualTo(0x1111 + ref);
            assertThat(stack.trees.at(ref).imReserved1()).isEqualTo(0x2222 + ref);
            assertThat(stack.trees.at(ref).sourceHandle()).isEqualTo(1);
            assertThat(handles).contains(stack.trees.at(ref).offloadHandle());
        }
        stack.trees.free(root);
        stack.terminate(handles);
    }

    @Rule({"I-7", "I-8"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anOperationGoesBackToTheOneOfSeveralProtocolsItCameFrom(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();
        RecordingProtocol other = new RecordingProtocol(stack.memory);
        Binding second = new Binding(stack.memory, other, stack.topAdapter);
        long root = stack.connectionTree(handles);
        second.queryOffload(root);
        stack.work();
        assertThat(stack.protocol.completions()).isEmpty();
        assertThat(other.completions())
                .containsExactly(new RecordingProtocol.Completion("query", root));
        for (long ref : stack.trees.all(root)) {
            assertThat(stack.trees.at(ref).sourceHandle()).isEqualTo(2);
        }
        stack.trees.free(root);
        stack.terminate(handles);
    }

    @Rule("I-10")
    @Rule("I-11")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void eachOperationGoesDownAndComesUpAsItself(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();
        List<LongConsumer> calls =
                List.of(
                        stack.binding::queryOffload,
                        stack.binding::updateOffload,
                        stack.binding::invalidateOffload,
                        stack.binding::terminateOffload);
        List<String> names = List.of("query", "update", "invalidate", "terminate");
        stack.target.operations().clear();
        for (int i = 0; i < calls.size(); i++) {
            boolean bare = names.get(i).equals("invalidate");
            long root = bare ? stack.bareTree(handles) : stack.connectionTree(handles);
            calls.get(i).accept(root);
            assertThat(stack.protocol.completions()).as("never inside the call").isEmpty();
            stack.work();
            assertThat(stack.target.operations())
                    .containsExactly(new RecordingTarget.Operation(names.get(i), root));
            assertThat(stack.protocol.completions())
                    .containsExactly(new RecordingProtocol.Completion(names.get(i), root));
            for (long ref : stack.trees.all(root)) {
                assertThat(stack.status(ref)).isEqualTo(SUCCESS);
            }
            stack.target.operations().clear();
            stack.protocol.completions().clear();
            stack.trees.free(root);
        }
        for (long handle : handles) {
            assertThat(stack.trees.token(handle)).isZero();
            stack.trees.freeHandle(handle);
        }
    }

    @Rule({"I-9", "I-28"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aTreeMayMixPlaceholdersLinkersAndNewObjects(int depth) {
        build(depth);
        long[] first = stack.offloadConnection();
        long tokenBefore = stack.trees.token(first[0]);
        long newPath = stack.trees.handle();
        long newTcp = stack.trees.handle();
        long tcpUnderOldPath = stack.trees.handle();
        long tcpUnderPlaceholder = stack.trees.handle();

        long t1 = stack.trees.block(StateType.TCP, tcpUnderOldPath);
        long linkerPath = stack.trees.block(StateType.IP4, first[1], t1);
        long t2 = stack.trees.block(StateType.TCP, newTcp);
        long p2 = stack.trees.block(StateType.IP4, newPath, t2);
        stack.trees.chain(linkerPath, p2);
        long linkerNeighbor = stack.trees.block(StateType.NEIGHBOR, first[0], linkerPath);
        long t3 = stack.trees.block(StateType.TCP, tcpUnderPlaceholder);
        long holderPath = stack.trees.placeholder(StateType.IP4, t3);
        long holder = stack.trees.placeholder(StateType.NEIGHBOR, holderPath);
        long empty = stack.trees.placeholder(StateType.NEIGHBOR);
        long root = stack.trees.chain(linkerNeighbor, holder, empty);

        stack.binding.initiateOffload(root);
        for (long ref : List.of(holderPath, holder, empty)) {
            assertThat(miniport(ref).miniportOffloadContext()).isZero();
            assertThat(miniport(ref).ndisOffloadHandle()).isZero();
        }
        stack.work();

        for (long ref : stack.trees.all(root)) {
            assertThat(stack.status(ref)).isEqualTo(SUCCESS);
        }
        assertThat(stack.target.objects()).hasSize(7);
        assertThat(stack.trees.token(first[0])).as("a linker's token stays").isEqualTo(tokenBefore);
        assertThat(stack.trees.at(holder).offloadHandle()).isZero();
        stack.trees.free(root);
        long one = stack.trees.block(StateType.TCP, tcpUnderOldPath);
        long two = stack.trees.block(StateType.TCP, newTcp);
        long three = stack.trees.block(StateType.TCP, tcpUnderPlaceholder);
        long path = stack.trees.block(StateType.IP4, newPath);
        terminateAll(stack.trees.chain(one, two, three, path));
        for (long handle : new long[] {newPath, newTcp, tcpUnderOldPath, tcpUnderPlaceholder}) {
            stack.trees.freeHandle(handle);
        }
        stack.terminate(first);
    }

    private void terminateAll(long root) {
        stack.binding.terminateOffload(root);
        stack.work();
        for (long ref : stack.trees.all(root)) {
            assertThat(stack.status(ref)).isEqualTo(SUCCESS);
        }
        stack.trees.free(root);
    }

    private MiniportOffloadBlockList miniport(long ref) {
        return stack.miniportBlock.wrap(ref);
    }

    @Rule("I-30")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void terminateClearsTheUpperSlotAndFreesTheEntryAndThePlaceIsUsedAgain(int depth) {
        build(depth);
        Set<Long> tokens = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            long[] handles = stack.offloadConnection();
            for (long handle : handles) {
                assertThat(tokens.add(stack.trees.token(handle)))
                        .as("a token is not used a second time")
                        .isTrue();
            }
            stack.terminate(handles);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aHandlerMaySubmitTheNextOperationFromACompletion(int depth) {
        build(depth);
        long[] handles = stack.offloadConnection();
        long first = stack.connectionTree(handles);
        long second = stack.connectionTree(handles);
        boolean[] submitted = new boolean[1];
        stack.protocol.onCompletion(
                () -> {
                    if (!submitted[0]) {
                        submitted[0] = true;
                        stack.binding.queryOffload(second);
                    }
                });
        stack.binding.queryOffload(first);
        stack.work();
        assertThat(stack.protocol.completions())
                .extracting(RecordingProtocol.Completion::root)
                .containsExactly(first, second);
        stack.trees.free(first);
        stack.trees.free(second);
        stack.protocol.completions().clear();
        stack.terminate(handles);
    }
}
