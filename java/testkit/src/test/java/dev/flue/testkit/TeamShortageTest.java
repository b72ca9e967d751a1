// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.TeamDriver;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a team does when something runs out. */
class TeamShortageTest {
    private static final int OBJECTS = 8;
    private static final int LISTS = 4;

    private final TeamStack stack = new TeamStack(2, new TeamDriver.Settings(OBJECTS, LISTS, 4));
    private final long neighbor = stack.trees.handle();
    private final long path = stack.trees.handle();

    @AfterEach
    void nothingIsHeld() {
        stack.nothingHeld();
        stack.close();
    }

    @Rule({"I-27", "I-28"})
    @Test
    void anInitiateWithoutRoomFailsInEveryBlockAndChangesNothing() {
        long[] handles = stack.handles(OBJECTS);
        long root = stack.neighbor(neighbor, stack.path(path, stack.connections(handles, 1)));
        List<Long> blocks = stack.trees.all(root);
        stack.binding.initiateOffload(root);
        assertThat(stack.protocol.completions()).as("never inside the call").isEmpty();
        stack.work();
        assertThat(blocks)
                .allSatisfy(
                        block -> assertThat(stack.status(block)).isEqualTo(OffloadStatus.FAILURE));
        assertThat(stack.targets).allSatisfy(t -> assertThat(t.operations()).isEmpty());
        stack.trees.free(root);
        for (int i = 0; i < 2; i++) {
            stack.trees.freeHandle(handles[i]);
        }
        long[] fewer = Arrays.copyOfRange(handles, 2, OBJECTS);
        stack.offload(neighbor, path, fewer);
        stack.terminate(neighbor, path, fewer);
    }

    @Rule("I-27")
    @Test
    void queriesThatFindNoBlockWaitAndAllAreAnswered() {
        long[] handles = stack.handles(4);
        stack.offload(neighbor, path, handles);
        stack.targets.forEach(RecordingTarget::hold);
        long[] queries = new long[300];
        for (int i = 0; i < queries.length; i++) {
            queries[i] = stack.trees.block(StateType.NEIGHBOR_DELEGATED, neighbor);
            stack.binding.queryOffload(queries[i]);
        }
        stack.work();
        assertThat(stack.team.held().get("waiting operations")).isPositive();
        stack.targets.forEach(RecordingTarget::release);
        stack.work();
        for (long query : queries) {
            assertThat(stack.status(query)).isEqualTo(OffloadStatus.SUCCESS);
            stack.trees.free(query);
        }
        stack.terminate(neighbor, path, handles);
    }

    @Rule({"I-19", "I-33"})
    @Test
    void sendsThatFindNoContextAskForAnUpload() {
        long[] handles = stack.handles(1);
        stack.offload(neighbor, path, handles);
        stack.targets.forEach(RecordingTarget::holdIo);
        for (int i = 0; i < LISTS + 2; i++) {
            stack.binding.tcpOffloadSend(handles[0], stack.nbls.allocate(new byte[8]));
        }
        stack.work();
        assertThat(stack.protocol.io())
                .extracting(RecordingProtocol.IoCompletion::status)
                .containsExactly(
                        OffloadStatus.REQUEST_UPLOAD.code(), OffloadStatus.UPLOAD_REQUESTED.code());
        stack.targets.forEach(RecordingTarget::release);
        stack.work();
        stack.protocol.io().forEach(each -> stack.nbls.free(each.netBufferList()));
        stack.terminate(neighbor, path, handles);
    }

    @Test
    void withoutAnyMemberAnInitiateIsRefused() {
        stack.status(0, StatusIndication.MEDIA_DISCONNECT);
        stack.status(1, StatusIndication.MEDIA_DISCONNECT);
        long handle = stack.trees.handle();
        long root = stack.neighbor(neighbor, stack.path(path, stack.connection(handle, 1)));
        stack.breaks("H-32");
        stack.binding.initiateOffload(root);
        stack.work();
        assertThat(stack.status(root)).isEqualTo(OffloadStatus.FAILURE);
        stack.trees.free(root);
        stack.trees.freeHandle(handle);
        stack.trees.freeHandle(neighbor);
        stack.trees.freeHandle(path);
    }
}
