// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import static dev.flue.testkit.sim.WireSegment.ACK;
import static dev.flue.testkit.sim.WireSegment.FIN;
import static dev.flue.testkit.sim.WireSegment.RST;
import static dev.flue.testkit.sim.WireSegment.SYN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The judge finds each violation in a forged trace, and nothing in one that is right. */
class WireJudgeTest {
    private boolean mayReset;
    private final WireJudge judge = new WireJudge(end -> mayReset);
    private long now;

    private void sent(Forge forge) {
        judge.sent(now++, forge.port == 1_000 ? 0 : 1, forge.frame());
    }

    private void arrives(Forge forge) {
        sent(forge);
        judge.received(now++, forge.port == 1_000 ? 1 : 0, forge.frame());
    }

    private void wrong(Forge forge, String what) {
        assertThatThrownBy(() -> sent(forge))
                .isInstanceOf(WireViolation.class)
                .hasMessageContaining(what);
    }

    /** A handshake; windows of 1000 bytes, MSS 500, nothing else. */
    private void open() {
        arrives(Forge.from(0).flags(SYN).mss(500));
        arrives(Forge.from(1).flags(SYN | ACK).at(0, 1).mss(500));
        arrives(Forge.from(0).at(1, 1));
    }

    /** With all options, windows scaled by 4. */
    private void openWithOptions() {
        arrives(Forge.from(0).flags(SYN).mss(500).shift(2).sackPermitted().timestamps(10, 0));
        arrives(
                Forge.from(1)
                        .flags(SYN | ACK)
                        .at(0, 1)
                        .mss(500)
                        .shift(2)
                        .sackPermitted()
                        .timestamps(77, 10));
        arrives(Forge.from(0).at(1, 1).timestamps(11, 77));
    }

    @Test
    void aConversationAsItShouldBe() {
        openWithOptions();
        arrives(Forge.from(0).at(1, 1).timestamps(12, 77).data(300, 0));
        sent(Forge.from(0).at(301, 1).timestamps(12, 77).data(300, 0));
        arrives(Forge.from(0).at(601, 1).timestamps(12, 77).data(300, 0));
        arrives(Forge.from(1).at(1, 301).timestamps(80, 12).sack(601, 901));
        arrives(Forge.from(0).at(301, 1).timestamps(13, 80).data(300, 0));
        arrives(Forge.from(1).at(1, 901).timestamps(81, 13).sack(301, 601));
        arrives(Forge.from(0).at(901, 1).flags(FIN | ACK).timestamps(14, 81));
        arrives(Forge.from(1).at(1, 902).flags(FIN | ACK).timestamps(82, 14));
        arrives(Forge.from(0).at(902, 2).timestamps(15, 82));
        assertThat(judge.segments()).isEqualTo(12);
        assertThat(judge.retransmittedBytes()).isEqualTo(300);
        assertThat(judge.outstanding("198.18.3.232.1000")).isFalse();
        assertThat(judge.summary()).contains("sent 902, acknowledged 902");
    }

    @Test
    void whatIsOutstandingIsKnown() {
        open();
        sent(Forge.from(0).at(1, 1).data(10, 0));
        assertThat(judge.outstanding("198.18.3.232.1000")).isTrue();
        assertThat(judge.outstanding("198.18.7.208.2000")).isFalse();
    }

    @Test
    void wrongChecksums() {
        byte[] frame = Forge.from(0).flags(SYN).mss(500).frame();
        frame[frame.length - 1] ^= 1;
        assertThatThrownBy(() -> judge.sent(0, 0, frame)).hasMessageContaining("wrong checksum");
    }

    @Test
    void optionsThatAreNone() {
        wrong(Forge.from(0).flags(SYN).options(2, 0, 0, 0), "options that are no options");
        wrong(Forge.from(0).flags(SYN).options(1, 1, 2, 4), "options that are no options");
    }

    @Test
    void packetsLongerThanThePathTakes() {
        open();
        judge.limit(0, 340);
        sent(Forge.from(0).at(1, 1).data(300, 0));
        wrong(Forge.from(0).at(301, 1).data(301, 0), "longer than 340");
    }

    @Test
    void flagsAndOptionsWhereTheyDoNotBelong() {
        wrong(Forge.from(0).flags(SYN | FIN), "SYN and FIN");
        wrong(Forge.from(0).flags(ACK).at(1, 1), "before any SYN");
        wrong(Forge.from(0).flags(SYN).data(1, 0), "data with a SYN");
        open();
        wrong(Forge.from(0).flags(FIN).at(1, 1), "without ACK");
        wrong(Forge.from(0).at(1, 1).mss(500), "options of a SYN");
    }

    @Test
    void anotherSynThanBefore() {
        arrives(Forge.from(0).flags(SYN).mss(500));
        arrives(Forge.from(0).flags(SYN).mss(500));
        wrong(Forge.from(0).flags(SYN).at(5, 0).mss(500), "another SYN");
    }

    /** Closed by end 0 first, so that it waits and end 1 does not. */
    private void closeBoth() {
        arrives(Forge.from(0).at(1, 1).flags(FIN | ACK));
        arrives(Forge.from(1).at(1, 2));
        arrives(Forge.from(1).at(1, 2).flags(FIN | ACK));
        arrives(Forge.from(0).at(2, 2));
    }

    @Test
    void anOldSynOpensAClosedPortAgain() {
        open();
        closeBoth();
        judge.received(now++, 1, Forge.from(0).flags(SYN).mss(500).frame());
        Forge[] opened = new Forge[4];
        for (int i = 0; i < opened.length; i++) {
            opened[i] = Forge.from(1).later(500, 0).flags(SYN | ACK).at(0, 1).mss(500);
        }
        arrives(opened[0]);
        // The other end knows nothing of that, and stands where it was.
        sent(Forge.from(0).at(2, 2));
        wrong(Forge.from(0).at(2, 3), "did not come");
        // The new life is judged as the first was.
        sent(opened[1]);
        wrong(opened[2].at(0, 2), "an ACK of what did not come");
        wrong(opened[3].at(1, 1), "another SYN");
        wrong(Forge.from(1).at(1, 2), "skipped");
    }

    @Test
    void noOldSynOpensWhatLivesOrWaits() {
        open();
        judge.received(now++, 1, Forge.from(0).flags(SYN).mss(500).frame());
        Forge[] opened = new Forge[3];
        for (int i = 0; i < opened.length; i++) {
            opened[i] = Forge.from(1).later(500, 0).flags(SYN | ACK).at(0, 1).mss(500);
        }
        wrong(opened[0], "another SYN");
        // End 1 closes first: it is in TIME-WAIT.
        arrives(Forge.from(1).at(1, 1).flags(FIN | ACK));
        arrives(Forge.from(0).at(1, 2).flags(FIN | ACK));
        arrives(Forge.from(1).at(2, 2));
        judge.received(now++, 1, Forge.from(0).flags(SYN).mss(500).frame());
        wrong(opened[1], "another SYN");
    }

    @Test
    void aClosedEndDoesNotOpenByItself() {
        open();
        closeBoth();
        wrong(Forge.from(1).later(500, 0).flags(SYN | ACK).at(0, 1).mss(500), "another SYN");
    }

    @Test
    void aHalfOpenConnectionIsGivenUpWhenItsSynIsNotSentAgain() {
        arrives(Forge.from(0).flags(SYN).mss(500));
        sent(Forge.from(1).flags(SYN | ACK).at(0, 1).mss(500));
        now += 1_000_000_000L;
        sent(Forge.from(1).flags(SYN | ACK).at(0, 1).mss(500));
        now += 1_900_000_000L;
        arrives(Forge.from(0).flags(SYN).mss(500));
        wrong(Forge.from(1).later(500, 0).flags(SYN | ACK).at(0, 1).mss(500), "another SYN");
        now += 200_000_000L;
        arrives(Forge.from(0).flags(SYN).mss(500));
        sent(Forge.from(1).later(500, 0).flags(SYN | ACK).at(0, 1).mss(500));
    }

    @Test
    void whoeverOpensFollowsTheLifeThatAnswersFirst() {
        arrives(Forge.from(0).flags(SYN).mss(500));
        sent(Forge.from(1).flags(SYN | ACK).at(0, 1).mss(500));
        mayReset = true;
        sent(Forge.from(1).at(1, 1).flags(RST | ACK));
        mayReset = false;
        arrives(Forge.from(0).flags(SYN).mss(500));
        arrives(Forge.from(1).later(500, 0).flags(SYN | ACK).at(0, 1).mss(500));
        arrives(Forge.from(0).later(0, 500).at(1, 1).data(100, 0));
        wrong(Forge.from(0).at(101, 1), "lower than 1 before");
        arrives(Forge.from(1).later(500, 0).at(1, 101));
    }

    @Test
    void answersToWhatWasNotOffered() {
        arrives(Forge.from(0).flags(SYN).mss(500));
        wrong(Forge.from(1).flags(SYN | ACK).at(0, 1).shift(2), "window scale");
        wrong(Forge.from(1).flags(SYN | ACK).at(0, 1).sackPermitted(), "SACK");
        wrong(Forge.from(1).flags(SYN | ACK).at(0, 1).timestamps(1, 0), "timestamps");
    }

    @Test
    void skippedSequenceSpace() {
        open();
        sent(Forge.from(0).at(1, 1).data(100, 0));
        wrong(Forge.from(0).at(102, 1).data(1, 0), "skipped");
        wrong(Forge.from(0).at(102, 1), "skipped");
    }

    @Test
    void ofFramesThatWaitForTheNextHopTheOldestMayBeGone() {
        open();
        sent(Forge.from(0).at(1, 1).data(100, 0));
        byte[] answer = new byte[60];
        judge.received(now, 0, answer);
        judge.sent(now++, 0, Forge.from(0).at(201, 1).data(100, 0).frame());
        wrong(Forge.from(0).at(302, 1).data(1, 0), "skipped");
        sent(Forge.from(0).at(101, 1).data(100, 0));
        wrong(Forge.from(0).at(101, 1).data(200, 1), "another byte than before at 101");
    }

    @Test
    void dataAgainThatIsAcknowledged() {
        open();
        arrives(Forge.from(0).at(1, 1).data(100, 0));
        arrives(Forge.from(1).at(1, 101));
        now++;
        wrong(Forge.from(0).at(1, 1).data(100, 0), "long acknowledged");
        wrong(Forge.from(0).at(50, 1), "long acknowledged");
        // A keepalive probe and its answer are none of that.
        sent(Forge.from(0).at(100, 1));
        sent(Forge.from(0).at(100, 1).data(1, 9));
    }

    @Test
    void moreThanTheMss() {
        open();
        sent(Forge.from(0).at(1, 1).data(500, 0));
        wrong(Forge.from(0).at(1, 1).data(501, 0), "the MSS of 500");
    }

    @Test
    void optionsCountForTheMss() {
        openWithOptions();
        sent(Forge.from(0).at(1, 1).timestamps(12, 77).data(488, 0));
        wrong(Forge.from(0).at(1, 1).timestamps(12, 77).data(489, 0), "the MSS of 500");
    }

    @Test
    void dataOutsideOfTheWindow() {
        open();
        sent(Forge.from(0).at(1, 1).data(500, 0));
        sent(Forge.from(0).at(501, 1).data(500, 0));
        // A probe is one byte.
        sent(Forge.from(0).at(1_001, 1).data(1, 0));
        wrong(Forge.from(0).at(1_001, 1).data(2, 0), "outside of the window");
        wrong(Forge.from(0).at(1_002, 1).data(1, 0), "outside of the window");
        // What was offered and did not come does not count.
        judge.received(now, 1, Forge.from(0).at(1, 1).data(500, 0).frame());
        sent(Forge.from(1).at(1, 501));
        wrong(Forge.from(0).at(1_002, 1).data(100, 0), "outside of the window");
        judge.received(now, 0, Forge.from(1).at(1, 501).frame());
        sent(Forge.from(0).at(1_002, 1).data(499, 0));
    }

    @Test
    void windowsAreScaledAfterTheSyn() {
        openWithOptions();
        // 1000 in the SYN,ACK; a thousand fours only in what comes later.
        for (int at = 1; at < 801; at += 400) {
            sent(Forge.from(0).at(at, 1).timestamps(12, 77).data(400, 0));
        }
        wrong(Forge.from(0).at(801, 1).timestamps(12, 77).data(400, 0), "outside of the window");
        arrives(Forge.from(1).at(1, 1).timestamps(78, 11));
        sent(Forge.from(0).at(801, 1).timestamps(12, 77).data(400, 0));
    }

    @Test
    void anotherByteThanBefore() {
        open();
        sent(Forge.from(0).at(1, 1).data(100, 0));
        wrong(Forge.from(0).at(51, 1).data(100, 1), "another byte than before at 51");
        sent(Forge.from(0).at(51, 1).data(100, 0));
    }

    @Test
    void finsThatWander() {
        open();
        sent(Forge.from(0).at(1, 1).data(100, 0));
        wrong(Forge.from(0).at(51, 1).flags(FIN | ACK), "before data that was sent");
        sent(Forge.from(0).at(101, 1).flags(FIN | ACK));
        wrong(Forge.from(0).at(102, 1).flags(FIN | ACK), "another place");
        wrong(Forge.from(0).at(101, 1).data(1, 0), "behind the FIN");
    }

    @Test
    void acknowledgmentsOfWhatDidNotCome() {
        open();
        sent(Forge.from(0).at(1, 1).data(100, 0));
        wrong(Forge.from(1).at(1, 101), "did not come");
        judge.received(now, 1, Forge.from(0).at(1, 1).data(100, 0).frame());
        wrong(Forge.from(1).at(1, 102), "did not come");
        sent(Forge.from(1).at(1, 101));
        wrong(Forge.from(1).at(1, 100), "lower than 101");
    }

    @Test
    void whatWasDamagedOnTheWayDidNotCome() {
        open();
        sent(Forge.from(0).at(1, 1).data(100, 0));
        byte[] damaged = Forge.from(0).at(1, 1).data(100, 0).frame();
        damaged[80] ^= 4;
        judge.received(now, 1, damaged);
        wrong(Forge.from(1).at(1, 101), "did not come");
    }

    @Test
    void aPacketOfAnotherVersionIsNone() {
        byte[] frame = new byte[14 + 40 + 20];
        frame[12] = (byte) 0x86;
        frame[13] = (byte) 0xdd;
        frame[14] = 0x60;
        frame[19] = 20;
        frame[20] = 6;
        assertThat(WireSegment.parse(frame)).isNotNull();
        // No checksum covers it.
        frame[14] = 0x70;
        assertThat(WireSegment.parse(frame)).isNull();
    }

    @Test
    void windowsThatShrink() {
        open();
        arrives(Forge.from(0).at(1, 1).data(100, 0));
        sent(Forge.from(1).at(1, 101).window(900));
        wrong(Forge.from(1).at(1, 101).window(899), "shrunk");
    }

    @Test
    void roundingOfAScaledWindowIsNoShrinking() {
        openWithOptions();
        arrives(Forge.from(1).at(1, 1).timestamps(78, 11));
        arrives(Forge.from(0).at(1, 1).timestamps(12, 77).data(5, 0));
        sent(Forge.from(1).at(1, 6).window(998).timestamps(79, 12));
        wrong(Forge.from(1).at(1, 6).window(997).timestamps(79, 12), "shrunk");
    }

    @Test
    void sackBlocksThatAreWrong() {
        openWithOptions();
        arrives(Forge.from(0).at(1, 1).timestamps(12, 77).data(100, 0));
        sent(Forge.from(0).at(101, 1).timestamps(12, 77).data(100, 0));
        arrives(Forge.from(0).at(201, 1).timestamps(12, 77).data(100, 0));
        Forge[] forged = new Forge[5];
        for (int i = 0; i < forged.length; i++) {
            forged[i] = Forge.from(1).at(1, 101).timestamps(80, 12);
        }
        wrong(forged[0].sack(201, 302), "of what did not come");
        wrong(forged[1].sack(150, 301), "of what did not come");
        wrong(forged[2].sack(301, 201), "that is none");
        wrong(forged[3].sack(201, 301, 1, 101), "below the ACK");
        sent(forged[4].sack(1, 101, 201, 301));
    }

    @Test
    void sackBlocksThatNobodyAgreedOn() {
        open();
        arrives(Forge.from(0).at(1, 1).data(100, 0));
        wrong(Forge.from(1).at(1, 101).sack(1, 101), "not agreed on");
    }

    @Test
    void timestampsThatAreWrong() {
        openWithOptions();
        wrong(Forge.from(0).at(1, 1), "not as agreed");
        wrong(Forge.from(0).at(1, 1).timestamps(10, 77), "goes back");
        wrong(Forge.from(0).at(1, 1).timestamps(11, 78), "did not come");
        arrives(Forge.from(1).at(1, 1).timestamps(80, 11));
        sent(Forge.from(0).at(1, 1).timestamps(12, 80));
        wrong(Forge.from(0).at(1, 1).timestamps(12, 77), "older than the one before");
    }

    @Test
    void timestampsThatNobodyAgreedOn() {
        open();
        wrong(Forge.from(0).at(1, 1).timestamps(1, 1), "not as agreed");
    }

    @Test
    void resetsNeedAReason() {
        open();
        wrong(Forge.from(0).at(1, 1).flags(RST | ACK), "a RST for no reason");
        mayReset = true;
        arrives(Forge.from(0).at(1, 1).flags(RST | ACK));
        mayReset = false;
        // Whoever was reset answers likewise.
        sent(Forge.from(1).at(1, 1).flags(RST));
    }
}
