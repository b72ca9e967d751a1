// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static dev.flue.host.tcp.TcpFlags.ACK;
import static dev.flue.host.tcp.TcpFlags.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.ConnectionProblem;
import dev.flue.data.OffloadConnection;
import dev.flue.host.HostStackConfig;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.ip.Checksum;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes wrong on the way: whom it ends, and who hears of it. */
@ParameterizedClass
@EnumSource(Ip.class)
class ProblemTest {
    private static final long SECOND = 1_000_000_000L;
    private static final byte[] NONE = {};

    /** Type and code of messages that are of no lasting meaning, and what they say. */
    private static final List<Object[]> SOFT_4 =
            List.of(
                    new Object[] {3, 0, ConnectionProblem.NETWORK_UNREACHABLE},
                    new Object[] {3, 1, ConnectionProblem.HOST_UNREACHABLE},
                    new Object[] {3, 5, ConnectionProblem.SOURCE_ROUTE_FAILED},
                    new Object[] {3, 13, ConnectionProblem.PROHIBITED},
                    new Object[] {11, 0, ConnectionProblem.TIME_EXCEEDED},
                    new Object[] {11, 1, ConnectionProblem.REASSEMBLY_TIME_EXCEEDED},
                    new Object[] {12, 0, ConnectionProblem.PARAMETER_PROBLEM});

    private static final List<Object[]> SOFT_6 =
            List.of(
                    new Object[] {1, 0, ConnectionProblem.NETWORK_UNREACHABLE},
                    new Object[] {1, 1, ConnectionProblem.PROHIBITED},
                    new Object[] {1, 3, ConnectionProblem.HOST_UNREACHABLE},
                    new Object[] {3, 0, ConnectionProblem.TIME_EXCEEDED},
                    new Object[] {3, 1, ConnectionProblem.REASSEMBLY_TIME_EXCEEDED},
                    new Object[] {4, 0, ConnectionProblem.PARAMETER_PROBLEM});

    /** Keeps the problems it hears of. */
    private static final class Listening extends Recorder {
        final List<ConnectionProblem> problems = new ArrayList<>();

        @Override
        public void onProblem(OffloadConnection connection, ConnectionProblem problem) {
            problems.add(problem);
        }
    }

    private final Ip version;
    private RawPeer peer;
    private final Listening handler = new Listening();

    /** Sequence number of the SYN. */
    private int iss;

    ProblemTest(Ip version) {
        this.version = version;
        peer = new RawPeer(version);
    }

    @AfterEach
    void close() {
        peer.close();
    }

    private List<Object[]> soft() {
        return version == Ip.V4 ? SOFT_4 : SOFT_6;
    }

    private OffloadConnection opening() {
        OffloadConnection c = peer.stack.connect(peer.remote, RawPeer.PEER_PORT, handler);
        iss = peer.one().seq();
        return c;
    }

    private OffloadConnection open() {
        OffloadConnection c = opening();
        peer.send(c.localPort(), 500, iss + 1, SYN | ACK, "");
        peer.segments.clear();
        return c;
    }

    /** An ICMP error about a segment of the stack. */
    private void error(int type, int code, int port, int sequence) {
        byte[] tcp = peer.segment(port, RawPeer.PEER_PORT, sequence, 0, ACK, 0, NONE, NONE);
        byte[] quoted = RawPeer.ip(peer.local, peer.remote, 6, tcp);
        ByteBuffer b = ByteBuffer.allocate(8 + quoted.length).order(ByteOrder.LITTLE_ENDIAN);
        b.put(0, (byte) type).put(1, (byte) code).put(8, quoted);
        if (version == Ip.V4) {
            b.putShort(2, Checksum.finish(Checksum.add(0, b, 0, b.capacity())));
        } else {
            RawPeer.icmp6(peer.remote, peer.local, b.array());
        }
        int protocol = version == Ip.V4 ? 1 : 58;
        peer.packet(RawPeer.ip(peer.remote, peer.local, protocol, b.array()));
    }

    @Test
    @Rule({"9293/MUST-47", "9293/MUST-54", "9293/MUST-56", "9293/SHLD-25"})
    void softErrorsAreToldAndEndNeitherAnOpenNorAConnection() {
        OffloadConnection c = opening();
        List<ConnectionProblem> expected = new ArrayList<>();
        for (Object[] each : soft()) {
            error((int) each[0], (int) each[1], c.localPort(), iss);
            expected.add((ConnectionProblem) each[2]);
            assertThat(handler.problems).isEqualTo(expected);
        }
        assertThat(c.state()).isEqualTo(TcpState.SYN_SENT);
        peer.send(c.localPort(), 500, iss + 1, SYN | ACK, "");
        c.send(ByteBuffer.allocate(10));
        peer.settle();
        peer.segments.clear();
        for (Object[] each : soft()) {
            error((int) each[0], (int) each[1], c.localPort(), iss + 1);
            expected.add((ConnectionProblem) each[2]);
            assertThat(handler.problems).isEqualTo(expected);
        }
        assertThat(c.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(handler.closed).isNull();
        peer.silent();
    }

    @Test
    @Rule("9293/MUST-54")
    void errorsAboutSegmentsThatAreNotUnderWayAreNotBelieved() {
        OffloadConnection c = open();
        c.send(ByteBuffer.allocate(10));
        peer.settle();
        peer.segments.clear();
        for (Object[] each : soft()) {
            error((int) each[0], (int) each[1], c.localPort(), iss);
            error((int) each[0], (int) each[1], c.localPort(), iss + 12);
            error((int) each[0], (int) each[1], c.localPort() + 1, iss + 1);
        }
        assertThat(handler.problems).isEmpty();
    }

    @Test
    @Rule("9293/SHLD-26")
    void aHardErrorEndsAnOpenAndIsToldToAConnectionThatStands() {
        int[] port = version == Ip.V4 ? new int[] {3, 3} : new int[] {1, 4};
        int[] protocol = version == Ip.V4 ? new int[] {3, 2} : new int[] {4, 1};
        for (int[] hard : List.of(port, protocol)) {
            Listening refused = new Listening();
            OffloadConnection c = peer.stack.connect(peer.remote, RawPeer.PEER_PORT, refused);
            error(hard[0], hard[1], c.localPort(), peer.one().seq());
            assertThat(refused.closed).isEqualTo("connection refused");
            assertThat(c.state()).isEqualTo(TcpState.CLOSED);
        }
        OffloadConnection c = open();
        c.send(ByteBuffer.allocate(10));
        peer.settle();
        peer.segments.clear();
        error(port[0], port[1], c.localPort(), iss + 1);
        error(protocol[0], protocol[1], c.localPort(), iss + 1);
        assertThat(handler.problems)
                .containsExactly(
                        ConnectionProblem.PORT_UNREACHABLE, ConnectionProblem.PROTOCOL_UNREACHABLE);
        assertThat(c.state()).isEqualTo(TcpState.ESTABLISHED);
    }

    @Test
    @Rule("9293/MUST-55")
    void sourceQuenchChangesNothing() {
        OffloadConnection c = open();
        c.send(ByteBuffer.allocate(1200));
        peer.settle();
        peer.segments.clear();
        for (int i = 0; i < 10; i++) {
            error(4, 0, c.localPort() + (version == Ip.V4 ? 0 : 1), iss + 1);
        }
        assertThat(handler.problems).isEmpty();
        peer.silent();
        // The congestion window is what it was: all of this goes out at once.
        c.send(ByteBuffer.allocate(1200));
        peer.settle();
        assertThat(peer.segments.stream().mapToInt(s -> s.payload().length).sum()).isEqualTo(1200);
        peer.segments.clear();
    }

    @Test
    @Rule({"9293/MUST-47", "9293/SHLD-20"})
    void anApplicationThatDoesNotWantToHearOfProblemsDoesNot() {
        OffloadConnection c = opening();
        c.options().problemReports(false);
        Object[] each = soft().get(0);
        error((int) each[0], (int) each[1], c.localPort(), iss);
        assertThat(handler.problems).isEmpty();
        c.options().problemReports(true);
        error((int) each[0], (int) each[1], c.localPort(), iss);
        assertThat(handler.problems).hasSize(1);
    }

    /** Questions about the peer's MAC address that the stack asked. */
    private long questions() {
        return peer.others.stream()
                .filter(f -> version == Ip.V4 ? f[12] == 8 && f[13] == 6 : f[54] == (byte) 135)
                .count();
    }

    @Test
    @Rule({"9293/MUST-20", "9293/SHLD-9", "9293/SHLD-10", "9293/SHLD-11"})
    void afterThreeRetransmissionsIpIsAskedAndTheApplicationToldAndItEndsNotBefore100Seconds() {
        OffloadConnection c = open();
        peer.answerArp = false;
        c.send(ByteBuffer.allocate(10));
        peer.settle();
        peer.others.clear();
        while (peer.segments.size() < 3) {
            peer.pass(SECOND / 10);
        }
        assertThat(questions()).isZero();
        assertThat(handler.problems).isEmpty();
        while (peer.segments.size() < 4) {
            peer.pass(SECOND / 10);
        }
        assertThat(handler.problems).containsExactly(ConnectionProblem.NO_ACKNOWLEDGMENT);
        assertThat(questions()).isEqualTo(1);
        peer.pass(95 * SECOND);
        assertThat(handler.closed).isNull();
        peer.pass(2_000 * SECOND);
        assertThat(handler.closed).isEqualTo("timed out");
        peer.segments.clear();
    }

    @Test
    @Rule("9293/SHLD-11")
    void aFastTimerDoesNotGiveUpSooner() {
        peer.close();
        HostStackConfig config =
                HostStackConfig.builder()
                        .address(version.first)
                        .detectDuplicates(false)
                        .rtoMinNanos(SECOND / 1000)
                        .maxConnections(4)
                        .build();
        peer = new RawPeer(version, config);
        peer.settle();
        peer.segments.clear();
        OffloadConnection c = open();
        c.send(ByteBuffer.allocate(10));
        peer.pass(99 * SECOND);
        assertThat(handler.closed).isNull();
        peer.pass(500 * SECOND);
        assertThat(handler.closed).isEqualTo("timed out");
        peer.segments.clear();
    }

    @Test
    @Rule({"9293/MUST-22", "9293/MUST-23"})
    void aSynThatNobodyAnswersIsToldOfAndGivenUpAfterThreeMinutes() {
        OffloadConnection c = opening();
        peer.answerArp = false;
        peer.others.clear();
        while (peer.segments.size() < 3) {
            assertThat(handler.problems).isEmpty();
            peer.pass(SECOND / 10);
        }
        assertThat(handler.problems).containsExactly(ConnectionProblem.NO_ACKNOWLEDGMENT);
        assertThat(questions()).isPositive();
        peer.pass(170 * SECOND);
        assertThat(c.state()).isEqualTo(TcpState.SYN_SENT);
        peer.pass(300 * SECOND);
        assertThat(handler.closed).isEqualTo("timed out");
        peer.segments.clear();
    }

    @Test
    @Rule({"9293/MUST-22", "9293/MUST-23"})
    void anActiveOpenThatMetASynIsGivenUpAfterThreeMinutesToo() {
        OffloadConnection c = opening();
        peer.send(c.localPort(), 500, 0, SYN, "");
        assertThat(c.state()).isEqualTo(TcpState.SYN_RCVD);
        peer.pass(175 * SECOND);
        assertThat(c.state()).isEqualTo(TcpState.SYN_RCVD);
        peer.pass(300 * SECOND);
        assertThat(handler.closed).isEqualTo("timed out");
        peer.segments.clear();
    }
}
