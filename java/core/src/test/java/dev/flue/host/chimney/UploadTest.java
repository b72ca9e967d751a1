// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.Sniffer;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.TcpState;
import dev.flue.offload.UploadReason;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections come back, with everything that was in the target. */
@ParameterizedClass
@EnumSource(Ip.class)
class UploadTest {
    private final ChimneyLab lab = new ChimneyLab();
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private final Sniffer sniffer = new Sniffer(0);
    private OffloadConnection connection;
    private TargetConn conn;

    UploadTest(Ip ip) {
        lab.version = ip;
    }

    @BeforeEach
    void offloaded() {
        connection = lab.connect(mine, theirs, 80);
        conn = target.conn();
        lab.link.filter(sniffer);
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    @Test
    void anIdleConnectionComesBackAndGoesOnWithoutAWord() {
        connection.upload();
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).isEqualTo("taken back by the application");
        assertThat(mine.offloadChanges).isEqualTo(2);
        assertThat(sniffer.segments).as("no ACK for its own sake").isEmpty();
        assertThat(target.shapes.get(1)).isEqualTo("terminate N(named P(named T(named)))");
        byte[] up = Recorder.bytes(1, 300_000);
        byte[] down = Recorder.bytes(2, 300_000);
        mine.sending(up, true);
        theirs.sending(down, true);
        lab.until(() -> mine.closed != null && theirs.closed != null);
        assertThat(theirs.received.toByteArray()).isEqualTo(up);
        assertThat(mine.received.toByteArray()).isEqualTo(down);
        assertThat(lab.stack.counters().tcp.retransmits).isZero();
        assertThat(lab.peer.counters().tcp.retransmits).isZero();
        assertThat(lab.peer.counters().tcp.duplicateAcksIn).isZero();
        assertThat(lab.peer.counters().tcp.challengeAcks).isZero();
    }

    @Test
    @Rule("H-20")
    void onlyTheLastConnectionTakesItsPathAndNeighborWithIt() {
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        connection.upload();
        lab.settle();
        second.upload();
        lab.settle();
        assertThat(target.shapes.subList(2, 4))
                .containsExactly("terminate T(named)", "terminate N(named P(named T(named)))");
    }

    @Test
    void twoConnectionsInOneTurnComeBackInOneRequest() {
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        lab.connect(new Recorder(), new Recorder(), 82);
        connection.upload();
        second.upload();
        lab.settle();
        assertThat(target.shapes.get(3))
                .isEqualTo("terminate N(placeholder P(placeholder T(named) T(named)))");
    }

    @Test
    @Rule({"H-38", "T-72"})
    void theSendChainComesBackAndIsSentFromHere() {
        byte[] data = Recorder.bytes(3, 60_000);
        connection.send(ByteBuffer.wrap(data));
        lab.settle();
        assertThat(conn.sends).hasSize(4);
        connection.upload();
        lab.until(() -> theirs.received.size() == data.length);
        assertThat(theirs.received.toByteArray()).isEqualTo(data);
        assertThat(lab.stack.counters().tcp.retransmits).as("nothing was sent twice").isZero();
    }

    @Test
    @Rule("H-38")
    void sendsGivenBackUndoneAreSentInTheirOrder() {
        byte[] first = Recorder.bytes(4, 5000);
        byte[] second = Recorder.bytes(5, 5000);
        connection.send(ByteBuffer.wrap(first));
        lab.settle();
        connection.send(ByteBuffer.wrap(second));
        lab.settle();
        target.completeSend(conn, OffloadStatus.UPLOAD_IN_PROGRESS);
        target.completeSend(conn, OffloadStatus.UPLOAD_IN_PROGRESS);
        connection.send(ByteBuffer.wrap(Recorder.bytes(6, 100)));
        lab.until(() -> theirs.received.size() == 10_100);
        byte[] all = theirs.received.toByteArray();
        assertThat(Arrays.copyOf(all, 5000)).isEqualTo(first);
        assertThat(Arrays.copyOfRange(all, 5000, 10_000)).isEqualTo(second);
        assertThat(connection.offloaded()).isFalse();
    }

    @Test
    @Rule("H-39")
    void aDriverThatCannotPassASendOnGetsTheConnectionTakenBack() {
        connection.send(ByteBuffer.wrap(Recorder.bytes(7, 500)));
        lab.settle();
        target.completeSend(conn, OffloadStatus.REQUEST_UPLOAD);
        lab.until(() -> theirs.received.size() == 500);
        assertThat(connection.offloaded()).isFalse();
    }

    @Test
    void aHalfAcknowledgedBufferStartsAtTheFirstByteThatIsNot() {
        connection.send(ByteBuffer.wrap(Recorder.bytes(8, 3000)));
        lab.settle();
        int una = conn.sndUna;
        target.acknowledge(conn, 1000);
        // The peer would name what it has behind what it has not.
        sniffer.losePeerAcks = true;
        conn.sndNxt = una + 2500;
        conn.sndMax = una + 2500;
        conn.rexmtDelta = 100;
        connection.upload();
        lab.settle();
        // Unsent bytes go at once; sent ones when the peer tells that it has later ones, or the
        // timer fires.
        assertThat(sniffer.segments.get(0).seq()).isEqualTo(una + 2500);
        assertThat(sniffer.segments.get(0).payload()).isEqualTo(500);
        lab.until(() -> sniffer.segments.stream().anyMatch(each -> each.seq() == una + 1000));
        Sniffer.Seen again =
                sniffer.segments.stream()
                        .filter(each -> each.seq() == una + 1000)
                        .findFirst()
                        .orElseThrow();
        assertThat(again.payload()).isEqualTo(1500 - lab.version.headers() - 12);
        connection.abort();
        theirs.connection.abort();
    }

    @Test
    @Rule("H-25")
    void aTimerAtZeroFiresInTheSameTurn() {
        connection.send(ByteBuffer.wrap(Recorder.bytes(9, 500)));
        lab.settle();
        conn.sndNxt += 500;
        conn.sndMax += 500;
        conn.rexmtDelta = 0;
        connection.upload();
        lab.until(() -> theirs.received.size() == 500);
        assertThat(lab.stack.counters().tcp.retransmits).isEqualTo(1);
    }

    @Test
    @Rule({"H-9", "H-26"})
    void timestampsGoOnFromWhereTheTargetsClockStood() {
        conn.tsTime += 123_456;
        connection.upload();
        lab.settle();
        lab.pass(ChimneyLab.millis(10));
        connection.send(ByteBuffer.wrap(new byte[1]));
        lab.settle();
        assertThat(sniffer.segments.get(0).tsVal()).isEqualTo(conn.tsTime + 10);
        connection.offload();
        lab.settle();
        assertThat(target.conn().tsTime).isEqualTo(conn.tsTime + 10);
    }

    @Test
    @Rule({"H-24", "T-79"})
    void bufferedDataComesAfterWhatWasIndicatedAndBeforeWhatComesHere() {
        mine.appetite = 0;
        target.indicate(conn, Recorder.bytes(10, 1000));
        lab.settle();
        // The target received 700 bytes more, which it could not indicate; the peer sent both.
        byte[] buffered = Recorder.bytes(11, 700);
        conn.buffered = target.lists.indication(buffered);
        conn.rcvNxt += 700;
        connection.upload();
        lab.settle();
        assertThat(connection.available()).isEqualTo(1700);
        assertThat(target.returned).isZero();
        mine.read(Integer.MAX_VALUE);
        lab.settle();
        assertThat(target.returned).isEqualTo(2);
        byte[] all = mine.received.toByteArray();
        assertThat(Arrays.copyOfRange(all, 1000, 1700)).isEqualTo(buffered);
        connection.abort();
        theirs.connection.abort();
    }

    @Test
    @Rule({"H-27", "H-28", "H-45"})
    void segmentsThatComeDuringTheTerminateAreProcessedAfterIt() {
        target.auto = false;
        connection.upload();
        lab.settle();
        theirs.sending(Recorder.bytes(12, 20_000), false);
        lab.settle();
        assertThat(mine.received.size()).isZero();
        assertThat(conn.forwarded).isEmpty();
        target.later(target::completeTerminate);
        lab.until(() -> mine.received.size() == 20_000);
        assertThat(mine.received.toByteArray()).isEqualTo(Recorder.bytes(12, 20_000));
        assertThat(lab.peer.counters().tcp.retransmits).isZero();
        assertThat(lab.peer.counters().tcp.duplicateAcksIn).isZero();
    }

    /** One right before RCV.NXT is what a peer sends to ask whether we live. */
    @ParameterizedTest
    @CsvSource({"73, 0", "1, 1"})
    @Rule("H-45")
    void anAckThatWaitedWhileTheTargetReceivedMoreIsAnsweredOnlyIfItAsks(int more, int answers) {
        byte[] ack = anAckOfThePeers();
        connection.offload();
        lab.settle();
        conn = target.conn();
        target.auto = false;
        connection.upload();
        lab.settle();
        lab.link.inject(1, ack);
        lab.settle();
        conn.buffered = target.lists.indication(Recorder.bytes(14, more));
        conn.rcvNxt += more;
        sniffer.segments.clear();
        sniffer.losePeerAcks = true; // It sent none of that: it would answer.
        target.later(target::completeTerminate);
        lab.until(() -> mine.received.size() == more);
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(sniffer.segments).hasSize(answers);
        connection.abort();
        theirs.connection.abort();
    }

    /** The frame of the one that acknowledges what is sent from here now. */
    private byte[] anAckOfThePeers() {
        connection.upload();
        lab.settle();
        byte[][] last = new byte[1][];
        lab.link.filter(
                (from, number, frame, at, length) -> {
                    if (from == 1) {
                        last[0] = new byte[length];
                        frame.get(at, last[0]);
                    }
                    return true;
                });
        connection.send(ByteBuffer.wrap(Recorder.bytes(15, 100)));
        lab.until(() -> theirs.received.size() == 100 && last[0] != null);
        lab.link.filter(sniffer);
        return last[0];
    }

    @Test
    @Rule("H-22")
    void whatIsSentDuringTheTerminateWaits() {
        target.auto = false;
        connection.upload();
        lab.settle();
        connection.send(ByteBuffer.wrap(Recorder.bytes(13, 100)));
        connection.shutdownOutput();
        lab.settle();
        assertThat(target.calls).isEmpty();
        target.later(target::completeTerminate);
        lab.until(() -> theirs.ended);
        assertThat(theirs.received.size()).isEqualTo(100);
    }

    @Test
    @Rule("H-21")
    void theTerminateWaitsForQueries() {
        target.auto = false;
        lab.stack.query(infos -> {});
        lab.settle();
        connection.upload();
        lab.settle();
        assertThat(target.terminates).isEmpty();
        target.later(target::completeQuery);
        lab.settle();
        assertThat(target.terminates).hasSize(1);
    }

    @Test
    @Rule("H-40")
    void aDisconnectGivenBackIsNotIssuedAgainTheFinGoesFromHere() {
        connection.send(ByteBuffer.wrap(Recorder.bytes(14, 200)));
        connection.shutdownOutput();
        lab.settle();
        conn.state = TcpState.FIN_WAIT1.code();
        conn.extFlags = 2;
        target.completeDisconnect(conn, OffloadStatus.UPLOAD_IN_PROGRESS);
        lab.until(() -> mine.closed != null && theirs.closed != null);
        assertThat(theirs.received.size()).isEqualTo(200);
        assertThat(target.calls.stream().filter(c -> c.startsWith("disconnect"))).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "RECEIVED_URGENT_DATA",
                "TIMEOUT_EXPIRATION",
                "INVALID_STATE",
                "UPLOAD_REQUESTED",
                "HARDWARE_FAILURE"
            })
    @Rule("H-29")
    void aMandatoryRequestIsGranted(UploadReason reason) {
        target.retrieve(conn, reason);
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains(reason.name());
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "LOW_ACTIVITY",
                "HIGH_DROP_RATE",
                "SMALL_IO",
                "NO_BUFFER_PREPOSTING",
                "HIGH_FRAGMENTATION",
                "HIGH_OUT_OF_ORDER_PACKETS"
            })
    @Rule("H-29")
    void anOptionalRequestIsIgnored(UploadReason reason) {
        target.retrieve(conn, reason);
        lab.settle();
        assertThat(connection.offloaded()).isTrue();
        assertThat(lab.stack.counters().chimney.uploadsIgnored).isEqualTo(1);
    }

    @Test
    @Rule("H-31")
    void uploadAllOfTheTargetBringsEverythingBackUntilResume() {
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        target.status(StatusIndication.UPLOAD_ALL);
        lab.settle();
        assertThat(lab.stack.offloadedCount()).isZero();
        assertThat(target.objects).isEmpty();
        assertThat(target.shapes.get(2)).isEqualTo("terminate N(named P(named T(named) T(named)))");
        second.offload();
        lab.settle();
        assertThat(second.offloaded()).isFalse();
        target.status(StatusIndication.OFFLOAD_RESUME);
        lab.settle();
        second.offload();
        lab.settle();
        assertThat(second.offloaded()).isTrue();
    }

    @Test
    void anUploadAskedForDuringTheInitiateFollowsIt() {
        target.auto = false;
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        second.upload();
        lab.settle();
        assertThat(target.terminates).isEmpty();
        target.auto = true;
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(second.offloaded()).isFalse();
        assertThat(second.offloadCause()).contains("application");
    }

    /** State in the target, flags, FINs that count in the sequence numbers. */
    private enum Closing {
        FIN_WAIT1_QUEUED(TcpState.FIN_WAIT1, 2, 0, 0),
        FIN_WAIT1_SENT(TcpState.FIN_WAIT1, 1, 1, 0),
        CLOSE_WAIT(TcpState.CLOSE_WAIT, 4, 0, 1),
        CLOSING(TcpState.CLOSING, 5, 1, 1),
        LAST_ACK_QUEUED(TcpState.LAST_ACK, 6, 0, 1),
        LAST_ACK_SENT(TcpState.LAST_ACK, 5, 1, 1);

        final TcpState state;
        final int flags;
        final int ours;
        final int theirs;

        Closing(TcpState state, int flags, int ours, int theirs) {
            this.state = state;
            this.flags = flags;
            this.ours = ours;
            this.theirs = theirs;
        }
    }

    @ParameterizedTest
    @EnumSource(Closing.class)
    void aClosingConnectionComesBackInItsState(Closing closing) {
        sniffer.loseAll = true;
        mine.echoEnd = false;
        boolean shut = (closing.flags & 3) != 0;
        if (shut) {
            connection.shutdownOutput();
            lab.settle();
            target.completeDisconnect(conn, OffloadStatus.UPLOAD_IN_PROGRESS);
        }
        conn.state = closing.state.code();
        conn.extFlags = closing.flags;
        conn.sndMax += closing.ours;
        conn.sndNxt += closing.ours;
        conn.rcvNxt += closing.theirs;
        conn.rcvAdv += closing.theirs;
        conn.rexmtDelta = closing.ours > 0 ? 300 : -1;
        connection.upload();
        lab.settle();
        assertThat(connection.state()).isEqualTo(closing.state);
        assertThat(connection.endOfStream()).isEqualTo(closing.theirs > 0);
        boolean queued = (closing.flags & 2) != 0;
        assertThat(sniffer.segments).hasSize(queued ? 1 : 0);
        if (queued) {
            assertThat(sniffer.segments.get(0).flags()).isEqualTo(0x11);
            assertThat(sniffer.segments.get(0).seq()).isEqualTo(conn.sndNxt);
        } else if (closing.ours > 0) {
            lab.pass(ChimneyLab.millis(300));
            assertThat(sniffer.segments).as("the FIN again, from its timer").hasSize(1);
            assertThat(sniffer.segments.get(0).seq()).isEqualTo(conn.sndNxt - 1);
            assertThat(sniffer.segments.get(0).flags()).isEqualTo(0x11);
        }
        sniffer.loseAll = false;
        connection.abort();
        theirs.connection.abort();
    }

    @Test
    void finWait2ComesBackAndTakesThePeersFinHere() {
        mine.echoEnd = false;
        connection.shutdownOutput();
        lab.settle();
        connection.upload();
        conn.extFlags = 2;
        conn.state = TcpState.FIN_WAIT1.code();
        target.completeDisconnect(conn, OffloadStatus.UPLOAD_IN_PROGRESS);
        theirs.echoEnd = false;
        lab.settle();
        assertThat(connection.state()).isEqualTo(TcpState.FIN_WAIT2);
        connection.offload();
        lab.settle();
        TargetConn again = target.conn();
        assertThat(again.state).isEqualTo(TcpState.FIN_WAIT2.code());
        assertThat(again.extFlags).isEqualTo(1);
        assertThat(again.disconnects).as("the FIN went down with the state").isEmpty();
        connection.upload();
        lab.settle();
        assertThat(connection.state()).isEqualTo(TcpState.FIN_WAIT2);
        theirs.connection.shutdownOutput();
        lab.until(() -> mine.closed != null && theirs.closed != null);
        assertThat(connection.state()).isEqualTo(TcpState.TIME_WAIT);
    }

    @Test
    @Rule("H-1")
    void aConnectionInTimeWaitIsNotOffloaded() {
        connection.upload();
        lab.settle();
        connection.shutdownOutput();
        lab.until(() -> mine.closed != null);
        connection.offload();
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
    }

    @Test
    void theRightEdgeOfTheWindowDoesNotGoBack() {
        mine.appetite = 0;
        target.indicate(conn, new byte[4000]);
        lab.settle();
        int edge = conn.rcvAdv;
        connection.upload();
        lab.settle();
        connection.send(ByteBuffer.wrap(new byte[1]));
        lab.settle();
        Sniffer.Seen seen = sniffer.segments.get(0);
        assertThat(seen.ack() + (seen.window() << 3) - edge).isBetween(0, 262_144);
        connection.abort();
        theirs.connection.abort();
    }

    @Test
    void aTerminateThatFailsIsTriedOnceMoreAndThenTheConnectionIsLost() {
        connection.send(ByteBuffer.wrap(new byte[100]));
        lab.settle();
        target.terminateStatus = OffloadStatus.FAILURE;
        target.retrieve(conn, UploadReason.HARDWARE_FAILURE);
        lab.settle();
        assertThat(mine.closed).isEqualTo("the target lost its state");
        assertThat(lab.stack.counters().chimney.terminateFailures).isGreaterThanOrEqualTo(2);
        assertThat(lab.stack.held().get("sendBuffers")).isZero();
        target.objects.clear();
        target.conns.clear();
        theirs.connection.abort();
    }

    @Test
    @Rule("H-30")
    void anAbortAfterAFailedTerminateIsToldToTheApplication() {
        target.auto = false;
        target.terminateStatus = OffloadStatus.FAILURE;
        connection.upload();
        lab.settle();
        target.later(target::completeTerminate);
        target.retrieve(conn, UploadReason.HARDWARE_FAILURE);
        target.event(conn, TcpEvent.ABORT, 0);
        lab.settle();
        assertThat(mine.closed).isEqualTo("connection reset by peer");
        target.terminateStatus = OffloadStatus.SUCCESS;
        theirs.connection.abort();
    }
}
