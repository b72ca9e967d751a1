// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.host.Rule;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is said of congestion to the peer, and what of the peer's word is heeded (RFC 3168). */
class EcnTest {
    private final Ecn ecn = new Ecn();
    private final Segment segment = new Segment();

    @BeforeEach
    void agree() {
        segment.flags = TcpFlags.SYN | TcpFlags.ECE | TcpFlags.CWR;
        ecn.agree(segment, false);
        assertThat(ecn.agreed).isTrue();
        segment.flags = TcpFlags.ACK;
    }

    @Test
    @Rule("3168/6.1.1")
    void aSynThatAsksIsAnsweredAndAnAnswerCountsOnlyIfWeAsked() {
        assertThat(ecn.handshakeFlags(true, false)).isEqualTo(TcpFlags.ECE);
        assertThat(ecn.handshakeFlags(false, true)).isEqualTo(TcpFlags.ECE | TcpFlags.CWR);
        assertThat(ecn.handshakeFlags(false, false)).isZero();
        segment.flags = TcpFlags.SYN | TcpFlags.ACK | TcpFlags.ECE;
        ecn.agree(segment, false);
        assertThat(ecn.agreed).isFalse();
        ecn.agree(segment, true);
        assertThat(ecn.agreed).isTrue();
        segment.flags |= TcpFlags.CWR;
        ecn.agree(segment, true);
        assertThat(ecn.agreed).as("a reflected SYN").isFalse();
        segment.flags = TcpFlags.SYN | TcpFlags.ECE;
        ecn.agree(segment, false);
        assertThat(ecn.agreed).isFalse();
        assertThat(ecn.handshakeFlags(true, false)).isZero();
    }

    @Test
    @Rule("3168/6.1.3")
    void aMarkIsToldByEveryAckUntilThePeerSaysThatItHeard() {
        assertThat(ecn.flags(false)).isZero();
        segment.marked = true;
        ecn.received(segment);
        segment.marked = false;
        ecn.received(segment);
        assertThat(ecn.flags(false)).isEqualTo(TcpFlags.ECE);
        assertThat(ecn.flags(true)).isEqualTo(TcpFlags.ECE);
        segment.flags |= TcpFlags.CWR;
        ecn.received(segment);
        assertThat(ecn.flags(false)).isZero();
        segment.marked = true;
        ecn.received(segment);
        assertThat(ecn.flags(false)).as("marked again").isEqualTo(TcpFlags.ECE);
    }

    @Test
    @Rule("3168/6.1.2")
    void aCutIsToldOnceWithNewDataAndTheNextOneWaitsForAWindow() {
        segment.flags |= TcpFlags.ECE;
        segment.ack = 1000;
        assertThat(ecn.due(segment)).isTrue();
        ecn.cut(5000);
        assertThat(ecn.flags(false)).isZero();
        assertThat(ecn.flags(true)).isEqualTo(TcpFlags.CWR);
        assertThat(ecn.flags(true)).isZero();
        segment.ack = 5000;
        assertThat(ecn.due(segment)).isFalse();
        segment.ack = 5001;
        assertThat(ecn.due(segment)).isTrue();
    }

    @Test
    @Rule({"3168/6.1.4", "3168/6.1.5"})
    void onlyNewDataMayBeMarked() {
        assertThat(ecn.dress(0xff, true)).isEqualTo(0xfc | Ecn.CAPABLE);
        assertThat(ecn.dress(0xff, false)).isEqualTo(0xfc);
    }

    @Test
    @Rule("3168/6.1.2")
    void anEchoedMarkCutsTheWindowOfAConnection() {
        try (Talk talk = new Talk(Talk.SACK)) {
            talk.tcp.ecn.agreed = true;
            talk.write(10 * Talk.MSS);
            assertThat(talk.sentAt()).hasSize(10);
            int cwnd = talk.tcp.congestion.cwnd;
            talk.flags = TcpFlags.ECE;
            talk.ack(Talk.MSS);
            assertThat(talk.tcp.congestion.cwnd).isLessThan(cwnd);
            int cut = talk.tcp.congestion.cwnd;
            talk.ack(2 * Talk.MSS);
            assertThat(talk.tcp.congestion.ssthresh).as("once").isEqualTo(cut);
            talk.flags = 0;
            talk.ack(10 * Talk.MSS);
            talk.write(20 * Talk.MSS);
            assertThat(talk.sentAt()).as("nothing is sent again").doesNotContain(2 * Talk.MSS);
            assertThat(talk.tcp.ecn.tells).as("told with the new data").isFalse();
        }
    }
}
