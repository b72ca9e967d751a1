// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.im.TeamDriver;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** State operations, statuses and moves of a team over recording targets. */
class TeamDriverTest {
    private static final int MANY = 16;

    private final TeamStack stack = new TeamStack(2, new TeamDriver.Settings(64, 128, 4));
    private final long neighbor = stack.trees.handle();
    private final long path = stack.trees.handle();
    private final long[] handles = stack.handles(MANY);
    private final MiniportOffloadBlockList block = new MiniportOffloadBlockList(stack.memory);
    private final OffloadHandle slot = new OffloadHandle(stack.memory);

    @AfterEach
    void nothingIsHeld() {
        stack.nothingHeld();
        stack.close();
    }

    private void offload() {
        stack.offload(neighbor, path, handles);
    }

    private void terminate() {
        stack.terminate(neighbor, path, handles);
    }

    @Test
    void connectionsSpreadOverTheMembersEachWithItsNeighborAndPath() {
        offload();
        for (int member = 0; member < 2; member++) {
            assertThat(stack.at(member, StateType.NEIGHBOR)).isEqualTo(1);
            assertThat(stack.at(member, StateType.IP4)).isEqualTo(1);
            assertThat(stack.at(member, StateType.TCP)).isBetween(4L, 12L);
            assertThat(stack.team.connectionsAt(member))
                    .isEqualTo((int) stack.at(member, StateType.TCP));
        }
        assertThat(stack.at(0, StateType.TCP) + stack.at(1, StateType.TCP)).isEqualTo(MANY);
        terminate();
    }

    @Test
    void anUpdateOfANeighborReachesEveryMemberAndAQueryTellsTheFreshest() {
        offload();
        long update = stack.trees.block(StateType.NEIGHBOR_CACHED, neighbor);
        new NeighborCached(stack.memory)
                .wrap(update + OffloadBlockList.BYTES)
                .clear()
                .macAddress(0x0200c6120077L);
        stack.binding.updateOffload(update);
        long query = stack.trees.block(StateType.NEIGHBOR_DELEGATED, neighbor);
        stack.binding.queryOffload(query);
        stack.work();
        for (RecordingTarget each : stack.targets) {
            assertThat(each.operations())
                    .extracting(RecordingTarget.Operation::name)
                    .containsExactly("initiate", "update", "query");
        }
        stack.succeeded(update);
        stack.succeeded(query);
        terminate();
    }

    @Rule("I-24")
    @Test
    void theConnectionsOfAMemberThatPausesMoveAndThoseWhoseHomeItIsMoveBack() {
        offload();
        long home = stack.at(1, StateType.TCP);
        stack.status(1, StatusIndication.OFFLOAD_PAUSE);
        int rounds = 0;
        stack.work();
        assertThat(stack.protocol.events())
                .allSatisfy(
                        each -> {
                            assertThat(each.event()).isEqualTo(TcpEvent.RETRIEVE);
                            assertThat(each.information())
                                    .isEqualTo(UploadReason.UPLOAD_REQUESTED.code());
                        });
        while (stack.moveAsked(neighbor, path, handles)) {
            assertThat(++rounds).isLessThan(10);
        }
        assertThat(stack.at(1, StateType.TCP)).isZero();
        assertThat(stack.at(0, StateType.TCP)).isEqualTo(MANY);
        assertThat(stack.team.moved()).isEqualTo(home);
        assertThat(stack.protocol.statuses())
                .as("somebody goes on: nothing pauses above")
                .doesNotContain(StatusIndication.OFFLOAD_PAUSE);

        stack.status(1, StatusIndication.OFFLOAD_RESUME);
        stack.work();
        while (stack.moveAsked(neighbor, path, handles)) {
            assertThat(++rounds).isLessThan(20);
        }
        assertThat(stack.at(1, StateType.TCP)).isEqualTo(home);
        terminate();
    }

    @Test
    void connectionsOfABucketThatIsAssignedToAnotherMemberMoveThereAndNoOthersDo() {
        offload();
        long before = stack.at(0, StateType.TCP);
        assertThat(stack.team.homeOf(2)).isZero();
        stack.team.assign(2, 1);
        assertThat(stack.team.homeOf(2 + 7 * TeamDriver.BUCKETS)).isEqualTo(1);
        stack.work();
        assertThat(stack.moveAsked(neighbor, path, handles)).isTrue();
        assertThat(stack.at(0, StateType.TCP)).isEqualTo(before - 1);
        assertThat(stack.team.moved()).isEqualTo(1);
        stack.team.assign(2, 1);
        stack.work();
        assertThat(stack.protocol.events()).as("it is there already").isEmpty();
        stack.team.assign(2, 0);
        stack.work();
        assertThat(stack.moveAsked(neighbor, path, handles)).isTrue();
        assertThat(stack.at(0, StateType.TCP)).isEqualTo(before);
        terminate();
    }

    @Test
    void aBucketIsAssignedToAMemberThatIsAwayWhenItReturns() {
        offload();
        long before = stack.at(1, StateType.TCP);
        stack.status(1, StatusIndication.OFFLOAD_PAUSE);
        stack.work();
        while (stack.moveAsked(neighbor, path, handles)) {
            stack.work();
        }
        stack.team.assign(2, 1);
        stack.work();
        assertThat(stack.protocol.events()).isEmpty();
        stack.status(1, StatusIndication.OFFLOAD_RESUME);
        stack.work();
        while (stack.moveAsked(neighbor, path, handles)) {
            stack.work();
        }
        assertThat(stack.at(1, StateType.TCP)).isEqualTo(before + 1);
        terminate();
    }

    @Test
    void onlyBucketsAndMembersThatAreThereCanBeAssigned() {
        for (int[] each : new int[][] {{-1, 0}, {TeamDriver.BUCKETS, 0}, {0, -1}, {0, 2}}) {
            assertThatThrownBy(() -> stack.team.assign(each[0], each[1]))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
        freeHandles();
    }

    @Test
    void soManyConnectionsAreAskedForInOneTurnAndNoMore() {
        offload();
        stack.target(0).status(StatusIndication.MEDIA_DISCONNECT);
        stack.turn();
        long mostAtOnce = 0;
        int before = 0;
        for (int i = 0; i < 8; i++) {
            stack.turn();
            mostAtOnce = Math.max(mostAtOnce, stack.protocol.events().size() - before);
            before = stack.protocol.events().size();
        }
        assertThat(mostAtOnce).isEqualTo(Math.min(4, stack.at(0, StateType.TCP)));
        assertThat(before).isEqualTo((int) stack.at(0, StateType.TCP));
        stack.moveAsked(neighbor, path, handles);
        terminate();
    }

    @Test
    void aMemberThatGivesEverythingBackLosesNeighborAndPathWithItsLastConnection() {
        offload();
        stack.status(0, StatusIndication.UPLOAD_ALL);
        stack.work();
        stack.moveAsked(neighbor, path, handles);
        stack.work();
        assertThat(stack.target(0).objects()).isEmpty();
        assertThat(stack.at(1, StateType.TCP)).isEqualTo(MANY);
        stack.status(0, StatusIndication.OFFLOAD_RESUME);
        stack.work();
        stack.moveAsked(neighbor, path, handles);
        assertThat(stack.at(0, StateType.NEIGHBOR)).as("as new, with its connections").isEqualTo(1);
        assertThat(stack.at(0, StateType.IP4)).isEqualTo(1);
        assertThat(stack.at(0, StateType.TCP)).isPositive();
        terminate();
    }

    @Rule("I-32")
    @Test
    void onlyWhenNoMemberIsLeftTheHostHearsOfAPause() {
        offload();
        stack.status(0, StatusIndication.OFFLOAD_PAUSE);
        stack.status(1, StatusIndication.MEDIA_DISCONNECT);
        assertThat(stack.protocol.statuses()).endsWith(StatusIndication.OFFLOAD_PAUSE);
        stack.status(0, StatusIndication.UPLOAD_ALL);
        assertThat(stack.protocol.statuses()).endsWith(StatusIndication.UPLOAD_ALL);
        stack.status(0, StatusIndication.MEDIA_DISCONNECT);
        assertThat(stack.protocol.statuses()).contains(StatusIndication.MEDIA_DISCONNECT);
        stack.protocol.events().clear();
        terminate();
        stack.protocol.statuses().clear();
        stack.status(1, StatusIndication.MEDIA_CONNECT);
        assertThat(stack.protocol.statuses())
                .containsExactly(
                        StatusIndication.MEDIA_CONNECT,
                        StatusIndication.OFFLOAD_RESUME,
                        StatusIndication.TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES);
    }

    @Rule("I-25")
    @Test
    void aMemberThatComesOrGoesChangesTheCapabilitiesAndTheHostIsTold() {
        int both = stack.binding.miniport().capabilities().maxConnections();
        stack.status(1, StatusIndication.MEDIA_DISCONNECT);
        assertThat(stack.protocol.statuses())
                .containsExactly(StatusIndication.TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES);
        assertThat(stack.binding.miniport().capabilities().maxConnections()).isEqualTo(both / 2);
        stack.status(1, StatusIndication.MEDIA_CONNECT);
        assertThat(stack.protocol.statuses()).hasSize(2);
        assertThat(stack.binding.miniport().capabilities().maxConnections()).isEqualTo(both);
        freeHandles();
    }

    private void freeHandles() {
        stack.trees.freeHandle(neighbor);
        stack.trees.freeHandle(path);
        for (long each : handles) {
            stack.trees.freeHandle(each);
        }
    }

    @Rule({"I-28", "I-29"})
    @Test
    void whatOneMemberRefusesIsToldByTheRulesAndTheRestIsThere() {
        stack.target(1)
                .fate(
                        (number, type) ->
                                type == StateType.TCP.code()
                                        ? OffloadStatus.OFFLOAD_TCP_ENTRIES
                                        : OffloadStatus.SUCCESS);
        long[] blocks = stack.connections(handles, 1);
        long pathBlock = stack.path(path, blocks);
        long root = stack.neighbor(neighbor, pathBlock);
        stack.binding.initiateOffload(root);
        stack.work();
        assertThat(stack.status(root)).isEqualTo(OffloadStatus.SUCCESS);
        assertThat(stack.status(pathBlock)).isEqualTo(OffloadStatus.OFFLOAD_PARTIAL_SUCCESS);
        int refused = 0;
        for (int i = 0; i < blocks.length; i++) {
            boolean taken = stack.status(blocks[i]) == OffloadStatus.SUCCESS;
            assertThat(stack.trees.token(handles[i]) != 0).isEqualTo(taken);
            if (!taken) {
                refused++;
                assertThat(stack.status(blocks[i])).isEqualTo(OffloadStatus.OFFLOAD_TCP_ENTRIES);
            }
        }
        assertThat(refused).isPositive().isEqualTo(MANY - (int) stack.at(0, StateType.TCP));
        stack.trees.free(root);

        stack.target(1).fate((number, type) -> OffloadStatus.SUCCESS);
        for (int i = 0; i < handles.length; i++) {
            if (stack.trees.token(handles[i]) == 0) {
                long again = stack.linked(neighbor, path, stack.connection(handles[i], 1 + i));
                stack.binding.initiateOffload(again);
                stack.work();
                stack.succeeded(again);
            }
        }
        terminate();
    }

    @Test
    void aNeighborThatOneMemberRefusesIsStillAtTheOther() {
        stack.target(0)
                .fate(
                        (number, type) ->
                                type == StateType.NEIGHBOR.code()
                                        ? OffloadStatus.OFFLOAD_NEIGHBOR_ENTRIES
                                        : OffloadStatus.SUCCESS);
        long[] blocks = stack.connections(handles, 1);
        long root = stack.neighbor(neighbor, stack.path(path, blocks));
        stack.binding.initiateOffload(root);
        stack.work();
        assertThat(stack.trees.token(neighbor)).isNotZero();
        assertThat(stack.at(1, StateType.TCP)).isPositive();
        assertThat(stack.target(0).objects()).isEmpty();
        stack.trees.free(root);
        stack.target(0).fate((number, type) -> OffloadStatus.SUCCESS);
        for (int i = 0; i < handles.length; i++) {
            if (stack.trees.token(handles[i]) == 0) {
                long again = stack.linked(neighbor, path, stack.connection(handles[i], 1 + i));
                stack.binding.initiateOffload(again);
                stack.work();
                stack.succeeded(again);
            }
        }
        assertThat(stack.at(0, StateType.NEIGHBOR)).as("with its first connection").isEqualTo(1);
        terminate();
    }

    @Rule({"T-45", "T-47"})
    @Test
    void nothingOfAConnectionGoesUpBeforeTheHostKnowsThatItIsOffloaded() {
        stack.target(1).hold();
        long root = stack.neighbor(neighbor, stack.path(path, stack.connections(handles, 1)));
        stack.binding.initiateOffload(root);
        stack.work();
        assertThat(stack.protocol.completions()).isEmpty();
        long early =
                stack.target(0).objects().entrySet().stream()
                        .filter(each -> each.getValue().stateType() == StateType.TCP.code())
                        .findFirst()
                        .orElseThrow()
                        .getKey();
        stack.target(0).indicate(early, new byte[] {1, 2});
        stack.target(0).event(early, TcpEvent.RETRIEVE, UploadReason.HARDWARE_FAILURE.code());
        stack.work();
        assertThat(stack.protocol.events()).isEmpty();
        assertThat(stack.protocol.indications()).isEmpty();
        assertThat(stack.target(0).verdicts())
                .isEqualTo(List.of(OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED));
        stack.target(1).release();
        stack.work();
        assertThat(stack.protocol.events()).hasSize(1);
        assertThat(stack.target(0).io())
                .as("asked for again by a receive of no bytes")
                .extracting(RecordingTarget.Io::name)
                .containsExactly("receive");
        stack.protocol.events().clear();
        stack.succeeded(root);
        terminate();
    }

    @Test
    void aStaleTokenFailsWithoutReachingAMember() {
        offload();
        long stale = stack.trees.handle();
        stack.trees.token(stale, stack.trees.token(neighbor) + 77);
        long query = stack.trees.block(StateType.NEIGHBOR_DELEGATED, stale);
        stack.breaks("H-4");
        stack.binding.queryOffload(query);
        stack.work();
        assertThat(stack.status(query)).isEqualTo(OffloadStatus.FAILURE);
        stack.trees.free(query);
        stack.trees.freeHandle(stale);
        terminate();
    }

    /** At each member the path's block stands on the member's own token of the new neighbor. */
    @Test
    void aPathThatMovesToAnotherNeighborDoesSoAtEveryMemberAndLeavesTheOldOneFree() {
        offload();
        long second = stack.trees.handle();
        long root = stack.neighbor(second);
        stack.binding.initiateOffload(root);
        stack.work();
        stack.succeeded(root);
        stack.targets.forEach(RecordingTarget::hold);
        long relink =
                stack.trees.block(StateType.NONE, second, stack.trees.block(StateType.NONE, path));
        stack.binding.updateOffload(relink);
        for (RecordingTarget each : stack.targets) {
            List<RecordingTarget.Operation> taken = each.operations();
            RecordingTarget.Operation last = taken.get(taken.size() - 1);
            assertThat(last.name()).isEqualTo("update");
            List<Long> neighbors = tokens(each, StateType.NEIGHBOR);
            assertThat(neighbors).hasSize(2);
            assertThat(token(last.root())).isEqualTo(neighbors.get(1));
            long below = block.wrap(last.root()).dependentBlockList();
            assertThat(List.of(token(below))).isEqualTo(tokens(each, StateType.IP4));
        }
        stack.targets.forEach(RecordingTarget::release);
        stack.work();
        stack.succeeded(relink);
        long old = stack.trees.block(StateType.NEIGHBOR, neighbor);
        stack.binding.terminateOffload(old);
        stack.work();
        stack.succeeded(old);
        stack.trees.freeHandle(neighbor);
        stack.status(0, StatusIndication.OFFLOAD_PAUSE);
        stack.work();
        while (stack.moveAsked(second, path, handles)) {
            assertThat(stack.at(1, StateType.TCP)).isPositive();
        }
        assertThat(stack.at(1, StateType.TCP)).isEqualTo(MANY);
        stack.terminate(second, path, handles);
    }

    /** What a target gave for its objects of this type, the oldest first. */
    private static List<Long> tokens(RecordingTarget target, StateType type) {
        return target.objects().entrySet().stream()
                .filter(each -> each.getValue().stateType() == type.code())
                .map(each -> each.getKey())
                .toList();
    }

    /** That a block of a member's tree names. */
    private long token(long ref) {
        long context = block.wrap(ref).miniportOffloadContext();
        return slot.wrap(context - Long.BYTES).miniportOffloadContext();
    }
}
