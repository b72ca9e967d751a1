// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Data that waits for data before it, while its connection moves to a target. */
@ParameterizedClass
@EnumSource(Ip.class)
class WaitingDataTest {
    private static final int HEADER = 32;
    private static final int FIN = 1;

    private final ChimneyLab lab = new ChimneyLab(config -> config.autoOffload(false));
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private final byte[] data = Recorder.bytes(7, 4_000);
    private int frames;
    private int next;
    private OffloadConnection connection;

    WaitingDataTest(Ip ip) {
        lab.version = ip;
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    /**
     * Three segments, of which one is lost, and the initiate runs.
     *
     * @param lost which segment with data
     * @param fin whether a FIN comes behind the data
     */
    private void offloadWithAHole(int lost, boolean fin) {
        connection = lab.connect(mine, theirs, 80);
        target.auto = false;
        lab.link.filter(
                (from, number, frame, at, length) -> from != 1 || length < 500 || ++frames != lost);
        theirs.sending(data, fin);
        lab.peer.doWork(lab.now);
        lab.stack.doWork(lab.now);
        connection.offload();
        lab.stack.doWork(lab.now);
        lab.stack.doWork(lab.now);
        assertThat(target.initiates).hasSize(1);
        var block = target.control.block;
        long path = block.wrap(target.initiates.get(0)).dependentBlockList();
        long tcp = block.wrap(path).dependentBlockList();
        next = target.state.delegated.wrap(tcp + StateOffsets.TCP_DELEGATED).rcvNxt();
        assertThat(target.state.ext.wrap(tcp + StateOffsets.TCP_EXT).lastAckSent()).isEqualTo(next);
    }

    private void completeInitiate() {
        target.later(target::completeInitiate);
        lab.stack.doWork(lab.now);
        lab.stack.doWork(lab.now);
    }

    private static int sequence(byte[] segment) {
        return ByteBuffer.wrap(segment).getInt(4);
    }

    /** Back here: the peer sends what was lost, and every byte arrives. */
    private void untilAllArrived() {
        target.auto = true;
        connection.upload();
        lab.until(() -> mine.received.size() == data.length);
        assertThat(mine.received.toByteArray()).isEqualTo(data);
    }

    @Test
    @Rule({"H-7", "H-44"})
    void whatWaitsIsAcknowledgedAndGoesToTheTargetAsTheSegmentsItCameIn() {
        offloadWithAHole(1, false);
        completeInitiate();
        assertThat(connection.offloaded()).isTrue();
        List<byte[]> forwarded = target.conn().forwarded;
        assertThat(forwarded).hasSize(2);
        int first = forwarded.get(0).length - HEADER;
        int second = forwarded.get(1).length - HEADER;
        assertThat(sequence(forwarded.get(0))).isEqualTo(next + data.length - first - second);
        assertThat(sequence(forwarded.get(1))).isEqualTo(next + data.length - second);
        byte[] tail = new byte[second];
        ByteBuffer.wrap(forwarded.get(1)).get(HEADER, tail);
        assertThat(tail).isEqualTo(Arrays.copyOfRange(data, 4_000 - second, 4_000));
        assertThat(lab.stack.counters().tcp.outOfOrder).isEqualTo(2);
        assertThat(lab.stack.counters().chimney.segmentsMoved).isEqualTo(2);
        untilAllArrived();
    }

    @Test
    @Rule("H-44")
    void aFinBehindTheHoleGoesWithTheDataBeforeIt() {
        offloadWithAHole(1, true);
        completeInitiate();
        List<byte[]> forwarded = target.conn().forwarded;
        assertThat(forwarded).hasSize(2);
        assertThat(forwarded.get(0)[13] & FIN).isZero();
        assertThat(forwarded.get(1)[13] & FIN).isEqualTo(FIN);
        untilAllArrived();
        lab.until(() -> mine.ended);
    }

    @Test
    @Rule("H-44")
    void aFinWhoseDataIsToComeGoesAlone() {
        theirs.echoEnd = false;
        connection = lab.connect(mine, theirs, 80);
        lab.link.filter((from, number, frame, at, length) -> from != 1 || length < 500);
        theirs.sending(new byte[1_000], false);
        lab.peer.doWork(lab.now);
        lab.link.filter((from, number, frame, at, length) -> true);
        theirs.connection.shutdownOutput();
        lab.peer.doWork(lab.now);
        lab.stack.doWork(lab.now);
        connection.offload();
        for (int i = 0; i < 4; i++) {
            lab.stack.doWork(lab.now);
        }
        assertThat(connection.offloaded()).isTrue();
        List<byte[]> forwarded = target.conn().forwarded;
        assertThat(forwarded).hasSize(1);
        assertThat(forwarded.get(0)).hasSize(HEADER);
        assertThat(forwarded.get(0)[13] & FIN).isEqualTo(FIN);
        assertThat(sequence(forwarded.get(0))).isEqualTo(target.conn().rcvNxt + 1_000);
        connection.upload();
        lab.until(() -> mine.ended);
        assertThat(mine.received.size()).isEqualTo(1_000);
    }

    @Test
    void refusedItStaysHereAndOnlyWhatWasLostIsSentAgain() {
        target.refusals.put(StateType.TCP.code(), OffloadStatus.OFFLOAD_TCP_ENTRIES);
        offloadWithAHole(1, true);
        completeInitiate();
        assertThat(connection.offloaded()).isFalse();
        assertThat(target.calls).isEmpty();
        target.auto = true;
        lab.until(() -> mine.ended);
        assertThat(mine.received.toByteArray()).isEqualTo(data);
        assertThat(lab.peer.counters().tcp.retransmits).isEqualTo(1);
    }

    @Test
    void whatCameBehindAHoleDuringARefusedInitiateDrawsItsDuplicateAcks() {
        target.refusals.put(StateType.TCP.code(), OffloadStatus.OFFLOAD_TCP_ENTRIES);
        connection = lab.connect(mine, theirs, 80);
        target.auto = false;
        connection.offload();
        lab.settle();
        lab.link.filter(
                (from, number, frame, at, length) -> from != 1 || length < 500 || ++frames != 1);
        theirs.sending(data, false);
        lab.peer.doWork(lab.now);
        lab.stack.doWork(lab.now);
        completeInitiate();
        assertThat(lab.stack.counters().tcp.duplicateAcksOut).isEqualTo(2);
        target.auto = true;
        lab.until(() -> mine.received.size() == data.length);
        assertThat(mine.received.toByteArray()).isEqualTo(data);
    }

    @Test
    void broughtBackBeforeItIsForwardedItIsStillHere() {
        offloadWithAHole(1, true);
        connection.upload();
        completeInitiate();
        lab.stack.doWork(lab.now);
        assertThat(target.conn().forwarded).isEmpty();
        assertThat(target.terminates).hasSize(1);
        // Meanwhile the target got what was lost; the rest, and the end, waited here.
        target.indicate(target.conn(), Arrays.copyOf(data, lab.version == Ip.V4 ? 1_448 : 1_428));
        target.later(target::completeTerminate);
        lab.stack.doWork(lab.now);
        lab.stack.doWork(lab.now);
        assertThat(mine.received.toByteArray()).isEqualTo(data);
        assertThat(mine.ended).isTrue();
    }

    @Test
    @Rule("H-28")
    void givenBackByTheTargetItIsTakenAgainWithoutAnAckForEach() {
        offloadWithAHole(1, false);
        target.forwardStatus = OffloadStatus.UPLOAD_IN_PROGRESS;
        long before = lab.stack.counters().tcp.duplicateAcksOut;
        target.auto = true;
        completeInitiate();
        lab.until(() -> mine.received.size() == data.length);
        assertThat(mine.received.toByteArray()).isEqualTo(data);
        assertThat(lab.stack.counters().tcp.duplicateAcksOut).isEqualTo(before);
        assertThat(lab.peer.counters().tcp.retransmits).isEqualTo(1);
    }
}
