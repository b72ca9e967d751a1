// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Two stacks talk over a link that loses nothing, over both versions of IP. */
@ParameterizedClass
@EnumSource(Ip.class)
class ConnectionTest {
    private static final Map<Ip, List<String>> UNREACHABLE =
            Map.of(
                    Ip.V4, List.of("10.0.0.1", "224.0.0.1", "198.18.0.255", "2001:db8::2"),
                    Ip.V6, List.of("2001:db8:1::1", "ff02::1", "::", "198.18.0.2"));

    private final Ip version;
    private final Lab lab;
    private final Recorder client = new Recorder();
    private final Recorder server = new Recorder();

    ConnectionTest(Ip version) {
        this.version = version;
        this.lab = new Lab(version);
    }

    @AfterEach
    void nothingIsHeldAndAllIsClosed() {
        lab.close();
    }

    /** Frames before: who has which MAC address, and over IPv6 who is in which group. */
    private int firstSyn() {
        return version == Ip.V4 ? 2 : 4;
    }

    private OffloadConnection open() {
        lab.server.listen(Lab.PORT, 8, () -> server);
        OffloadConnection connection = lab.connect(client);
        lab.until(() -> client.connects == 1 && server.connects == 1);
        return connection;
    }

    @Test
    void aHandshakeTellsBothSidesOnce() {
        OffloadConnection connection = open();
        assertThat(connection.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(server.connection.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(server.connection.remotePort()).isEqualTo(connection.localPort());
        assertThat(server.connection.remoteAddress()).isEqualTo(version.first);
        assertThat(connection.offloadCause()).contains("memory link");
        assertThat(lab.client.counters().tcp.retransmits).isZero();
        // SYN, SYN,ACK, ACK, and who has which MAC address.
        assertThat(lab.framesSent()).isEqualTo(5);
    }

    @Test
    void bulkDataBothWaysArrivesByteForByteWithoutRetransmission() {
        byte[] up = Recorder.bytes(1, 3_000_000);
        byte[] down = Recorder.bytes(2, 2_000_000);
        client.sending(up, true);
        server.sending(down, true);
        open();
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(server.received.toByteArray()).isEqualTo(up);
        assertThat(client.received.toByteArray()).isEqualTo(down);
        assertThat(client.closed).isEmpty();
        assertThat(server.closed).isEmpty();
        for (UserHostStack stack : List.of(lab.client, lab.server)) {
            assertThat(stack.counters().tcp.retransmits).isZero();
            assertThat(stack.counters().tcp.outOfOrder).isZero();
            assertThat(stack.counters().tcp.duplicateAcksIn).isZero();
        }
    }

    @Test
    void theSideThatClosesFirstWaitsAndTheOtherIsGone() {
        OffloadConnection connection = open();
        connection.shutdownOutput();
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(connection.state()).isEqualTo(TcpState.TIME_WAIT);
        assertThat(lab.client.connectionCount()).isZero();
        assertThat(server.connection.state()).isEqualTo(TcpState.CLOSED);
        lab.pass(Lab.seconds(61));
        assertThat(connection.state()).isEqualTo(TcpState.CLOSED);
    }

    @Test
    void halfCloseLetsTheOtherSideGoOnSending() {
        server.echoEnd = false;
        open().shutdownOutput();
        lab.until(() -> server.ended);
        lab.settle();
        assertThat(client.connection.state()).isEqualTo(TcpState.FIN_WAIT2);
        assertThat(server.connection.state()).isEqualTo(TcpState.CLOSE_WAIT);
        byte[] late = Recorder.bytes(3, 100_000);
        server.sending(late, true);
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(client.received.toByteArray()).isEqualTo(late);
    }

    @Test
    void simultaneousCloseEndsInTimeWaitOnBothSides() {
        open();
        lab.link.delay(Lab.millis(5), Lab.millis(5));
        client.connection.shutdownOutput();
        server.connection.shutdownOutput();
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(client.connection.state()).isEqualTo(TcpState.TIME_WAIT);
        assertThat(server.connection.state()).isEqualTo(TcpState.TIME_WAIT);
        assertThat(client.closed + server.closed).isEmpty();
    }

    @Test
    @Rule("9293/SHLD-3")
    void closeThrowsAwayWhatStillComesAndThePeerHearsOfIt() {
        open();
        client.connection.close();
        server.echoEnd = false;
        server.sending(Recorder.bytes(4, 500_000), true);
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(client.received.size()).isZero();
        assertThat(client.closed).isEmpty();
        assertThat(server.closed).isEqualTo("connection reset by peer");
    }

    @Test
    @Rule("9293/SHLD-3")
    void closeWithUnreadDataResetsThePeerAfterItHasEverything() {
        client.appetite = 0;
        open();
        server.echoEnd = false;
        server.sending(new byte[100], false);
        lab.until(() -> client.connection.available() == 100);
        byte[] last = Recorder.bytes(9, 200_000);
        client.sending(last, false);
        client.connection.close();
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(server.received.toByteArray()).isEqualTo(last);
        assertThat(server.closed).isEqualTo("connection reset by peer");
        assertThat(client.closed).isEmpty();
    }

    @Test
    void closeWithNothingLostEndsInOrder() {
        open();
        client.connection.close();
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(client.closed + server.closed).isEmpty();
    }

    @Test
    @Rule("9293/MUST-12")
    void abortResetsThePeerOnce() {
        open();
        client.connection.abort();
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(client.closed).isEqualTo("aborted");
        assertThat(server.closed).isEqualTo("connection reset by peer");
        assertThat(lab.server.connectionCount() + lab.client.connectionCount()).isZero();
    }

    @Test
    void aConnectionResetBeforeItsHandlerHeardOfItIsOnlyToldToBeClosed() {
        lab.server.listen(Lab.PORT, 8, () -> server);
        OffloadConnection connection = lab.connect(client);
        while (connection.state() != TcpState.ESTABLISHED) {
            lab.client.doWork(lab.now);
            if (connection.state() != TcpState.ESTABLISHED) {
                lab.server.doWork(lab.now);
            }
        }
        connection.abort();
        lab.client.doWork(lab.now);
        lab.settle();
        assertThat(server.closed).isEqualTo("connection reset by peer");
        assertThat(server.connects).isZero();
    }

    @Test
    void nobodyListensAndTheConnectionIsRefused() {
        lab.connect(client);
        lab.until(() -> client.closed != null);
        assertThat(client.closed).isEqualTo("connection refused");
        assertThat(client.connects).isZero();
        assertThat(lab.server.counters().tcp.resetsOut).isEqualTo(1);
    }

    @Test
    @Rule("9293/MUST-46")
    void addressesThatNoHostHasCannotBeConnectedTo() {
        for (String address : UNREACHABLE.get(version)) {
            Recorder handler = new Recorder();
            lab.client.connect(IpAddress.of(address), 80, handler);
            lab.settle();
            assertThat(handler.closed).isEqualTo("no route to host");
        }
        assertThat(lab.framesSent()).isZero();
    }

    @Test
    @Rule("9293/MUST-23")
    void nobodyAnswersAndTheSynIsGivenUpAfterThreeMinutes() {
        lab.link.filter((from, number, frame, at, length) -> from == 1 && length <= 60);
        lab.server.listen(Lab.PORT, 8, () -> server);
        long start = lab.now;
        lab.connect(client);
        lab.link.drop(1_000_000);
        lab.until(() -> client.closed != null, Lab.seconds(400));
        assertThat(client.closed).isEqualTo("timed out");
        assertThat(lab.now - start).isGreaterThan(Lab.seconds(180));
    }

    @Test
    void aLostSynIsSentAgain() {
        lab.link.filter((from, number, frame, at, length) -> number != firstSyn());
        open();
        assertThat(lab.client.counters().tcp.retransmits).isEqualTo(1);
    }

    @Test
    void aLostSynAckIsSentAgain() {
        lab.link.filter((from, number, frame, at, length) -> number != firstSyn() + 1);
        open();
        assertThat(client.connection.state()).isEqualTo(TcpState.ESTABLISHED);
    }

    @Test
    @Rule("9293/MUST-10")
    void simultaneousOpenMakesOneConnection() {
        lab.link.delay(Lab.millis(1), Lab.millis(1));
        OffloadConnection first = lab.client.connect(version.second, 50_000, client);
        // The server's stack connects back to the port that the client's chose.
        OffloadConnection second = lab.server.connect(version.first, first.localPort(), server);
        lab.pass(Lab.seconds(1));
        assertThat(second.localPort()).isNotEqualTo(50_000);
        // Ports are the stack's choice, so they do not meet: both are refused. See TcpInputTest.
        assertThat(client.closed).isEqualTo("connection refused");
        assertThat(server.closed).isEqualTo("connection refused");
    }

    @Test
    void aSlowReaderClosesTheWindowAndTheSenderProbes() {
        server.appetite = 0;
        byte[] data = Recorder.bytes(5, 1_000_000);
        client.sending(data, true);
        open();
        lab.pass(Lab.seconds(10));
        assertThat(server.connection.available())
                .isBetween(262_144 - 1500 + version.headers(), 262_144 + 64);
        assertThat(lab.client.counters().tcp.windowProbes).isGreaterThan(2);
        server.appetite = -1;
        while (server.received.size() < data.length) {
            server.read(1000);
            lab.turn();
        }
        assertThat(server.received.toByteArray()).isEqualTo(data);
    }

    @Test
    @Rule("9293/MUST-37")
    void aWindowClosedForTenHoursKeepsTheConnection() {
        server.appetite = 0;
        client.sending(Recorder.bytes(6, 400_000), true);
        open();
        lab.pass(Lab.seconds(36_000));
        assertThat(client.closed).isNull();
        server.appetite = -1;
        server.read(Integer.MAX_VALUE);
        lab.until(() -> client.closed != null && server.closed != null);
        assertThat(server.received.size()).isEqualTo(400_000);
    }

    @Test
    void sendTakesWhatThereIsRoomForAndTellsWhenThereIsMore() {
        server.appetite = 0;
        open();
        ByteBuffer big = ByteBuffer.wrap(Recorder.bytes(7, 1_000_000));
        int taken = client.connection.send(big);
        assertThat(taken).isEqualTo(262_144);
        assertThat(client.connection.sendRoom()).isZero();
        assertThat(client.connection.send(big)).isZero();
    }

    @Test
    void sendingAfterShutdownIsMisuse() {
        open().shutdownOutput();
        assertThatThrownBy(() -> client.connection.send(ByteBuffer.allocate(1)))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void portsAreTakenOnceAndConnectionsAreBounded() {
        lab.server.listen(Lab.PORT, 8, () -> server);
        assertThatThrownBy(() -> lab.server.listen(Lab.PORT, 8, () -> server))
                .isInstanceOf(IllegalStateException.class);
        List<OffloadConnection> all = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            all.add(lab.connect(new Recorder()));
        }
        assertThatThrownBy(() -> lab.connect(client))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("64");
        assertThat(all.stream().map(OffloadConnection::localPort).distinct()).hasSize(64);
    }

    @Test
    void anIdlePairIsSilent() {
        open();
        long sent = lab.link.sent();
        lab.pass(Lab.seconds(600));
        assertThat(lab.link.sent() - sent).as("frames in ten minutes").isZero();
    }

    @Test
    void manyTimeWaitsGiveWayToNewOnes() {
        lab.server.listen(Lab.PORT, 8, () -> new Recorder());
        for (int i = 0; i < 100; i++) {
            Recorder each = new Recorder();
            OffloadConnection connection = lab.connect(each);
            lab.until(() -> each.connects == 1);
            connection.shutdownOutput();
            lab.until(() -> each.closed != null);
        }
        assertThat(lab.client.counters().tcp.timeWaitEvictions).isEqualTo(100 - 64);
    }
}
