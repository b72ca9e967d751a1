// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StatusIndication;
import dev.flue.spi.HeapMemory;
import org.junit.jupiter.api.Test;

/** The second half of a turn: what was submitted goes out, and nobody is called. */
class TransmitTest {
    private static final long TOKEN = 0x0300_0001_0000_0007L;

    private final HeapMemory memory = new HeapMemory();
    private final ScriptedEngine engine = new ScriptedEngine(64, 64);
    private final NativeOffloadTarget target = engine.target();
    private final RecordingProtocol protocol = new RecordingProtocol();
    private final Binding binding =
            new Binding(memory, protocol, new MiniportAdapter(memory, target));

    @Test
    void whatWasSubmittedIsReadByAPassThatReceivesNothing() {
        target.tcpOffloadSend(TOKEN, 100);
        binding.transmit(0);
        assertThat(engine.taken).hasSize(1);
        assertThat(engine.budget).isZero();
        target.doWork(0);
        assertThat(engine.budget).isPositive();
    }

    @Test
    void thereIsNoPassWhenTheEngineHasReadEverything() {
        target.tcpOffloadSend(TOKEN, 100);
        target.doWork(0);
        int polls = engine.polls;
        assertThat(target.transmit(0)).isZero();
        assertThat(engine.polls).isEqualTo(polls);
    }

    @Test
    void whatComesUpWaitsForDoWorkWhichIsDueAtOnce() {
        target.doWork(5);
        target.tcpOffloadSend(TOKEN, 100);
        engine.post(ChannelLayout.UP_SEND_COMPLETE, 1, 0, 100, 0);
        target.transmit(5);
        assertThat(protocol.heard).isEmpty();
        assertThat(target.nextDeadline()).isEqualTo(5);
        target.doWork(5);
        assertThat(protocol.heard).containsExactly("send 100");
    }

    @Test
    void ofAnEngineThatFailsTheNextDoWorkTells() {
        target.tcpOffloadSend(TOKEN, 100);
        engine.appetite = 0;
        engine.pollResult = -Errno.EALREADY;
        assertThat(target.transmit(0)).isZero();
        assertThat(protocol.heard).isEmpty();
        target.doWork(0);
        assertThat(protocol.heard).containsExactly("status " + StatusIndication.UPLOAD_ALL);
    }

    @Test
    void aHandlerCannotTransmit() {
        protocol.onStatus = () -> target.transmit(0);
        engine.post(ChannelLayout.UP_STATUS, 0x40020003, 0, 0, 0);
        assertThatThrownBy(() -> target.doWork(0)).isInstanceOf(IllegalStateException.class);
        target.close();
        assertThatThrownBy(() -> target.transmit(0)).isInstanceOf(IllegalStateException.class);
    }
}
