// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.ConnectionInfo;
import dev.flue.host.Ip;
import dev.flue.host.OffloadTreeNode;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Sending, receiving, closing and looking, while the target has the connection. */
@ParameterizedClass
@EnumSource(Ip.class)
class TargetDataTest {
    private static final int RECEIVE_BUFFER = 8192;

    private final ChimneyLab lab = new ChimneyLab(config -> config.receiveBuffer(RECEIVE_BUFFER));
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private OffloadConnection connection;
    private TargetConn conn;
    private final Ip ip;

    TargetDataTest(Ip ip) {
        this.ip = ip;
        lab.version = ip;
    }

    @BeforeEach
    void offloaded() {
        connection = lab.connect(mine, theirs, 80);
        conn = target.conn();
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    @Test
    void sendsOfOneTurnGoDownTogetherAndAreFreedWhenAcknowledged() {
        connection.send(ByteBuffer.wrap(Recorder.bytes(1, 100)));
        connection.send(ByteBuffer.wrap(Recorder.bytes(2, 100)));
        lab.settle();
        assertThat(target.calls).containsExactly("send");
        assertThat(conn.sends).hasSize(1);
        assertThat(conn.sendBytes()).hasSize(200);
        connection.send(ByteBuffer.wrap(Recorder.bytes(3, 100)));
        lab.settle();
        assertThat(conn.sends).as("what was lent is not appended to").hasSize(2);
        target.completeSend(conn, OffloadStatus.SUCCESS);
        target.completeSend(conn, OffloadStatus.SUCCESS);
        lab.settle();
        assertThat(lab.stack.held().get("sendBuffers")).isZero();
        assertThat(connection.sendRoom()).isEqualTo(262_144);
    }

    @Test
    void aFullSendQueueTellsWhenThereIsRoom() {
        mine.sending(Recorder.bytes(4, 400_000), false);
        lab.settle();
        assertThat(mine.allTaken()).isFalse();
        while (!conn.sends.isEmpty()) {
            target.completeSend(conn, OffloadStatus.SUCCESS);
            lab.settle();
        }
        assertThat(mine.allTaken()).isTrue();
    }

    @Test
    @Rule({"H-41", "H-42"})
    void indicatedDataIsReadWhereItLiesAndThenReturned() {
        mine.appetite = 0;
        target.indicate(conn, Recorder.bytes(5, 1000));
        target.indicate(conn, Recorder.bytes(6, 500));
        lab.settle();
        assertThat(connection.available()).isEqualTo(1500);
        assertThat(target.returned).isZero();
        mine.read(1200);
        lab.settle();
        assertThat(target.returned).isEqualTo(1);
        mine.read(1200);
        lab.settle();
        assertThat(target.returned).isEqualTo(2);
        byte[] first = Recorder.bytes(5, 1000);
        assertThat(mine.received.toByteArray()).startsWith(first).endsWith(Recorder.bytes(6, 500));
    }

    @Test
    @Rule({"H-42", "H-43"})
    void aFullApplicationRefusesAndAsksAgainWhenItHasReadHalf() {
        mine.appetite = 0;
        for (int i = 0; i < 2; i++) {
            target.indicate(conn, Recorder.bytes(i, 4096));
        }
        lab.settle();
        target.indicate(conn, Recorder.bytes(7, 100));
        lab.settle();
        assertThat(target.lastVerdict).isEqualTo(OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED);
        mine.read(4096);
        assertThat(conn.receivesPosted).as("half is still unread").isZero();
        mine.read(1);
        assertThat(conn.receivesPosted).isEqualTo(1);
        mine.read(1000);
        assertThat(conn.receivesPosted).as("asked once").isEqualTo(1);
        lab.settle();
        assertThat(lab.stack.held().get("records")).isZero();
    }

    @Test
    void unreadDataOfTheHostComesBeforeWhatTheTargetIndicates() {
        // Back to the host: the peer's data is received here, not read, and offloaded again.
        connection.upload();
        lab.settle();
        mine.appetite = 0;
        theirs.sending(Recorder.bytes(8, 2000), false);
        lab.settle();
        assertThat(connection.available()).isEqualTo(2000);
        connection.offload();
        lab.settle();
        assertThat(connection.offloaded()).isTrue();
        target.indicate(target.conn(), Recorder.bytes(9, 300));
        lab.settle();
        mine.read(Integer.MAX_VALUE);
        byte[] all = mine.received.toByteArray();
        assertThat(all).hasSize(2300).startsWith(Recorder.bytes(8, 2000));
        assertThat(all).endsWith(Recorder.bytes(9, 300));
    }

    @Test
    void straySegmentsAreForwarded() {
        theirs.sending(Recorder.bytes(10, 100), false);
        lab.settle();
        assertThat(conn.forwarded).hasSize(1);
        assertThat(mine.received.size()).isZero();
    }

    @Test
    @Rule({"H-37", "H-30"})
    void bothFinsThroughTheTargetBringItBackAndCloseIt() {
        mine.echoEnd = false;
        connection.shutdownOutput();
        lab.settle();
        assertThat(conn.disconnectFlags).containsExactly(1);
        assertThat(connection.state()).isEqualTo(TcpState.FIN_WAIT1);
        target.completeDisconnect(conn, OffloadStatus.SUCCESS);
        lab.settle();
        assertThat(connection.state()).isEqualTo(TcpState.FIN_WAIT2);
        conn.state = TcpState.TIME_WAIT.code();
        conn.sndUna += 1;
        conn.sndNxt = conn.sndUna;
        conn.sndMax = conn.sndUna;
        conn.rcvNxt += 1;
        conn.extFlags = 1 | 4;
        target.event(conn, TcpEvent.DISCONNECT, 0);
        lab.settle();
        assertThat(mine.ended).isTrue();
        assertThat(connection.state()).isEqualTo(TcpState.TIME_WAIT);
        assertThat(mine.closed).isEmpty();
        assertThat(target.objects).isEmpty();
    }

    @Test
    void thePeerClosesFirst() {
        target.event(conn, TcpEvent.DISCONNECT, 0);
        lab.settle();
        assertThat(mine.ended).isTrue();
        assertThat(connection.state()).isEqualTo(TcpState.LAST_ACK);
        assertThat(conn.disconnectFlags).containsExactly(1);
        conn.state = TcpState.CLOSED.code();
        conn.extFlags = 1 | 4;
        target.completeDisconnect(conn, OffloadStatus.SUCCESS);
        lab.settle();
        assertThat(mine.closed).isEmpty();
        assertThat(lab.stack.connectionCount()).isZero();
        // The peer's side of it never saw a FIN of ours: the target is not real.
        theirs.connection.abort();
    }

    @Test
    @Rule({"H-30", "T-131"})
    void aResetOfThePeerEndsItAndItsObjectsAreTerminated() {
        connection.send(ByteBuffer.wrap(new byte[500]));
        lab.settle();
        target.completeSend(conn, OffloadStatus.REQUEST_ABORTED);
        target.event(conn, TcpEvent.ABORT, 0);
        conn.state = TcpState.CLOSED.code();
        lab.settle();
        assertThat(mine.closed).isEqualTo("connection reset by peer");
        assertThat(target.shapes.get(1)).isEqualTo("terminate N(named P(named T(named)))");
        assertThat(lab.stack.held().get("sendBuffers")).isZero();
        theirs.connection.abort();
    }

    @Test
    @Rule("H-37")
    void abortIsAnAbortiveDisconnectAndThenATerminate() {
        connection.send(ByteBuffer.wrap(new byte[500]));
        lab.settle();
        connection.abort();
        lab.settle();
        assertThat(conn.disconnectFlags).containsExactly(2);
        assertThat(mine.closed).isEqualTo("aborted");
        assertThat(target.shapes).as("not before the disconnect is done").hasSize(1);
        target.completeSend(conn, OffloadStatus.REQUEST_ABORTED);
        target.completeDisconnect(conn, OffloadStatus.SUCCESS);
        lab.settle();
        assertThat(target.shapes).hasSize(2);
        assertThat(lab.stack.connectionCount()).isZero();
        theirs.connection.abort();
    }

    @Test
    void aClosedConnectionTakesIndicationsAndGivesThemBackAtOnce() {
        connection.close();
        target.indicate(conn, Recorder.bytes(11, 1000));
        lab.settle();
        assertThat(target.lastVerdict).isEqualTo(OffloadStatus.SUCCESS);
        assertThat(target.returned).isEqualTo(1);
        assertThat(conn.disconnectFlags).containsExactly(1);
    }

    @Test
    void aClosedConnectionDoesNotWaitForEverForThePeersFin() {
        connection.close();
        lab.settle();
        target.completeDisconnect(conn, OffloadStatus.SUCCESS);
        conn.state = TcpState.FIN_WAIT2.code();
        conn.extFlags = 1;
        conn.sndUna += 1;
        conn.sndNxt = conn.sndUna;
        conn.sndMax = conn.sndUna;
        lab.pass(ChimneyLab.millis(119_000));
        assertThat(mine.closed).isNull();
        assertThat(connection.offloaded()).isTrue();
        lab.pass(ChimneyLab.millis(2_000));
        assertThat(mine.closed).isEmpty();
        assertThat(lab.stack.connectionCount()).isZero();
        theirs.connection.abort();
    }

    @Test
    void closingTheStackBringsBackAndResetsWhatATargetHas() {
        mine.appetite = 0;
        target.indicate(conn, Recorder.bytes(12, 500));
        connection.send(ByteBuffer.wrap(new byte[700]));
        lab.settle();
        lab.stack.close();
        assertThat(mine.closed).isEqualTo("aborted");
        assertThat(target.objects).isEmpty();
        assertThat(target.lists.indications.held()).isZero();
        lab.settle();
        assertThat(theirs.closed).isEqualTo("connection reset by peer");
    }

    @Test
    void aQueryTellsWhatTheTargetKnows() {
        List<ConnectionInfo> infos = new ArrayList<>();
        lab.connect(new Recorder(), new Recorder(), 81);
        lab.stack.query(infos::addAll);
        assertThat(infos).isEmpty();
        lab.settle();
        assertThat(infos).hasSize(2);
        assertThat(target.shapes).contains("query N(named P(named T(named) T(named)))");
        ConnectionInfo info =
                infos.stream().filter(each -> each.remotePort() == 80).findFirst().orElseThrow();
        assertThat(info.offloaded()).isTrue();
        assertThat(info.tcpToken()).isNotZero();
        assertThat(info.reachableAgoMillis()).isEqualTo(target.control.nicReachabilityDelta);
        assertThat(info.pathMtu()).isEqualTo(target.control.pathMtu);
        assertThat(info.bytesIn()).isEqualTo(777);
        assertThat(info.bytesOut()).isEqualTo(888);
        assertThat(info.retransmits()).isEqualTo(3);
        assertThat(info.srttMicros()).isEqualTo(10_500);
        assertThat(info.cwnd()).isEqualTo(40_000);
    }

    @Test
    void manyConnectionsAreQueriedSixtyFourAtATime() {
        for (int i = 0; i < 70; i++) {
            lab.connect(new Recorder(), new Recorder(), 100 + i);
        }
        List<ConnectionInfo> infos = new ArrayList<>();
        lab.stack.query(infos::addAll);
        lab.settle();
        assertThat(infos).hasSize(71).allMatch(ConnectionInfo::offloaded);
        List<String> shapes = target.shapes.stream().filter(s -> s.startsWith("query")).toList();
        assertThat(shapes).hasSize(2);
        assertThat(shapes.get(0).split("T\\(named")).hasSize(65);
        assertThat(shapes).allMatch(shape -> shape.startsWith("query N(named P(named T(named)"));
    }

    @Test
    @Rule("H-18")
    void aConnectionThatCannotBeQueriedComesBack() {
        target.queryStatus = OffloadStatus.FAILURE;
        lab.stack.query(infos -> {});
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("queried");
    }

    @Test
    void theTreeShowsWhatHangsOnWhat() {
        OffloadTreeNode neighbor = lab.stack.offloadTree().get(0);
        assertThat(neighbor.kind()).isEqualTo("neighbor");
        assertThat(neighbor.name()).contains(ip.second.toString()).contains("02:00:00:00:00:02");
        assertThat(neighbor.token()).isNotZero();
        OffloadTreeNode path = neighbor.dependents().get(0);
        assertThat(path.name()).isEqualTo(ip.second + " mtu 1500");
        assertThat(path.dependents().get(0).token()).isNotZero();
        assertThat(path.dependents().get(0).state()).isEqualTo("offloaded");
    }
}
