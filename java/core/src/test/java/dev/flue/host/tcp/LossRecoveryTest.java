// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.CongestionAlgorithm;
import dev.flue.host.Rule;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the sender does with SACKs, with silence, and with what turns out to be no loss. */
class LossRecoveryTest {
    private static final int MSS = Talk.MSS;

    /** A connection that measured a round trip of 20 ms; ten segments from {@code MSS} on sent. */
    private static Talk tenInFlight() {
        return tenInFlight(Talk.SACK);
    }

    private static Talk tenInFlight(byte[] options) {
        Talk talk = new Talk(options, config -> config.congestion(CongestionAlgorithm.RENO));
        talk.write(MSS);
        talk.sent();
        talk.pass(20);
        talk.ack(MSS);
        talk.tcp.rtt.srttUs = 20_000;
        talk.tcp.rtt.minRttUs = 20_000;
        talk.write(10 * MSS);
        assertThat(talk.sentAt()).hasSize(10);
        talk.pass(20);
        assertThat(talk.sentAt()).isEmpty();
        return talk;
    }

    @Test
    @Rule({"8985/6", "6675/5"})
    void aSegmentBehindWhichThreeArrivedIsSentAgainAlone() {
        try (Talk talk = tenInFlight()) {
            talk.ack(MSS, 2 * MSS, 3 * MSS);
            talk.ack(MSS, 2 * MSS, 4 * MSS);
            assertThat(talk.sentAt()).as("perhaps only reordered").isEmpty();
            talk.ack(MSS, 2 * MSS, 5 * MSS);
            assertThat(talk.sentAt()).containsExactly(MSS);
        }
    }

    @Test
    @Rule("8985/6")
    void fewerThatArrivedTellOfTheLossAQuarterOfARoundTripLater() {
        try (Talk talk = tenInFlight()) {
            talk.ack(MSS, 2 * MSS, 3 * MSS);
            talk.pass(4);
            assertThat(talk.sentAt()).isEmpty();
            talk.pass(2);
            assertThat(talk.sentAt()).contains(MSS).doesNotContain(2 * MSS);
        }
    }

    @Test
    @Rule("8985/6")
    void aRetransmissionThatIsLostIsFoundByWhatWasSentAfterIt() {
        try (Talk talk = tenInFlight()) {
            talk.write(20 * MSS);
            talk.ack(MSS, 2 * MSS, 6 * MSS);
            assertThat(talk.sentAt().get(0)).isEqualTo(MSS);
            talk.pass(20);
            talk.sent();
            talk.ack(MSS, 2 * MSS, 11 * MSS);
            List<Integer> fresh = talk.sentAt();
            assertThat(fresh).isNotEmpty().allMatch(at -> at >= 11 * MSS);
            talk.pass(22);
            talk.sent();
            talk.ack(MSS, 2 * MSS, fresh.get(0) + MSS);
            talk.pass(6);
            assertThat(talk.sentAt()).contains(MSS);
        }
    }

    @Test
    @Rule({"6937/3", "6675/5"})
    void aRecoveryHalvesTheWindowAndSendsInProportion() {
        try (Talk talk = tenInFlight()) {
            talk.write(40 * MSS);
            int sent = talk.sent().size();
            for (int i = 2; i < 11; i++) {
                talk.ack(MSS, 2 * MSS, (i + 1) * MSS);
                sent += talk.sentAt().size();
            }
            assertThat(talk.tcp.congestion.ssthresh).isBetween(5 * MSS, 7 * MSS);
            assertThat(sent).as("half of what arrived, and what was sent again").isBetween(4, 9);
            talk.ack(11 * MSS);
            assertThat(talk.tcp.congestion.cwnd).isGreaterThanOrEqualTo(MSS);
            talk.ack(talk.tcp.snd.nxt - talk.ours);
            assertThat(talk.tcp.congestion.recovering).isFalse();
            assertThat(talk.tcp.congestion.cwnd).isEqualTo(talk.tcp.congestion.ssthresh);
        }
    }

    @Test
    @Rule("8985/7")
    void silenceIsBrokenByNewDataOrTheLastSegmentBeforeTheTimeout() {
        try (Talk talk = tenInFlight()) {
            talk.pass(19);
            assertThat(talk.sentAt()).isEmpty();
            talk.pass(2);
            assertThat(talk.sentAt()).as("2 SRTT").containsExactly(10 * MSS);
            assertThat(talk.peer.stack.counters().tcp.timeouts).isZero();
            talk.pass(100);
            assertThat(talk.sentAt()).as("one probe").isEmpty();
            talk.ack(MSS, 10 * MSS, 11 * MSS);
            talk.pass(10);
            assertThat(talk.sentAt()).as("the tail is lost").contains(MSS);
        }
    }

    @Test
    @Rule("8985/7")
    void aProbeThatRepairedALossCostsACutAndOneThatDidNotCostsNone() {
        try (Talk talk = tenInFlight()) {
            talk.pass(25);
            assertThat(talk.sentAt()).hasSize(1);
            int cwnd = talk.tcp.congestion.cwnd;
            talk.ack(11 * MSS, 10 * MSS, 11 * MSS);
            assertThat(talk.tcp.congestion.cwnd).isGreaterThanOrEqualTo(cwnd);
            assertThat(talk.tcp.recovery.probing).isFalse();
        }
        try (Talk talk = tenInFlight()) {
            talk.pass(25);
            int cwnd = talk.tcp.congestion.cwnd;
            talk.ack(11 * MSS);
            talk.write(MSS);
            talk.ack(12 * MSS);
            assertThat(talk.tcp.congestion.cwnd).isLessThan(cwnd);
        }
    }

    @Test
    @Rule({"2018/8", "6298/5"})
    void afterATimeoutWhatThePeerHasIsNotSentAgainUnlessItTookItBack() {
        try (Talk talk = tenInFlight()) {
            talk.ack(MSS, 5 * MSS, 7 * MSS);
            talk.pass(10);
            talk.sent();
            talk.pass(300);
            assertThat(talk.peer.stack.counters().tcp.timeouts).isEqualTo(1);
            assertThat(talk.sentAt()).containsExactly(MSS);
            talk.ack(5 * MSS);
            assertThat(talk.sentAt()).as("it reneged: 5 is not lost yet").doesNotContain(6 * MSS);
            talk.pass(2_000);
            assertThat(talk.sentAt()).contains(5 * MSS);
        }
    }

    @Test
    @Rule("4015/3")
    void aCutForASegmentThatWasOnlyLateIsTakenBackByItsTimestamp() {
        try (Talk talk = tenInFlight(Talk.ALL)) {
            int cwnd = talk.tcp.congestion.cwnd;
            talk.ack(MSS, 2 * MSS, 6 * MSS);
            assertThat(talk.sentAt()).contains(MSS);
            assertThat(talk.tcp.congestion.recovering).isTrue();
            talk.echo = SegmentWriter.timestamp(talk.tcp, talk.peer.now - 20_000_000);
            talk.ack(6 * MSS);
            assertThat(talk.tcp.congestion.recovering).isFalse();
            assertThat(talk.tcp.congestion.cwnd).isGreaterThanOrEqualTo(cwnd);
        }
    }

    @Test
    @Rule("3708/3")
    void aCutIsTakenBackWhenThePeerHadAllThatWasSentAgain() {
        try (Talk talk = tenInFlight()) {
            int cwnd = talk.tcp.congestion.cwnd;
            talk.ack(MSS, 2 * MSS, 6 * MSS);
            assertThat(talk.sentAt()).containsExactly(MSS);
            talk.ack(6 * MSS, MSS, 2 * MSS);
            assertThat(talk.tcp.congestion.recovering).isFalse();
            assertThat(talk.tcp.congestion.cwnd).isGreaterThanOrEqualTo(cwnd);
        }
    }

    @Test
    @Rule({"5681/3.2", "6582/3.2", "3042/2"})
    void withoutSackThreeDuplicatesMeanALossAndTwoLetNewSegmentsGo() {
        try (Talk talk = tenInFlight(Talk.PLAIN)) {
            talk.write(10 * MSS);
            talk.sent();
            talk.tcp.congestion.cwnd = talk.tcp.snd.nxt - talk.tcp.snd.una;
            talk.ack(MSS);
            assertThat(talk.sentAt()).as("limited transmit").hasSize(1);
            talk.ack(MSS);
            assertThat(talk.sentAt()).hasSize(1);
            talk.ack(MSS);
            assertThat(talk.sentAt()).contains(MSS);
            talk.ack(3 * MSS);
            assertThat(talk.sentAt()).as("the next hole").contains(3 * MSS);
        }
    }

    @Test
    void sacksOfWhatWasNeverSentAndInsideOutAreOverlooked() {
        try (Talk talk = tenInFlight()) {
            talk.ack(MSS, 20 * MSS, 30 * MSS);
            talk.ack(MSS, 5 * MSS, 4 * MSS);
            talk.ack(MSS, 5 * MSS, 5 * MSS);
            talk.ack(MSS, -(1 << 30), 12 * MSS);
            assertThat(talk.tcp.recovery.board.sacked()).isZero();
        }
    }
}
