// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What the chimney asks of a host stack for sends, receives and disconnects, rule by rule. */
@ParameterizedClass
@EnumSource(Ip.class)
class HostDataRulesTest {
    private static final int RECEIVE_BUFFER = 8192;
    private static final int CHUNK = 1024;

    private final ChimneyLab lab =
            new ChimneyLab(config -> config.receiveBuffer(RECEIVE_BUFFER).sendChunk(CHUNK));
    private final FakeTarget target = lab.target;
    private final NetBufferList list = new NetBufferList(lab.memory);
    private final NetBuffer netBuffer = new NetBuffer(lab.memory);
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private OffloadConnection connection;
    private TargetConn conn;

    HostDataRulesTest(Ip ip) {
        lab.version = ip;
    }

    @BeforeEach
    void offloaded() {
        mine.appetite = 0;
        connection = lab.connect(mine, theirs, 80);
        conn = target.conn();
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    private void send(int seed, int bytes) {
        assertThat(connection.send(ByteBuffer.wrap(Recorder.bytes(seed, bytes)))).isEqualTo(bytes);
    }

    private static byte[] join(byte[]... parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private void emptyWithOneNetBuffer(long nbl) {
        assertThat(list.wrap(nbl).next()).as("one NBL").isZero();
        netBuffer.wrap(list.firstNetBuffer());
        assertThat(netBuffer.next()).as("one NB").isZero();
        assertThat(netBuffer.dataLength()).as("empty").isZero();
    }

    @Test
    @Rule("H-35")
    void sendsGoDownOneCallAfterTheOtherInTheOrderOfTheStream() {
        // The application sends out of the completion of its sends, too.
        mine.sending(Recorder.bytes(1, 300_000), false);
        lab.settle();
        byte[] seen = new byte[0];
        while (!conn.sends.isEmpty()) {
            seen = join(seen, target.lists.bytes(conn.sends.get(0)));
            target.completeSend(conn, OffloadStatus.SUCCESS);
            lab.settle();
        }
        assertThat(seen).isEqualTo(Recorder.bytes(1, 300_000));
        assertThat(target.nested).as("calls within a call").isZero();
        assertThat(target.calls.stream().filter("send"::equals).count()).isGreaterThan(1);
    }

    @Test
    @Rule("H-35")
    void receivesGoDownOneCallAfterTheOther() {
        byte[] data = Recorder.bytes(2, 4096);
        for (int round = 0; round < 3; round++) {
            target.indicate(conn, data);
            lab.settle();
            while (target.lastVerdict == OffloadStatus.SUCCESS) {
                data = Recorder.bytes(3, 4096);
                target.indicate(conn, data);
                lab.settle();
            }
            assertThat(target.lastVerdict).isEqualTo(OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED);
            mine.read(RECEIVE_BUFFER);
            lab.settle();
        }
        assertThat(conn.receivesPosted).isEqualTo(3);
        assertThat(target.nested).isZero();
    }

    @Test
    @Rule("H-37")
    void aGracefulDisconnectIsOneListWithOneEmptyNetBufferBehindAllSends() {
        send(5, 100);
        connection.shutdownOutput();
        lab.settle();
        assertThat(target.calls).containsExactly("send", "disconnect 1");
        emptyWithOneNetBuffer(conn.disconnects.get(0));
    }

    @Test
    @Rule("H-37")
    void anAbortiveDisconnectIsOneListWithOneEmptyNetBuffer() {
        connection.abort();
        lab.settle();
        assertThat(target.calls).containsExactly("disconnect 2");
        emptyWithOneNetBuffer(conn.disconnects.get(0));
        target.completeDisconnect(conn, OffloadStatus.SUCCESS);
        lab.settle();
        theirs.connection.abort();
    }

    @Test
    @Rule({"H-37", "H-43"})
    void theReceiveThatRestartsIndicationsIsOneListWithOneNetBufferWithoutRoom() {
        target.indicate(conn, new byte[4096]);
        target.indicate(conn, new byte[4096]);
        target.indicate(conn, new byte[1]);
        lab.settle();
        assertThat(target.calls).isEmpty();
        mine.read(RECEIVE_BUFFER);
        assertThat(target.calls).containsExactly("receive");
        emptyWithOneNetBuffer(target.lastReceive);
    }

    @Test
    @Rule("H-38")
    void whatWasNotSentIsQueuedAgainBeforeWhatCameLater() {
        send(6, 1000);
        lab.settle();
        send(7, 1000);
        lab.settle();
        target.completeSend(conn, OffloadStatus.SUCCESS);
        target.completeSend(conn, OffloadStatus.UPLOAD_IN_PROGRESS);
        lab.settle();
        send(8, 500);
        lab.pass(ChimneyLab.millis(2000));
        assertThat(connection.offloaded()).isFalse();
        byte[] rest = join(Recorder.bytes(7, 1000), Recorder.bytes(8, 500));
        // The first thousand are acknowledged for the target; the peer never saw them.
        assertThat(lab.stack.held().get("sendBuffers")).isPositive();
        assertThat(connection.sendRoom()).isLessThanOrEqualTo(262_144 - rest.length);
        theirs.connection.abort();
        lab.settle();
        connection.abort();
    }

    @Test
    @Rule("H-38")
    void whatAResetCutOffIsDropped() {
        send(9, 1000);
        lab.settle();
        target.completeSend(conn, OffloadStatus.REQUEST_ABORTED);
        lab.settle();
        assertThat(lab.stack.held().get("sendBuffers")).as("dropped at once").isZero();
        assertThat(connection.offloaded()).as("no reason to take it back yet").isTrue();
        conn.state = TcpState.CLOSED.code();
        target.event(conn, TcpEvent.ABORT, 0);
        lab.pass(ChimneyLab.millis(2000));
        assertThat(mine.closed).isEqualTo("connection reset by peer");
        assertThat(theirs.received.size()).isZero();
        theirs.connection.abort();
    }

    @Test
    @Rule("H-39")
    void bothStatusesOfADriverThatCannotSendMakeTheHostDoIt() {
        OffloadStatus[] statuses = {OffloadStatus.REQUEST_UPLOAD, OffloadStatus.UPLOAD_REQUESTED};
        int sent = 0;
        for (OffloadStatus status : statuses) {
            send(10, 700);
            sent += 700;
            lab.settle();
            target.completeSend(target.conn(), status);
            lab.settle();
            assertThat(connection.offloaded()).as("%s", status).isFalse();
            assertThat(theirs.received.size()).as("%s", status).isEqualTo(sent);
            connection.offload();
            lab.settle();
            assertThat(connection.offloaded()).isTrue();
        }
    }

    @Test
    @Rule("H-40")
    void aDisconnectThatFailedIsNeverIssuedAgain() {
        connection.shutdownOutput();
        lab.settle();
        target.completeDisconnect(conn, OffloadStatus.REQUEST_ABORTED);
        lab.settle();
        // Anything that makes the stack look at the connection again.
        target.indicate(conn, new byte[100]);
        lab.settle();
        mine.read(100);
        connection.shutdownOutput();
        lab.pass(ChimneyLab.millis(1000));
        assertThat(conn.disconnectFlags).containsExactly(1);
        conn.state = TcpState.CLOSED.code();
        target.event(conn, TcpEvent.ABORT, 0);
        lab.settle();
        assertThat(conn.disconnectFlags).containsExactly(1);
        theirs.connection.abort();
    }

    @Test
    @Rule({"H-41", "H-42"})
    void whatIsAcceptedIsConsumedWholeAndReturnedWhatIsRefusedIsNeither() {
        target.indicate(conn, Recorder.bytes(11, 4096));
        lab.settle();
        assertThat(target.lastConsumed).isEqualTo(4096);
        target.indicate(conn, Recorder.bytes(12, 4096));
        target.indicate(conn, Recorder.bytes(13, 4096));
        lab.settle();
        assertThat(target.lastVerdict).isEqualTo(OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED);
        assertThat(target.lastConsumed).isZero();
        mine.read(10_000);
        lab.settle();
        assertThat(mine.received.toByteArray())
                .isEqualTo(join(Recorder.bytes(11, 4096), Recorder.bytes(12, 4096)));
        assertThat(target.returned).as("the two that were accepted").isEqualTo(2);
        connection.upload();
        lab.settle();
        assertThat(target.returned).isEqualTo(2);
    }

    @Test
    @Rule({"H-41", "H-42"})
    void dataForNobodyIsConsumedWholeAndReturnedAtOnce() {
        connection.close();
        target.indicate(conn, new byte[321]);
        lab.settle();
        assertThat(target.lastVerdict).isEqualTo(OffloadStatus.SUCCESS);
        assertThat(target.lastConsumed).isEqualTo(321);
        assertThat(target.returned).isEqualTo(1);
    }
}
