// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A verifier names each rule of data, indications and events that a target breaks. */
class VerifierDataTest {
    private static final OffloadStatus DONE = OffloadStatus.SUCCESS;
    private static final OffloadStatus UPLOAD = OffloadStatus.UPLOAD_IN_PROGRESS;
    private static final OffloadStatus ABORTED = OffloadStatus.REQUEST_ABORTED;

    private final LooseStack stack = new LooseStack();
    private final BytesConsumed consumed = new BytesConsumed();
    private long tcp;

    @BeforeEach
    void offload() {
        tcp = stack.offload()[2];
        stack.broken();
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private long send(int bytes) {
        long list = stack.chain(1, bytes);
        stack.binding.tcpOffloadSend(tcp, list);
        return list;
    }

    private void sent(long list, OffloadStatus status, int bytes) {
        stack.target.adapter.tcpOffloadSendComplete(stack.complete(list, status, bytes));
    }

    private long post(int bytes) {
        long list = stack.chain(1, bytes);
        stack.binding.tcpOffloadReceive(tcp, list);
        return list;
    }

    private void received(long list, OffloadStatus status, int bytes) {
        stack.target.adapter.tcpOffloadReceiveComplete(stack.complete(list, status, bytes));
    }

    private long disconnect(int flags) {
        long list = stack.chain(1, 0);
        stack.binding.tcpOffloadDisconnect(tcp, list, flags);
        return list;
    }

    private void disconnected(long list, OffloadStatus status) {
        stack.target.adapter.tcpOffloadDisconnectComplete(stack.complete(list, status, 0));
    }

    private void indicate(long list) {
        stack.target.adapter.tcpOffloadReceiveIndicate(stack.below[2], list, DONE, consumed);
    }

    private void event(TcpEvent event, long information) {
        stack.target.adapter.tcpOffloadEvent(stack.below[2], event, information);
    }

    @Test
    void aSendThatCompletesTwiceInsideTheCallOrWithoutHavingBeenSent() {
        long list = send(4);
        sent(list, DONE, 4);
        stack.broken();
        sent(list, DONE, 0);
        stack.broken("T-81");
        sent(stack.chain(1, 4), DONE, 4);
        stack.broken("T-81");
        long inside = stack.chain(1, 4);
        stack.target.inside = () -> sent(inside, DONE, 4);
        stack.binding.tcpOffloadSend(tcp, inside);
        stack.broken("T-81");
    }

    @Test
    void sendsOutOfOrder() {
        send(4);
        sent(send(4), DONE, 4);
        stack.broken("T-83");
    }

    @Test
    void aSendThatFailsMayOvertakeThoseBeforeItAndNoneMaySucceedBehindIt() {
        long first = send(4);
        send(4);
        sent(send(4), UPLOAD, 0);
        sent(first, DONE, 4);
        stack.broken();
        sent(send(4), DONE, 4);
        stack.broken("T-86");
        send(4);
        disconnected(disconnect(Miniport.DISCONNECT_ABORTIVE), DONE);
        stack.broken("T-123");
    }

    @Test
    void bytesThatWereNotSentOrNotCounted() {
        sent(send(4), DONE, 3);
        stack.broken("T-84");
        long list = send(4);
        stack.nbl.wrap(list).status(0).bytesTransferred(4);
        stack.target.adapter.tcpOffloadSendComplete(list);
        stack.broken("T-85");
    }

    @Test
    void aSendThatSucceedsBehindOneThatFailedAndTwoPartialOnes() {
        sent(send(4), UPLOAD, 0);
        stack.broken();
        sent(send(4), DONE, 4);
        stack.broken("T-86");
        sent(send(4), UPLOAD, 2);
        stack.broken();
        sent(send(4), UPLOAD, 2);
        stack.broken("T-86");
    }

    @Test
    void statusesThatNoIoHas() {
        sent(send(4), OffloadStatus.FAILURE, 0);
        stack.broken("T-87");
        received(post(4), OffloadStatus.FAILURE, 0);
        stack.broken("T-95");
        disconnected(disconnect(Miniport.DISCONNECT_GRACEFUL), OffloadStatus.FAILURE);
        stack.broken("T-121");
        long forward = stack.chain(1, 20);
        stack.binding.tcpOffloadForward(tcp, forward);
        stack.target.adapter.tcpOffloadForwardComplete(
                stack.complete(forward, OffloadStatus.FAILURE, 0));
        stack.broken("T-129");
    }

    @Test
    void aDisconnectThatOvertakesTheSendsAheadOfIt() {
        send(4);
        disconnected(disconnect(Miniport.DISCONNECT_GRACEFUL), DONE);
        stack.broken("T-93");
        disconnected(disconnect(Miniport.DISCONNECT_ABORTIVE), DONE);
        stack.broken("T-123");
    }

    @Test
    void aGracefulDisconnectWithoutItsDataAndASendReturnedThroughIt() {
        long list = stack.chain(1, 4);
        stack.binding.tcpOffloadDisconnect(tcp, list, Miniport.DISCONNECT_GRACEFUL);
        disconnected(list, DONE);
        stack.broken("T-126");
        disconnected(send(4), DONE);
        stack.broken("T-127");
    }

    @Test
    void receivesOutOfOrderOrLongerThanTheyAre() {
        long first = post(4);
        long second = post(4);
        received(second, DONE, 4);
        stack.broken("T-95");
        stack.nbl.wrap(first).status(0).bytesTransferred(5);
        stack.target.adapter.tcpOffloadReceiveComplete(first);
        stack.broken("T-95", "T-104");
    }

    @Test
    void deliveriesInsideDeliveries() {
        stack.protocol.taking(
                data -> {
                    stack.protocol.taking(more -> more.length);
                    indicate(stack.chain(1, 4));
                    return data.length;
                });
        indicate(stack.chain(1, 4));
        stack.broken("T-96");
        long first = post(4);
        stack.protocol.taking(
                data -> {
                    received(first, DONE, 4);
                    return data.length;
                });
        indicate(stack.chain(1, 4));
        stack.broken("T-97");
    }

    private long postWithoutPush(int bytes) {
        long list = stack.chain(1, bytes);
        stack.nbl.wrap(list).receiveNoPush(1);
        stack.binding.tcpOffloadReceive(tcp, list);
        return list;
    }

    @Test
    void aNonPushReceiveThatIsNotFullThoughDataFollows() {
        received(postWithoutPush(4), DONE, 3);
        stack.broken();
        received(post(4), DONE, 3);
        stack.broken("T-101");
        received(postWithoutPush(4), DONE, 3);
        indicate(stack.chain(1, 4));
        stack.broken("T-101");
        // One that may be pushed may.
        received(post(4), DONE, 3);
        indicate(stack.chain(1, 4));
        stack.broken();
    }

    @Test
    void aNonPushReceiveThatTheEndOfTheStreamOrOfTheOffloadCompletes() {
        received(postWithoutPush(4), DONE, 3);
        received(postWithoutPush(4), DONE, 0);
        event(TcpEvent.DISCONNECT, 0);
        stack.broken();
    }

    @Test
    void refusedDataThatComesAgainUnaskedOrOtherThanItWas() {
        stack.protocol.taking(data -> 2);
        indicate(stack.nbls.allocate(new byte[] {1, 2, 3, 4}));
        stack.broken();
        stack.protocol.taking(data -> data.length);
        indicate(stack.nbls.allocate(new byte[] {3, 4}));
        stack.broken("T-105");
        received(post(0), DONE, 0);
        stack.protocol.taking(data -> 2);
        indicate(stack.nbls.allocate(new byte[] {1, 2, 3, 4}));
        received(post(0), DONE, 0);
        stack.broken();
        indicate(stack.nbls.allocate(new byte[] {4, 3}));
        stack.broken("T-108");
    }

    @Test
    void anIndicationOfTwoListsOrWithAStatus() {
        indicate(stack.chain(2, 4));
        stack.broken("T-106");
        long list = stack.chain(1, 4);
        stack.target.adapter.tcpOffloadReceiveIndicate(
                stack.below[2], list, OffloadStatus.RESOURCES, consumed);
        stack.broken("T-106");
    }

    @Test
    void aListThatTheHostStillHas() {
        long list = stack.chain(1, 4);
        indicate(list);
        stack.broken();
        indicate(list);
        stack.broken("T-107");
        list = stack.nbls.allocate(new byte[] {1, 2, 3, 4});
        indicate(list);
        stack.memory.buffer((int) (list >>> 48)).put((int) list + 224, (byte) 99);
        stack.binding.tcpOffloadReceiveReturn(list);
        stack.broken("T-107");
    }

    @Test
    void receivesAroundTheDisconnectEvent() {
        long before = post(4);
        received(before, OffloadStatus.INVALID_STATE, 0);
        stack.broken("T-110");
        event(TcpEvent.DISCONNECT, 0);
        long after = post(4);
        received(after, DONE, 0);
        stack.broken("T-110");
        received(post(4), OffloadStatus.INVALID_STATE, 0);
        stack.broken();
    }

    @Test
    void aDisconnectEventThatIsTooEarlyComesTwiceOrIsFollowedByData() {
        stack.protocol.taking(data -> 0);
        indicate(stack.chain(1, 4));
        event(TcpEvent.DISCONNECT, 0);
        stack.broken("T-130");
        post(0);
        event(TcpEvent.DISCONNECT, 0);
        stack.broken("T-130");
        indicate(stack.chain(1, 4));
        stack.broken("T-130");
    }

    @Test
    void aSendAfterAResetThatIsNotSaidToBeAborted() {
        long first = send(4);
        long second = send(4);
        event(TcpEvent.ABORT, 0);
        sent(first, ABORTED, 0);
        stack.broken();
        sent(second, UPLOAD, 0);
        stack.broken("T-131");
    }

    @Test
    void uploadRequestsThatMayNotBeMade() {
        event(TcpEvent.RETRIEVE, 77);
        stack.broken("T-132");
        event(TcpEvent.RETRIEVE, UploadReason.LOW_ACTIVITY.code());
        stack.broken();
        event(TcpEvent.DISCONNECT, 0);
        event(TcpEvent.RETRIEVE, UploadReason.TIMEOUT_EXPIRATION.code());
        stack.broken();
        event(TcpEvent.RETRIEVE, UploadReason.LOW_ACTIVITY.code());
        stack.broken("T-133");
        stack.target.adapter.tcpOffloadEvent(
                stack.below[1], TcpEvent.RETRIEVE, UploadReason.UPLOAD_REQUESTED.code());
        stack.broken("T-78");
    }

    @Test
    void aBacklogChangeThatIsNone() {
        event(TcpEvent.SEND_BACKLOG_CHANGE, 1000);
        event(TcpEvent.SEND_BACKLOG_CHANGE, 2000);
        stack.broken();
        event(TcpEvent.SEND_BACKLOG_CHANGE, 2000);
        stack.broken("T-134");
    }

    @Test
    void indicationsBeforeAnObjectIsThereAndAfterItIsGone() {
        long root = stack.trees.block(StateType.TCP, stack.trees.handle());
        stack.binding.initiateOffload(root);
        long handle = stack.block.wrap(root).ndisOffloadHandle();
        stack.target.adapter.tcpOffloadReceiveIndicate(handle, stack.chain(1, 4), DONE, consumed);
        stack.broken("T-45");
        stack.target.adapter.tcpOffloadEvent(handle, TcpEvent.DISCONNECT, 0);
        stack.broken("T-47");
        stack.protocol.onCompletion(
                () ->
                        stack.target.adapter.tcpOffloadReceiveIndicate(
                                handle, stack.chain(1, 4), DONE, consumed));
        stack.finishInitiate(root);
        stack.broken("T-45");
        stack.protocol.onCompletion(() -> {});
        long gone = stack.trees.block(StateType.TCP, tcp);
        stack.binding.terminateOffload(gone);
        stack.target.adapter.terminateOffloadComplete(stack.done(gone));
        indicate(stack.chain(1, 4));
        stack.broken("T-66");
    }

    @Test
    void aNeighborEventWithABlockThatIsNoNeighbors() {
        long ref = stack.trees.block(StateType.NEIGHBOR, 0);
        MiniportOffloadBlockList block = new MiniportOffloadBlockList(stack.memory);
        block.wrap(ref).ndisOffloadHandle(stack.below[0]);
        stack.target.adapter.offloadEventIndicate(ref, OffloadEvent.NEIGHBOR_REACHABILITY_QUERY);
        stack.broken();
        block.wrap(ref).ndisOffloadHandle(stack.below[1]);
        stack.target.adapter.offloadEventIndicate(ref, OffloadEvent.NEIGHBOR_REACHABILITY_QUERY);
        stack.broken("T-140");
    }
}
