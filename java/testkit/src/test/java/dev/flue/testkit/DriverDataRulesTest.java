// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.offload.Miniport;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Data calls, indications and frames through one, two and three drivers. */
class DriverDataRulesTest {
    private DriverStack stack;
    private long[] handles;

    @AfterEach
    void nothingLeaks() {
        if (handles != null) {
            stack.terminate(handles);
        }
        stack.nothingHeld();
        stack.close();
    }

    private void build(int depth) {
        stack = new DriverStack(depth, 64);
        handles = stack.offloadConnection();
    }

    private long chain(int length) {
        long head = 0;
        for (int i = 0; i < length; i++) {
            long ref = stack.nbls.allocate(new byte[] {1, 2, 3});
            stack.nbl.wrap(ref).next(head).context(ref + 1).sourceHandle(ref + 2);
            head = ref;
        }
        return head;
    }

    @Rule({"I-13", "I-14", "I-16"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void ioGoesDownByTheDriversOwnHandleWithTheSameListsAndComesUpAgain(int depth) {
        build(depth);
        long token = stack.targetToken(handles[2]);
        long send = chain(3);
        long receive = chain(2);
        long disconnect = stack.nbls.allocate(new byte[0]);
        stack.nbl.wrap(disconnect).context(disconnect + 1).sourceHandle(disconnect + 2);
        long forward = chain(2);
        stack.binding.tcpOffloadSend(handles[2], send);
        stack.binding.tcpOffloadReceive(handles[2], receive);
        stack.binding.tcpOffloadDisconnect(handles[2], disconnect, Miniport.DISCONNECT_ABORTIVE);
        stack.binding.tcpOffloadForward(handles[2], forward);

        assertThat(stack.target.io())
                .containsExactly(
                        new RecordingTarget.Io("send", token, send, 0),
                        new RecordingTarget.Io("receive", token, receive, 0),
                        new RecordingTarget.Io(
                                "disconnect", token, disconnect, Miniport.DISCONNECT_ABORTIVE),
                        new RecordingTarget.Io("forward", token, forward, 0));
        assertThat(stack.protocol.io()).as("never inside the call").isEmpty();
        stack.work();

        assertThat(stack.protocol.io())
                .extracting(RecordingProtocol.IoCompletion::operation)
                .containsExactly(
                        "send",
                        "send",
                        "send",
                        "receive",
                        "receive",
                        "disconnect",
                        "forward",
                        "forward");
        assertThat(stack.protocol.io())
                .allMatch(done -> done.status() == OffloadStatus.SUCCESS.code());
        for (RecordingProtocol.IoCompletion done : stack.protocol.io()) {
            long ref = done.netBufferList();
            assertThat(stack.nbl.wrap(ref).context()).as("the originator's").isEqualTo(ref + 1);
            assertThat(stack.nbl.sourceHandle()).isEqualTo(ref + 2);
            stack.nbls.free(ref);
        }
    }

    @Rule({"I-17", "I-18", "I-15"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aReceiveIndicationGoesUpWithTheHandleAboveAndTheVerdictComesBack(int depth) {
        build(depth);
        long token = stack.targetToken(handles[2]);
        int[] taken = {5, 0, 2};
        for (int bytes : taken) {
            stack.protocol.taking(data -> bytes);
            stack.target.indicate(token, new byte[] {5, 0, 0, 0, 0});
            stack.work();
            long again = stack.nbls.allocate(new byte[0]);
            stack.binding.tcpOffloadReceive(handles[2], again);
            stack.work();
            stack.nbls.free(again);
        }

        assertThat(stack.protocol.indications())
                .extracting(RecordingProtocol.Indication::handle)
                .containsExactly(handles[2], handles[2], handles[2]);
        assertThat(stack.target.verdicts())
                .containsExactly(
                        OffloadStatus.SUCCESS,
                        OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED,
                        OffloadStatus.OFFLOAD_DATA_PARTIALLY_ACCEPTED);
        assertThat(stack.target.consumedBytes()).containsExactly(5, 0, 2);

        long accepted = stack.protocol.indications().get(0).netBufferList();
        stack.binding.tcpOffloadReceiveReturn(accepted);
        assertThat(stack.target.returned()).as("synchronously").containsExactly(accepted);
    }

    @Rule("I-17")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anEventGoesUpWithTheHandleAboveAndItsInformation(int depth) {
        build(depth);
        long tcp = stack.targetToken(handles[2]);
        stack.target.event(tcp, TcpEvent.DISCONNECT, 0);
        stack.target.event(tcp, TcpEvent.RETRIEVE, UploadReason.UPLOAD_REQUESTED.code());
        stack.work();
        assertThat(stack.protocol.events())
                .containsExactly(
                        new RecordingProtocol.Event(handles[2], TcpEvent.DISCONNECT, 0),
                        new RecordingProtocol.Event(
                                handles[2],
                                TcpEvent.RETRIEVE,
                                UploadReason.UPLOAD_REQUESTED.code()));
    }

    @Rule({"I-32", "I-24"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void adapterWideStatusAndCapabilitiesPass(int depth) {
        build(depth);
        for (StatusIndication each : StatusIndication.values()) {
            stack.target.status(each);
        }
        stack.work();
        assertThat(stack.protocol.statuses()).containsExactly(StatusIndication.values());
        assertThat(stack.top.capabilities()).isEqualTo(stack.target.capabilities());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void ordinaryFramesPassBothWays(int depth) {
        build(depth);
        stack.target.frame(new byte[] {1, 2, 3});
        long sent = chain(2);
        stack.binding.sendNetBufferLists(sent);
        stack.work();
        assertThat(stack.protocol.frames()).containsExactly(new byte[] {1, 2, 3});
        assertThat(stack.target.io()).containsExactly(new RecordingTarget.Io("frame", 0, sent, 0));
        assertThat(stack.protocol.takeSentFrames(stack.nbls)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void ioWithAStaleOrForgedTokenIsAnsweredInvalidStateOutOfDoWork(int depth) {
        build(depth);
        long[] dead = stack.offloadConnection();
        long stale = stack.trees.token(dead[2]);
        stack.terminate(dead);
        stack.target.io().clear();
        for (long token : new long[] {stale, 0, -1, 1, stack.trees.token(handles[2]) ^ 1L << 40}) {
            stack.top.tcpOffloadSend(token, chain(2));
            stack.top.tcpOffloadReceive(token, chain(1));
            stack.top.tcpOffloadDisconnect(token, chain(1), Miniport.DISCONNECT_GRACEFUL);
            stack.top.tcpOffloadForward(token, chain(3));
        }
        assertThat(stack.protocol.io()).isEmpty();
        assertThat(stack.top.nextDeadline()).isLessThan(Long.MAX_VALUE);
        stack.work();
        assertThat(stack.target.io()).isEmpty();
        assertThat(stack.protocol.io()).hasSize(5 * 7);
        for (RecordingProtocol.IoCompletion done : stack.protocol.io()) {
            assertThat(done.status()).isEqualTo(OffloadStatus.INVALID_STATE.code());
            assertThat(done.bytes()).isZero();
            stack.nbls.free(done.netBufferList());
        }
        assertThat(stack.top.nextDeadline()).isEqualTo(Long.MAX_VALUE);
        assertThat(stack.above.staleTokens()).isEqualTo(20);
        stack.breaks("H-4", "H-22", "H-45");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void indicationsForAnUnknownHandleAreRefusedAndNotPassedOn(int depth) {
        build(depth);
        long[] dead = stack.offloadConnection();
        RecordingTarget.Held held = stack.target.objects().get(stack.targetToken(dead[2]));
        stack.terminate(dead);
        for (long handle : new long[] {held.ndisOffloadHandle(), 0, handles[2], 0x7777L}) {
            stack.target.indicateTo(handle, new byte[] {1});
            stack.target.eventTo(handle, TcpEvent.ABORT, 0);
        }
        stack.work();
        assertThat(stack.protocol.indications()).isEmpty();
        assertThat(stack.protocol.events()).isEmpty();
        assertThat(stack.target.verdicts())
                .isEqualTo(
                        List.of(
                                OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED,
                                OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED,
                                OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED,
                                OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED));
        assertThat(stack.below.strayCalls()).isEqualTo(8);
        stack.breaks("T-66");
    }

    @Rule("I-17")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void indicationsBeforeTheInitiateCompletedAreRefused(int depth) {
        build(depth);
        stack.target.hold();
        long[] fresh = {stack.trees.handle(), stack.trees.handle(), stack.trees.handle()};
        long root = stack.connectionTree(fresh);
        stack.binding.initiateOffload(root);
        long tcp = stack.trees.all(root).get(2);
        long handle = stack.miniportBlock.wrap(tcp).ndisOffloadHandle();
        assertThat(new OffloadHandle(stack.memory).wrap(handle).miniportOffloadContext()).isZero();
        stack.target.indicateTo(handle, new byte[] {1});
        stack.work();
        assertThat(stack.protocol.indications()).isEmpty();
        stack.breaks("T-45");
        stack.target.release();
        stack.work();
        stack.trees.free(root);
        stack.terminate(fresh);
    }
}
