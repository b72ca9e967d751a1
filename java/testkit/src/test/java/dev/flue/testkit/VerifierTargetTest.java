// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpDelegated;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A verifier names each rule of state operations that a target breaks. */
class VerifierTargetTest {
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();
    private static final int PARTIAL = OffloadStatus.OFFLOAD_PARTIAL_SUCCESS.code();
    private static final int FAILURE = OffloadStatus.FAILURE.code();
    private static final int RESOURCES = OffloadStatus.RESOURCES.code();

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

    private long query() {
        long root = stack.trees.block(StateType.TCP, handles[2]);
        stack.binding.queryOffload(root);
        return root;
    }

    /** A new neighbor, path and connection on their way down. */
    private List<Long> initiating() {
        long[] fresh = {stack.trees.handle(), stack.trees.handle(), stack.trees.handle()};
        long root = stack.tree(fresh);
        stack.binding.initiateOffload(root);
        return stack.trees.all(root);
    }

    private void status(long ref, int status) {
        stack.block.wrap(ref).status(status);
    }

    private void token(long ref, long token) {
        long handle = stack.block.wrap(ref).ndisOffloadHandle();
        new OffloadHandle(stack.memory).wrap(handle).miniportOffloadContext(token);
    }

    private void initiated(List<Long> blocks) {
        stack.target.adapter.initiateOffloadComplete(blocks.get(0));
    }

    private long terminating(StateType type) {
        long root = stack.trees.block(type, handles[2]);
        new TcpDelegated(stack.memory).wrap(root + StateOffsets.TCP_DELEGATED).clear();
        stack.binding.terminateOffload(root);
        stack.done(root);
        return root;
    }

    private void terminated(long root) {
        stack.target.adapter.terminateOffloadComplete(root);
    }

    @Test
    void aCompletionThatComesTwiceOrAsAnotherOne() {
        long root = stack.done(query());
        stack.target.adapter.queryOffloadComplete(root);
        stack.broken();
        stack.target.adapter.queryOffloadComplete(root);
        stack.broken("T-14");
        root = stack.done(query());
        stack.target.adapter.updateOffloadComplete(root);
        stack.broken("T-14");
    }

    @Test
    void aCompletionInsideTheCall() {
        long root = stack.trees.block(StateType.TCP, handles[2]);
        stack.target.inside = () -> stack.target.adapter.queryOffloadComplete(stack.done(root));
        stack.binding.queryOffload(root);
        stack.broken("T-14");
    }

    @Test
    void aBlockWithoutAStatus() {
        stack.target.adapter.queryOffloadComplete(query());
        stack.broken("T-15");
    }

    @Test
    void aStatusThatIsForInitiatesOnly() {
        long root = query();
        status(root, PARTIAL);
        stack.target.adapter.queryOffloadComplete(root);
        stack.broken("T-16");
    }

    @Test
    void wordsOfOthersInTheBlock() {
        long root = stack.done(query());
        stack.block.wrap(root).protocolReserved1(1);
        stack.target.adapter.queryOffloadComplete(root);
        stack.broken("T-17");
        root = stack.done(query());
        stack.block.wrap(root).imReserved1(1);
        stack.target.adapter.queryOffloadComplete(root);
        stack.broken("T-17");
        long[] others = {stack.trees.handle(), handles[1]};
        long tree = stack.trees.block(StateType.TCP, handles[2]);
        long second = stack.trees.block(StateType.IP4, others[1]);
        stack.trees.chain(tree, second);
        stack.binding.queryOffload(tree);
        stack.done(tree);
        stack.block.wrap(second).sourceHandle(7);
        stack.target.adapter.queryOffloadComplete(tree);
        stack.broken("T-17");
    }

    @Test
    void tokensThatAreMissingDoubleOrNotDue() {
        List<Long> blocks = initiating();
        stack.take(blocks.get(0));
        token(blocks.get(1), 0);
        initiated(blocks);
        stack.broken("T-22");
        blocks = initiating();
        stack.take(blocks.get(0));
        token(blocks.get(0), stack.slot.wrap(stack.below[1]).miniportOffloadContext());
        token(blocks.get(2), 100);
        initiated(blocks);
        stack.broken("T-20");
        blocks = initiating();
        stack.take(blocks.get(0));
        status(blocks.get(1), PARTIAL);
        status(blocks.get(2), RESOURCES);
        initiated(blocks);
        stack.broken("T-23");
    }

    @Test
    void aTokenThatChanges() {
        stack.slot.wrap(stack.below[2]).miniportOffloadContext(4711);
        stack.binding.tcpOffloadSend(handles[2], stack.chain(1, 4));
        stack.broken("T-24");
        query();
        stack.broken("T-24");
    }

    @Test
    void placeholdersAndLinkersWithTheWrongStatus() {
        long holder = stack.trees.placeholder(StateType.NEIGHBOR);
        stack.binding.initiateOffload(stack.trees.chain(holder, initiatingBlock()));
        stack.take(stack.trees.all(holder).get(1));
        status(holder, FAILURE);
        stack.target.adapter.initiateOffloadComplete(holder);
        stack.broken("T-25");
        long first = initiatingBlock();
        long second = initiatingBlock();
        long linker = stack.trees.block(StateType.IP4, handles[1], first, second);
        stack.binding.initiateOffload(linker);
        status(linker, SUCCESS);
        status(first, SUCCESS);
        token(first, 333);
        status(second, RESOURCES);
        stack.target.adapter.initiateOffloadComplete(linker);
        stack.broken("T-26");
    }

    private long initiatingBlock() {
        return stack.trees.block(StateType.TCP, stack.trees.handle());
    }

    @Test
    void partialSuccessWithoutAFailureAndSuccessWithOne() {
        List<Long> blocks = initiating();
        stack.take(blocks.get(0));
        status(blocks.get(1), PARTIAL);
        initiated(blocks);
        stack.broken("T-28");
        blocks = initiating();
        stack.take(blocks.get(0));
        status(blocks.get(2), RESOURCES);
        token(blocks.get(2), 0);
        initiated(blocks);
        stack.broken("T-28");
    }

    @Test
    void aDependentThatIsTakenAlthoughTheRootIsNot() {
        List<Long> blocks = initiating();
        stack.take(blocks.get(0));
        status(blocks.get(0), OffloadStatus.OFFLOAD_NEIGHBOR_ENTRIES.code());
        token(blocks.get(0), 0);
        initiated(blocks);
        stack.broken("T-29");
    }

    @Test
    void aStatusThatAnInitiateDoesNotKnow() {
        List<Long> blocks = initiating();
        stack.take(blocks.get(0));
        status(blocks.get(1), PARTIAL);
        status(blocks.get(2), OffloadStatus.UPLOAD_IN_PROGRESS.code());
        token(blocks.get(2), 0);
        initiated(blocks);
        stack.broken("T-30");
    }

    @Test
    void theSendChainOfARefusedConnectionIsTouched() {
        long block = initiatingBlock();
        long send = stack.chain(1, 4);
        stack.trees.at(block).netBufferListChain(send);
        stack.binding.initiateOffload(block);
        status(block, RESOURCES);
        stack.nbl.wrap(send).status(FAILURE);
        stack.target.adapter.initiateOffloadComplete(block);
        stack.broken("T-31");
        stack.target.adapter.tcpOffloadSendComplete(
                stack.complete(send, OffloadStatus.REQUEST_ABORTED, 0));
        stack.broken("T-32");
    }

    @Test
    void theSendChainOfAConnectionThatWasTakenStaysInTheBlock() {
        long block = initiatingBlock();
        long send = stack.chain(2, 4);
        stack.trees.at(block).netBufferListChain(send);
        stack.binding.initiateOffload(block);
        stack.take(block);
        stack.target.adapter.initiateOffloadComplete(block);
        stack.broken("T-48");
        long second = stack.next(send);
        stack.target.adapter.tcpOffloadSendComplete(
                stack.alone(stack.complete(send, OffloadStatus.SUCCESS, 4)));
        stack.target.adapter.tcpOffloadSendComplete(
                stack.complete(second, OffloadStatus.SUCCESS, 4));
        stack.broken();
    }

    @Test
    void aRunningTimerWithNothingToWaitFor() {
        long root = terminating(StateType.TCP);
        new TcpDelegated(stack.memory)
                .wrap(root + StateOffsets.TCP_DELEGATED)
                .state(4)
                .sndWnd(1000)
                .retransmitTimeoutDelta(300);
        terminated(root);
        stack.broken("T-53");
    }

    @Test
    void aTerminateBeforeEverythingElseCompleted() {
        stack.binding.tcpOffloadReceive(handles[2], stack.chain(1, 4));
        terminated(terminating(StateType.TCP));
        stack.broken("T-65");
    }

    @Test
    void aTerminateThatForgetsASend() {
        stack.binding.tcpOffloadSend(handles[2], stack.chain(1, 4));
        terminated(terminating(StateType.TCP));
        stack.broken("T-65");
    }

    @Test
    void aTerminateThatCompletesInsideAnIndication() {
        long root = terminating(StateType.TCP);
        stack.protocol.taking(
                data -> {
                    terminated(root);
                    return data.length;
                });
        stack.target.adapter.tcpOffloadReceiveIndicate(
                stack.below[2],
                stack.chain(1, 4),
                OffloadStatus.SUCCESS,
                new dev.flue.offload.BytesConsumed());
        stack.broken("T-66");
    }

    @Test
    void sendsHandedBackThatAreNotTheirsOrInAnotherOrder() {
        long send = stack.chain(2, 4);
        long second = stack.next(send);
        stack.binding.tcpOffloadSend(handles[2], send);
        long root = terminating(StateType.TCP);
        stack.nbl.wrap(second).next(send);
        stack.nbl.wrap(send).next(0);
        stack.block.wrap(root).netBufferListChain(second);
        new TcpDelegated(stack.memory)
                .wrap(root + StateOffsets.TCP_DELEGATED)
                .sendDataHead(second)
                .sendDataTail(send);
        terminated(root);
        stack.broken("T-72");
    }

    @Test
    void sendsHandedBackAsTheRulesWantAreTheHostsAgain() {
        long send = stack.chain(2, 4);
        stack.binding.tcpOffloadSend(handles[2], send);
        long root = terminating(StateType.TCP);
        stack.block.wrap(root).netBufferListChain(send);
        new TcpDelegated(stack.memory)
                .wrap(root + StateOffsets.TCP_DELEGATED)
                .sendDataHead(send)
                .sendDataTail(stack.next(send));
        terminated(root);
        stack.broken();
        long[] again = stack.offload();
        stack.binding.tcpOffloadSend(again[2], send);
        stack.broken();
    }

    @Test
    void aListHandedBackThatWasNeverGiven() {
        long root = terminating(StateType.TCP);
        stack.block.wrap(root).netBufferListChain(stack.chain(1, 4));
        terminated(root);
        stack.broken("T-72");
    }

    @Test
    void bufferedDataThatTheHostHasAlready() {
        long data = stack.chain(1, 4);
        stack.target.adapter.tcpOffloadReceiveIndicate(
                stack.below[2], data, OffloadStatus.SUCCESS, new dev.flue.offload.BytesConsumed());
        long root = terminating(StateType.TCP);
        new TcpDelegated(stack.memory).wrap(root + StateOffsets.TCP_DELEGATED).bufferedData(data);
        terminated(root);
        stack.broken("T-74");
        stack.binding.tcpOffloadReceiveReturn(data);
        stack.broken();
    }
}
