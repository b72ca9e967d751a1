// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.bindings.ScriptedEngine.Submission;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.spi.HeapMemory;
import dev.flue.testkit.Rule;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The Java end of a channel, against an engine that the test plays. */
class NativeOffloadTargetTest {
    private static final long TOKEN = 0x0300_0001_0000_0007L;

    private final HeapMemory memory = new HeapMemory();
    private final ScriptedEngine engine = new ScriptedEngine(64, 64);
    private final NativeOffloadTarget target = engine.target();
    private final MiniportAdapter adapter = new MiniportAdapter(memory, target);
    private final RecordingProtocol protocol = new RecordingProtocol();
    private final Binding binding = new Binding(memory, protocol, adapter);
    private final RecordPool blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, 4);

    private long block() {
        long ref = blocks.allocate();
        new MiniportOffloadBlockList(memory).wrap(ref).clear(StateType.TCP);
        new MiniportOffloadBlockList(memory).wrap(ref).sourceHandle(1);
        return ref;
    }

    @Test
    void everyOperationGoesDownAsItsEntry() {
        long root = block();
        target.initiateOffload(root);
        target.queryOffload(root);
        target.updateOffload(root);
        target.invalidateOffload(root);
        target.terminateOffload(root);
        target.tcpOffloadSend(TOKEN, 100);
        target.tcpOffloadReceive(TOKEN, 101);
        target.tcpOffloadDisconnect(TOKEN, 102, 1);
        target.tcpOffloadForward(TOKEN, 103);
        target.tcpOffloadReceiveReturn(104);
        target.sendNetBufferLists(105);
        target.returnNetBufferLists(106);
        target.doWork(0);
        assertThat(engine.taken)
                .containsExactly(
                        new Submission(ChannelLayout.SUB_INITIATE, 0, 0, root, 0),
                        new Submission(ChannelLayout.SUB_QUERY, 0, 0, root, 0),
                        new Submission(ChannelLayout.SUB_UPDATE, 0, 0, root, 0),
                        new Submission(ChannelLayout.SUB_INVALIDATE, 0, 0, root, 0),
                        new Submission(ChannelLayout.SUB_TERMINATE, 0, 0, root, 0),
                        new Submission(ChannelLayout.SUB_SEND, 0, TOKEN, 100, 0),
                        new Submission(ChannelLayout.SUB_RECEIVE, 0, TOKEN, 101, 0),
                        new Submission(ChannelLayout.SUB_DISCONNECT, 1, TOKEN, 102, 0),
                        new Submission(ChannelLayout.SUB_FORWARD, 0, TOKEN, 103, 0),
                        new Submission(ChannelLayout.SUB_RECEIVE_RETURN, 0, 0, 104, 0),
                        new Submission(ChannelLayout.SUB_FRAME_SEND, 0, 0, 105, 0),
                        new Submission(ChannelLayout.SUB_FRAME_RETURN, 0, 0, 106, 0));
    }

    @Test
    void everyEntryComesUpAsItsCall() {
        long root = block();
        engine.post(ChannelLayout.UP_INITIATE_COMPLETE, 0, 0, root, 0);
        engine.post(ChannelLayout.UP_QUERY_COMPLETE, 0, 0, root, 0);
        engine.post(ChannelLayout.UP_UPDATE_COMPLETE, 0, 0, root, 0);
        engine.post(ChannelLayout.UP_INVALIDATE_COMPLETE, 0, 0, root, 0);
        engine.post(ChannelLayout.UP_TERMINATE_COMPLETE, 0, 0, root, 0);
        engine.post(ChannelLayout.UP_SEND_COMPLETE, 1, 0, 100, 0);
        engine.post(ChannelLayout.UP_RECEIVE_COMPLETE, 1, 0, 101, 0);
        engine.post(ChannelLayout.UP_DISCONNECT_COMPLETE, 1, 0, 102, 0);
        engine.post(ChannelLayout.UP_FORWARD_COMPLETE, 1, 0, 103, 0);
        engine.post(ChannelLayout.UP_EVENT, 3, 7, 0, 10);
        engine.post(ChannelLayout.UP_STATUS, 0x40020003, 0, 0, 0);
        engine.post(ChannelLayout.UP_FRAME, 0, 0, 105, 0);
        engine.post(ChannelLayout.UP_FRAME_SEND_COMPLETE, 1, 0, 106, 0);
        assertThat(target.doWork(0)).isEqualTo(13);
        assertThat(protocol.heard)
                .containsExactly(
                        "initiate " + root,
                        "query " + root,
                        "update " + root,
                        "invalidate " + root,
                        "terminate " + root,
                        "send 100",
                        "receive 101",
                        "disconnect 102",
                        "forward 103",
                        "event 7 RETRIEVE 10",
                        "status OFFLOAD_RESUME",
                        "frames 105",
                        "sent 106");
    }

    @Test
    @Rule("T-11")
    void aResumeBringsTheNewCapabilitiesBeforeItIsHeard() {
        protocol.onStatus = () -> protocol.heard.add("sees " + target.capabilities().ipv6());
        engine.post(ChannelLayout.UP_STATUS, 0x40020001, 0, 0, 0);
        engine.post(ChannelLayout.UP_STATUS, 0x40020003, 0, 0, 8L << 32 | 2);
        target.doWork(0);
        assertThat(protocol.heard)
                .containsExactly(
                        "sees false", "status OFFLOAD_PAUSE", "sees true", "status OFFLOAD_RESUME");
        assertThat(target.capabilities().ipv4()).isFalse();
        assertThat(target.capabilities().maxConnections()).isEqualTo(8);
        assertThat(target.capabilities().chimney()).isTrue();
        engine.post(ChannelLayout.UP_STATUS, 0x40020003, 0, 0, 8L << 32);
        target.doWork(0);
        assertThat(target.capabilities().chimney()).isFalse();
        assertThat(target.capabilities().unavailabilityCause()).contains("switched off");
        engine.post(ChannelLayout.UP_STATUS, 0x40020003, 0, 0, 8L << 32 | 3);
        target.doWork(0);
        assertThat(target.capabilities().chimney()).isTrue();
    }

    @Test
    @Rule("T-148")
    void initiatesWaitFromPauseToResumeAndNothingWaitsBehindThem() {
        long[] roots = LongStream.generate(this::block).limit(3).toArray();
        // As many as are ever on the ring, and more that wait here, with a terminate behind them.
        for (int i = 0; i < 40; i++) {
            target.initiateOffload(roots[0]);
        }
        engine.post(ChannelLayout.UP_STATUS, 0x40020001, 0, 0, 0);
        target.doWork(0);
        assertThat(engine.taken).hasSize(SubmissionQueue.MAX_OPERATIONS);
        target.initiateOffload(roots[1]);
        target.terminateOffload(roots[2]);
        target.doWork(0);
        assertThat(engine.taken)
                .hasSize(SubmissionQueue.MAX_OPERATIONS + 1)
                .endsWith(new Submission(ChannelLayout.SUB_TERMINATE, 0, 0, roots[2], 0));
        assertThat(target.submissionsWaiting()).isEqualTo(9);
        engine.post(ChannelLayout.UP_STATUS, 0x40020003, 0, 0, 0);
        for (int i = 0; i < 32; i++) {
            engine.post(ChannelLayout.UP_INITIATE_COMPLETE, 0, 0, roots[0], 0);
        }
        target.doWork(0);
        target.doWork(0);
        assertThat(target.submissionsWaiting()).isZero();
        assertThat(engine.taken.get(engine.taken.size() - 1))
                .isEqualTo(new Submission(ChannelLayout.SUB_INITIATE, 0, 0, roots[1], 0));
    }

    @Test
    void anEntryOfALaterVersionIsCountedAndPassedOver() {
        engine.post(99, 0, 0, 0, 0);
        engine.post(ChannelLayout.UP_EVENT, 99, 7, 0, 0);
        engine.post(ChannelLayout.UP_STATUS, 99, 7, 0, 0);
        engine.post(ChannelLayout.UP_FRAME, 0, 0, 105, 0);
        target.doWork(0);
        assertThat(protocol.heard).containsExactly("frames 105");
        assertThat(target.ignoredEntries()).isEqualTo(3);
    }

    @Test
    @Rule({"T-14", "T-81", "T-95"})
    void completionsComeOutOfDoWorkNeverInsideASubmission() {
        long root = block();
        engine.post(ChannelLayout.UP_SEND_COMPLETE, 1, 0, 100, 0);
        engine.post(ChannelLayout.UP_QUERY_COMPLETE, 0, 0, root, 0);
        target.tcpOffloadSend(TOKEN, 101);
        target.tcpOffloadReceive(TOKEN, 102);
        target.queryOffload(root);
        target.terminateOffload(root);
        assertThat(protocol.heard).isEmpty();
        target.doWork(0);
        assertThat(protocol.heard).containsExactly("send 100", "query " + root);
    }

    @Test
    @Rule("T-106")
    void theVerdictOnAnIndicationIsPostedAtOnce() {
        protocol.verdict = OffloadStatus.OFFLOAD_DATA_PARTIALLY_ACCEPTED;
        protocol.verdictBytes = 33;
        engine.post(ChannelLayout.UP_RECEIVE_INDICATE, 0, 7, 200, TOKEN);
        target.doWork(0);
        engine.take(10);
        assertThat(protocol.heard).containsExactly("indicate 7 200 SUCCESS");
        assertThat(engine.taken)
                .containsExactly(
                        new Submission(
                                ChannelLayout.SUB_VERDICT,
                                OffloadStatus.OFFLOAD_DATA_PARTIALLY_ACCEPTED.code(),
                                TOKEN,
                                200,
                                33));
    }

    @Test
    void aHandlerThatThrowsLeavesTheChannelInOrder() {
        ScriptedEngine other = new ScriptedEngine(64, 64);
        NativeOffloadTarget its = other.target();
        RecordingProtocol throwing =
                new RecordingProtocol() {
                    @Override
                    public OffloadStatus tcpOffloadReceiveIndicate(
                            long handle,
                            long list,
                            OffloadStatus status,
                            dev.flue.offload.BytesConsumed consumed) {
                        throw new IllegalStateException("a bug above");
                    }
                };
        new Binding(memory, throwing, new MiniportAdapter(memory, its));
        other.post(ChannelLayout.UP_RECEIVE_INDICATE, 0, 7, 200, TOKEN);
        other.post(ChannelLayout.UP_FRAME, 0, 0, 105, 0);
        assertThatThrownBy(() -> its.doWork(0)).hasMessage("a bug above");
        its.doWork(0);
        assertThat(throwing.heard).containsExactly("frames 105");
        assertThat(other.taken)
                .containsExactly(
                        new Submission(
                                ChannelLayout.SUB_VERDICT,
                                OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED.code(),
                                TOKEN,
                                200,
                                0));
    }

    @Test
    void aFullRingLosesNothing() {
        engine.appetite = 5;
        for (int i = 1; i <= 300; i++) {
            target.tcpOffloadReceiveReturn(i);
        }
        for (int turn = 0; turn < 60; turn++) {
            target.doWork(turn);
        }
        assertThat(engine.taken.stream().mapToLong(Submission::ref))
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 300).boxed().toList());
        assertThat(target.submissionsWaiting()).isZero();
    }

    @Test
    void aTerminateGetsThroughWithoutCreditBehindWhatCameBeforeIt() {
        for (int i = 1; i <= 40; i++) {
            target.tcpOffloadSend(TOKEN, i);
        }
        target.terminateOffload(77);
        target.tcpOffloadSend(TOKEN, 41);
        engine.take(Integer.MAX_VALUE);
        assertThat(engine.taken).hasSize(41);
        assertThat(engine.taken.get(40).op()).isEqualTo(ChannelLayout.SUB_TERMINATE);
        assertThat(target.submissionsWaiting()).isEqualTo(1);
    }

    @Test
    void aTerminateTakesForwardedSegmentsAlongThatCameBeforeIt() {
        for (int i = 1; i <= 40; i++) {
            target.tcpOffloadForward(TOKEN, i);
        }
        target.terminateOffload(77);
        engine.take(Integer.MAX_VALUE);
        assertThat(engine.taken).hasSize(41);
        assertThat(engine.taken.get(40).op()).isEqualTo(ChannelLayout.SUB_TERMINATE);
    }

    @Test
    void verdictsReachAnEngineThatHasAllTheOperationsItCanWorkOn() {
        for (int i = 1; i <= 100; i++) {
            target.terminateOffload(i);
        }
        engine.post(ChannelLayout.UP_RECEIVE_INDICATE, 0, 7, 200, TOKEN);
        target.doWork(0);
        engine.take(Integer.MAX_VALUE);
        assertThat(engine.taken).hasSize(SubmissionQueue.MAX_OPERATIONS + 1);
        assertThat(engine.taken.get(SubmissionQueue.MAX_OPERATIONS).op())
                .isEqualTo(ChannelLayout.SUB_VERDICT);
        long root = block();
        engine.post(ChannelLayout.UP_TERMINATE_COMPLETE, 0, 0, root, 0);
        target.doWork(1);
        target.doWork(2);
        assertThat(engine.taken).hasSize(SubmissionQueue.MAX_OPERATIONS + 2);
    }

    @Test
    @Rule("T-2")
    void theUpcallsAreTakenOnceWhenTheAdapterIsMade() {
        ScriptedEngine other = new ScriptedEngine(64, 64);
        RecordingProtocol first = new RecordingProtocol();
        try (NativeOffloadTarget fresh = other.target()) {
            MiniportAdapter adapter = new MiniportAdapter(memory, fresh);
            new Binding(memory, first, adapter);
            assertThatThrownBy(() -> new MiniportAdapter(memory, fresh))
                    .isInstanceOf(IllegalStateException.class);
            other.post(ChannelLayout.UP_SEND_COMPLETE, 1, 0, 500, 0);
            fresh.doWork(0);
            assertThat(first.heard).containsExactly("send 500");
        }
    }

    @Test
    void dataDoesNotWaitForTheStateOfOtherConnections() {
        ScriptedEngine roomy = new ScriptedEngine(256, 1024);
        try (NativeOffloadTarget busy = roomy.target()) {
            for (int i = 1; i <= 100; i++) {
                busy.queryOffload(i);
            }
            busy.tcpOffloadSend(TOKEN, 200);
            roomy.take(Integer.MAX_VALUE);
            assertThat(roomy.taken).hasSize(SubmissionQueue.MAX_OPERATIONS + 1);
            assertThat(roomy.taken.get(SubmissionQueue.MAX_OPERATIONS))
                    .isEqualTo(new Submission(ChannelLayout.SUB_SEND, 0, TOKEN, 200, 0));
            assertThat(busy.submissionsWaiting()).isEqualTo(100 - SubmissionQueue.MAX_OPERATIONS);
        }
    }

    @Test
    void anAbortGetsThroughWithoutCredit() {
        for (int i = 1; i <= 40; i++) {
            target.tcpOffloadSend(TOKEN, i);
        }
        target.tcpOffloadDisconnect(TOKEN, 78, 2);
        engine.take(Integer.MAX_VALUE);
        assertThat(engine.taken.get(40))
                .isEqualTo(new Submission(ChannelLayout.SUB_DISCONNECT, 2, TOKEN, 78, 0));
    }

    @Test
    @Rule("T-12")
    void aPollThatFailsAsksForEverythingBackOnce() {
        engine.pollResult = -Errno.ESHUTDOWN;
        target.doWork(1);
        target.doWork(2);
        assertThat(protocol.heard).containsExactly("status UPLOAD_ALL");
        assertThat(target.capabilities().chimney()).isFalse();
        assertThat(target.capabilities().unavailabilityCause())
                .isEqualTo("polling the engine: shut down");
    }

    @Test
    void anEngineThreadThatEndedAsksForEverythingBackOnceAndIsPolledInline() {
        target.start(-1);
        target.doWork(1);
        assertThat(engine.polls).isZero();
        engine.markStopped();
        target.doWork(2);
        target.doWork(3);
        assertThat(protocol.heard).containsExactly("status UPLOAD_ALL");
        assertThat(target.capabilities().unavailabilityCause())
                .isEqualTo("the engine's thread has ended");
        assertThat(engine.polls).isEqualTo(2);
    }

    @Test
    void anEngineThreadThatStandsStillIsAFailureAndAStalledProcessIsNot() {
        target.start(-1);
        target.doWork(1);
        // The whole process stood still for a minute.
        target.doWork(60_000_000_000L);
        assertThat(target.capabilities().chimney()).isTrue();
        for (long now = 60_000_000_000L; now < 80_000_000_000L; now += 50_000_000) {
            target.doWork(now);
        }
        assertThat(protocol.heard).containsExactly("status UPLOAD_ALL");
        assertThat(target.capabilities().unavailabilityCause())
                .isEqualTo("the engine's thread has made no pass for 10 seconds");
    }

    @Test
    void theNextTurnIsDueNowWhileSomethingWaits() {
        target.doWork(1000);
        engine.deadline = 5000;
        assertThat(target.nextDeadline()).isEqualTo(5000);
        engine.appetite = 0;
        target.tcpOffloadReceiveReturn(1);
        assertThat(target.nextDeadline()).isEqualTo(1000);
        engine.take(1);
        assertThat(target.nextDeadline()).isEqualTo(5000);
        engine.post(ChannelLayout.UP_FRAME, 0, 0, 1, 0);
        assertThat(target.nextDeadline()).isEqualTo(1000);
        target.doWork(2000);
        // Sends without credit cannot go: they are no reason to turn.
        engine.appetite = Integer.MAX_VALUE;
        for (int i = 0; i < 100; i++) {
            target.tcpOffloadSend(TOKEN, 1);
        }
        target.doWork(3000);
        assertThat(target.nextDeadline()).isEqualTo(5000);
    }

    @Test
    void handlersMaySubmitButNotPoll() {
        ScriptedEngine other = new ScriptedEngine(64, 64);
        NativeOffloadTarget its = other.target();
        RecordingProtocol nosy =
                new RecordingProtocol() {
                    @Override
                    public void receiveNetBufferLists(long lists) {
                        its.returnNetBufferLists(lists);
                        assertThatThrownBy(() -> its.doWork(0))
                                .isInstanceOf(IllegalStateException.class);
                        assertThatThrownBy(its::close).isInstanceOf(IllegalStateException.class);
                        super.receiveNetBufferLists(lists);
                    }
                };
        new Binding(memory, nosy, new MiniportAdapter(memory, its));
        other.post(ChannelLayout.UP_FRAME, 0, 0, 105, 0);
        its.doWork(0);
        assertThat(nosy.heard).containsExactly("frames 105");
        assertThat(other.destroyed).isZero();
    }

    @Test
    void aClosedTargetAnswersEveryCallWithAnException() {
        assertThat(binding.miniport()).isSameAs(target);
        target.close();
        target.close();
        assertThat(engine.destroyed).isEqualTo(1);
        List<Runnable> calls =
                List.of(
                        () -> target.doWork(0),
                        () -> target.initiateOffload(1),
                        () -> target.queryOffload(1),
                        () -> target.updateOffload(1),
                        () -> target.invalidateOffload(1),
                        () -> target.terminateOffload(1),
                        () -> target.tcpOffloadSend(1, 1),
                        () -> target.tcpOffloadReceive(1, 1),
                        () -> target.tcpOffloadDisconnect(1, 1, 1),
                        () -> target.tcpOffloadForward(1, 1),
                        () -> target.tcpOffloadReceiveReturn(1),
                        () -> target.sendNetBufferLists(1),
                        () -> target.returnNetBufferLists(1),
                        target::nextDeadline,
                        () -> target.start(-1),
                        target::stop,
                        () -> target.held(EngineResource.PATHS),
                        target::arena,
                        target::counters);
        for (Runnable call : calls) {
            assertThatThrownBy(call::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the offload target is closed");
        }
        assertThat(target.capabilities().name()).isEqualTo("scripted");
    }
}
