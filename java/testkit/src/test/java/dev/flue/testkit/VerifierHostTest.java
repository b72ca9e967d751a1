// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.Breach;
import dev.flue.offload.Miniport;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A verifier names each rule that a host stack breaks: the H rules and the table of 4.8. */
class VerifierHostTest {
    private final LooseStack stack = new LooseStack();
    private long[] handles;

    @BeforeEach
    void offload() {
        handles = stack.offload();
        stack.broken();
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private long lone(StateType type, int level) {
        return stack.trees.block(type, handles[level]);
    }

    @Test
    void aConnectionThatIsNotInAStateToBeOffloaded() {
        long root = stack.trees.block(StateType.TCP, stack.trees.handle());
        new TcpDelegated(stack.memory)
                .wrap(root + StateOffsets.TCP_DELEGATED)
                .state(TcpState.TIME_WAIT.code());
        stack.binding.initiateOffload(root);
        stack.broken("H-1");
    }

    @Test
    void aSecondInitiateOfAnObjectWhileTheFirstRuns() {
        long handle = stack.trees.handle();
        stack.binding.initiateOffload(stack.trees.block(StateType.TCP, handle));
        stack.binding.initiateOffload(stack.trees.block(StateType.TCP, handle));
        stack.broken("H-3");
    }

    @Test
    void anOperationOrDataBeforeTheInitiateCompleted() {
        long handle = stack.trees.handle();
        stack.binding.initiateOffload(stack.trees.block(StateType.TCP, handle));
        stack.binding.queryOffload(stack.trees.block(StateType.TCP, handle));
        stack.broken("H-4");
        stack.binding.tcpOffloadSend(handle, stack.chain(1, 4));
        stack.broken("H-4");
    }

    @Test
    void stateThatChangesWhileTheTargetReadsIt() {
        long root = stack.trees.block(StateType.TCP, stack.trees.handle());
        stack.binding.initiateOffload(root);
        new TcpDelegated(stack.memory).wrap(root + StateOffsets.TCP_DELEGATED).rcvNxt(99);
        stack.finishInitiate(root);
        stack.broken("H-5");
    }

    @Test
    void aNewObjectWithoutItsStateAndAnObjectOffloadedTwice() {
        stack.binding.initiateOffload(
                stack.trees.block(StateType.TCP_CACHED, stack.trees.handle()));
        stack.broken("H-6");
        stack.trees.token(handles[2], 0);
        stack.binding.initiateOffload(lone(StateType.TCP, 2));
        stack.broken("H-6");
    }

    @Test
    void aNeighborWhoseTwoDeltasDiffer() {
        long root = stack.trees.block(StateType.NEIGHBOR, stack.trees.handle());
        new NeighborCached(stack.memory)
                .wrap(root + StateOffsets.NEIGHBOR_CACHED)
                .hostReachabilityDelta(5);
        stack.binding.initiateOffload(root);
        stack.broken("H-10");
    }

    @Test
    void anUpdateOfWhatIsBeingUpdatedOrIsInvalidated() {
        stack.binding.updateOffload(lone(StateType.IP4_CACHED, 1));
        stack.broken();
        stack.binding.updateOffload(lone(StateType.IP4_CACHED, 1));
        stack.broken("H-15");
        long root = lone(StateType.NONE, 0);
        stack.binding.invalidateOffload(root);
        stack.target.adapter.invalidateOffloadComplete(stack.done(root));
        stack.binding.updateOffload(lone(StateType.NEIGHBOR_CACHED, 0));
        stack.broken("H-15");
    }

    @Test
    void aConnectionMovedToAnotherPathWhileAPathMayMove() {
        long otherPath = stack.trees.handle();
        long root = stack.trees.block(StateType.IP4, otherPath);
        stack.binding.initiateOffload(root);
        stack.finishInitiate(root);
        long tcp = lone(StateType.TCP_CACHED, 2);
        stack.binding.updateOffload(stack.trees.block(StateType.NONE, otherPath, tcp));
        stack.broken("H-16");
        long otherNeighbor = stack.trees.handle();
        root = stack.trees.block(StateType.NEIGHBOR, otherNeighbor);
        stack.binding.initiateOffload(root);
        stack.finishInitiate(root);
        root = stack.trees.block(StateType.NONE, otherNeighbor, lone(StateType.NONE, 1));
        stack.binding.updateOffload(root);
        stack.target.adapter.updateOffloadComplete(stack.done(root));
        stack.broken();
        // The path belongs to the other one now.
        stack.binding.terminateOffload(lone(StateType.NEIGHBOR, 0));
        stack.broken();
        stack.binding.terminateOffload(stack.trees.block(StateType.NEIGHBOR, otherNeighbor));
        stack.broken("H-20");
    }

    @Test
    void anInvalidateWithState() {
        stack.binding.invalidateOffload(lone(StateType.NEIGHBOR, 0));
        stack.broken("H-19");
    }

    @Test
    void aTerminateOfWhatOthersNeedUnlessTheyGoWithIt() {
        stack.binding.terminateOffload(lone(StateType.IP4, 1));
        stack.broken("H-20");
    }

    @Test
    void aTerminateBeforeTheOtherOperationsCompleted() {
        stack.binding.queryOffload(lone(StateType.TCP, 2));
        stack.binding.terminateOffload(lone(StateType.TCP, 2));
        stack.broken("H-21");
    }

    @Test
    void anythingOnWhatIsBeingTerminated() {
        stack.binding.terminateOffload(lone(StateType.TCP, 2));
        stack.broken();
        stack.binding.terminateOffload(lone(StateType.TCP, 2));
        stack.broken("4.8");
        stack.binding.queryOffload(lone(StateType.TCP, 2));
        stack.broken("4.8");
        stack.binding.tcpOffloadSend(handles[2], stack.chain(1, 4));
        stack.broken("H-22");
        stack.binding.tcpOffloadReceive(handles[2], stack.chain(1, 4));
        stack.broken("H-22");
        stack.binding.tcpOffloadForward(handles[2], stack.chain(1, 20));
        stack.broken("H-45");
    }

    @Test
    void twoQueriesAtATimeAreAllowed() {
        stack.binding.queryOffload(lone(StateType.TCP, 2));
        stack.binding.queryOffload(lone(StateType.TCP, 2));
        stack.broken();
    }

    @Test
    void anOffloadWhileTheTargetPauses() {
        stack.target.adapter.statusIndication(StatusIndication.OFFLOAD_PAUSE);
        stack.binding.initiateOffload(stack.trees.block(StateType.TCP, stack.trees.handle()));
        stack.broken("H-32");
        stack.target.adapter.statusIndication(StatusIndication.OFFLOAD_RESUME);
        stack.binding.initiateOffload(stack.trees.block(StateType.TCP, stack.trees.handle()));
        stack.broken();
    }

    @Test
    void aSendInsideASendOfTheSameConnection() {
        stack.target.inside =
                () -> {
                    stack.target.inside = () -> {};
                    stack.binding.tcpOffloadSend(handles[2], stack.chain(1, 4));
                };
        stack.binding.tcpOffloadSend(handles[2], stack.chain(1, 4));
        stack.broken("H-35");
    }

    @Test
    void disconnectsOfTheWrongShape() {
        stack.binding.tcpOffloadDisconnect(
                handles[2], stack.chain(2, 0), Miniport.DISCONNECT_GRACEFUL);
        stack.broken("H-37");
        stack.binding.tcpOffloadDisconnect(
                handles[2], stack.chain(1, 4), Miniport.DISCONNECT_ABORTIVE);
        stack.broken("H-37");
    }

    @Test
    void aDisconnectIssuedAgainAfterItFailed() {
        long first = stack.chain(1, 0);
        stack.binding.tcpOffloadDisconnect(handles[2], first, Miniport.DISCONNECT_GRACEFUL);
        stack.complete(first, OffloadStatus.UPLOAD_IN_PROGRESS, 0);
        stack.target.adapter.tcpOffloadDisconnectComplete(first);
        stack.broken();
        stack.binding.tcpOffloadDisconnect(handles[2], first, Miniport.DISCONNECT_GRACEFUL);
        stack.broken("H-40");
    }

    @Test
    void aListReturnedThatTheHostDoesNotHave() {
        long mine = stack.chain(1, 4);
        stack.binding.tcpOffloadReceiveReturn(mine);
        stack.broken("H-41");
        stack.protocol.taking(data -> 0);
        stack.top.miniport().doWork(1);
        indicate(mine);
        stack.broken();
        stack.binding.tcpOffloadReceiveReturn(mine);
        stack.broken("H-41");
    }

    @Test
    void aListReturnedTwice() {
        long mine = stack.chain(1, 4);
        indicate(mine);
        stack.binding.tcpOffloadReceiveReturn(mine);
        stack.broken();
        stack.binding.tcpOffloadReceiveReturn(mine);
        stack.broken("H-41");
    }

    private void indicate(long ref) {
        stack.target.adapter.tcpOffloadReceiveIndicate(
                stack.below[2], ref, OffloadStatus.SUCCESS, new dev.flue.offload.BytesConsumed());
    }

    @Test
    void aVerdictThatDoesNotFitTheBytesTaken() {
        // More than there is: the recording protocol calls that a part.
        stack.protocol.taking(data -> data.length + 1);
        indicate(stack.chain(1, 4));
        stack.broken("H-42");
    }

    @Test
    void aForwardThatIsNoSegmentOfTheConnection() {
        long handle = stack.trees.handle();
        long root = stack.trees.block(StateType.TCP, handle);
        new TcpConst(stack.memory)
                .wrap(root + StateOffsets.TCP_CONST)
                .localPort(80)
                .remotePort(8080);
        stack.binding.initiateOffload(root);
        stack.finishInitiate(root);
        byte[] segment = new byte[20];
        segment[0] = (byte) (8080 >> 8);
        segment[1] = (byte) 8080;
        segment[3] = 80;
        stack.binding.tcpOffloadForward(handle, stack.nbls.allocate(segment));
        stack.broken();
        stack.binding.tcpOffloadForward(handle, stack.chain(1, 19));
        stack.broken("H-44");
        segment[0] = 0x45;
        stack.binding.tcpOffloadForward(handle, stack.nbls.allocate(segment));
        stack.broken("H-44");
    }

    @Test
    void aListThatIsGivenTwiceOrDoesNotEnd() {
        long list = stack.chain(1, 4);
        stack.binding.tcpOffloadSend(handles[2], list);
        stack.binding.tcpOffloadSend(handles[2], list);
        stack.broken("1.7");
    }

    @Test
    void aBreachIsToldWithItsObjectAndTheObjectsHistory() {
        List<Breach> heard = new ArrayList<>();
        stack.verifier.onBreach(heard::add);
        stack.binding.queryOffload(lone(StateType.TCP, 2));
        stack.binding.terminateOffload(lone(StateType.TCP, 2));
        assertThat(heard).hasSize(1);
        Breach breach = heard.get(0);
        assertThat(breach.rule()).isEqualTo("H-21");
        assertThat(breach.driver()).isEqualTo("verifier");
        assertThat(breach.object())
                .startsWith("TCP 2, OFFLOADED, handle " + Long.toHexString(handles[2]));
        assertThat(breach.history())
                .hasSize(3)
                .satisfiesExactly(
                        line -> assertThat(line).contains("initiate"),
                        line -> assertThat(line).contains("initiated", "SUCCESS"),
                        line -> assertThat(line).contains("query"));
        assertThat(breach.toString()).startsWith("H-21 at verifier: terminated while 1 queries");
        assertThat(stack.verifier.unfinished()).contains("2 state operations under way");
    }
}
