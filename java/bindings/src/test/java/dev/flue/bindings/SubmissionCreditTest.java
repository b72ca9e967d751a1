// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.bindings.ScriptedEngine.Submission;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import dev.flue.testkit.Rule;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What may be under way, and who waits for whom. */
class SubmissionCreditTest {
    private static final long TOKEN = 0x0300_0001_0000_0007L;

    private final HeapMemory memory = new HeapMemory();
    private final ScriptedEngine engine = new ScriptedEngine(64, 64);
    private final NativeOffloadTarget target = engine.target();
    private final RecordingProtocol protocol = new RecordingProtocol();

    SubmissionCreditTest() {
        bind(target);
    }

    private void bind(NativeOffloadTarget its) {
        new Binding(memory, protocol, new MiniportAdapter(memory, its));
    }

    @Test
    @Rule({"T-82", "T-83"})
    void submissionsBeyondTheCreditWaitInOrderAndNoneIsLost() {
        for (int i = 1; i <= 1000; i++) {
            target.tcpOffloadSend(TOKEN, i);
        }
        // Half as many as the engine keeps pieces.
        engine.take(Integer.MAX_VALUE);
        assertThat(engine.taken).hasSize(24);
        assertThat(target.submissionsOutstanding()).isEqualTo(24);
        assertThat(target.submissionsWaiting()).isEqualTo(976);
        for (int turn = 0; engine.taken.size() < 1000; turn++) {
            assertThat(turn).isLessThan(100);
            engine.post(ChannelLayout.UP_SEND_COMPLETE, 24, 0, 1, 0);
            target.doWork(turn);
            target.doWork(turn);
        }
        assertThat(engine.taken.stream().mapToLong(Submission::ref))
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 1000).boxed().toList());
    }

    @Test
    void whatThePeerNeedsPassesSendsThatWaitForThePeer() {
        for (int i = 0; i < 100; i++) {
            target.tcpOffloadSend(TOKEN, 1);
        }
        target.sendNetBufferLists(2);
        target.tcpOffloadForward(TOKEN, 3);
        target.tcpOffloadReceive(TOKEN, 4);
        target.tcpOffloadReceiveReturn(5);
        engine.take(Integer.MAX_VALUE);
        assertThat(engine.taken.subList(24, 28))
                .extracting(Submission::ref)
                .containsExactly(2L, 3L, 4L, 5L);
    }

    @Test
    void sendsTakeNoCreditFromWhatCompletesByAnEntryOfItsOwn() {
        ScriptedEngine large = new ScriptedEngine(256, 64);
        large.maxSends = 400;
        NativeOffloadTarget its = large.target();
        bind(its);
        for (int i = 1; i <= 300; i++) {
            its.tcpOffloadSend(TOKEN, i);
        }
        for (int i = 1; i <= 40; i++) {
            its.sendNetBufferLists(1000 + i);
        }
        large.take(Integer.MAX_VALUE);
        assertThat(large.taken.stream().filter(s -> s.op() == ChannelLayout.SUB_SEND)).hasSize(200);
        assertThat(large.taken.stream().filter(s -> s.op() == ChannelLayout.SUB_FRAME_SEND))
                .hasSize(32);
        assertThat(its.submissionsOutstanding()).isEqualTo(232);
        large.post(ChannelLayout.UP_SEND_COMPLETE, 200, 0, 1, 0);
        its.doWork(0);
        its.doWork(0);
        large.take(Integer.MAX_VALUE);
        assertThat(large.taken.stream().filter(s -> s.op() == ChannelLayout.SUB_SEND)).hasSize(300);
        large.post(ChannelLayout.UP_FRAME_SEND_COMPLETE, 32, 0, 1001, 0);
        its.doWork(0);
        its.doWork(0);
        large.take(Integer.MAX_VALUE);
        assertThat(its.submissionsWaiting()).isZero();
        assertThat(its.submissionsOutstanding()).isEqualTo(108);
    }

    @Test
    void disconnectsLeaveAQuarterOfTheCredit() {
        for (int i = 1; i <= 40; i++) {
            target.tcpOffloadDisconnect(TOKEN, i, 1);
        }
        engine.take(Integer.MAX_VALUE);
        assertThat(engine.taken).hasSize(24);
        engine.post(ChannelLayout.UP_DISCONNECT_COMPLETE, 1, 0, 1, 0);
        target.doWork(0);
        target.doWork(0);
        engine.take(Integer.MAX_VALUE);
        assertThat(engine.taken).hasSize(25);
    }

    @Test
    void creditComesBackAsTheEntrySaysAlsoWithoutLists() {
        for (int i = 1; i <= 10; i++) {
            target.tcpOffloadSend(TOKEN, i);
        }
        // Lists that came with an initiate complete without credit.
        engine.post(ChannelLayout.UP_SEND_COMPLETE, 0, 0, 500, 0);
        engine.post(ChannelLayout.UP_SEND_COMPLETE, 3, 0, 1, 0);
        // A terminate took the other lists along.
        engine.post(ChannelLayout.UP_SEND_COMPLETE, 7, 0, 0, 0);
        target.doWork(0);
        assertThat(target.submissionsOutstanding()).isZero();
        assertThat(protocol.heard).containsExactly("send 500", "send 1");
    }
}
