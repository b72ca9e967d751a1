// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.CongestionAlgorithm;
import dev.flue.host.Rule;
import org.junit.jupiter.api.Test;

/** Round-trip time and congestion window, by their formulas. */
class EstimatorTest {
    private static final int MSS = 1000;

    @Test
    void theFirstSampleSetsBothAveragesAndLaterOnesMoveThem() {
        RttEstimator rtt = new RttEstimator(200_000);
        assertThat(rtt.rtoUs).isEqualTo(1_000_000);
        rtt.sample(100_000);
        assertThat(rtt.srttUs).isEqualTo(100_000);
        assertThat(rtt.rttvarUs).isEqualTo(50_000);
        assertThat(rtt.rtoUs).isEqualTo(300_000);
        rtt.sample(200_000);
        assertThat(rtt.srttUs).isEqualTo(112_500);
        assertThat(rtt.rttvarUs).isEqualTo(62_500);
        assertThat(rtt.minRttUs).isEqualTo(100_000);
    }

    @Test
    void theTimeoutHasAFloorDoublesAndHasACeiling() {
        RttEstimator rtt = new RttEstimator(200_000);
        rtt.sample(10);
        assertThat(rtt.rtoUs).isEqualTo(200_000);
        for (int i = 0; i < 3; i++) {
            rtt.backOff();
        }
        assertThat(rtt.rtoUs).isEqualTo(1_600_000);
        for (int i = 0; i < 30; i++) {
            rtt.backOff();
        }
        assertThat(rtt.rtoUs).isEqualTo(60_000_000);
        rtt.sample(10);
        assertThat(rtt.rtoUs).isEqualTo(200_000);
    }

    @Test
    @Rule("9293/MUST-19")
    void slowStartDoublesAndAvoidanceAddsASegmentEachRound() {
        Congestion cc = new Congestion(CongestionAlgorithm.RENO);
        cc.start(MSS, 0);
        assertThat(cc.cwnd).isEqualTo(10 * MSS);
        cc.ssthresh = 20 * MSS;
        for (int i = 0; i < 10; i++) {
            cc.used = cc.cwnd;
            cc.acknowledged(MSS, MSS, 0, 0);
        }
        assertThat(cc.cwnd).isEqualTo(20 * MSS);
        for (int i = 0; i < 20; i++) {
            cc.used = cc.cwnd;
            cc.acknowledged(MSS, MSS, 0, 0);
        }
        assertThat(cc.cwnd).isBetween(20 * MSS + 900, 21 * MSS);
    }

    @Test
    void aLossHalvesAndRecoveryEndsAtHalf() {
        Congestion cc = new Congestion(CongestionAlgorithm.RENO);
        cc.start(MSS, 0);
        cc.cwnd = 20 * MSS;
        cc.enterRecovery(20 * MSS, 20 * MSS, MSS);
        assertThat(cc.ssthresh).isEqualTo(10 * MSS);
        assertThat(cc.cwnd).isEqualTo(13 * MSS);
        assertThat(cc.recover).isEqualTo(20 * MSS);
        cc.inflate(MSS);
        assertThat(cc.cwnd).isEqualTo(14 * MSS);
        cc.partial(3 * MSS, MSS);
        assertThat(cc.cwnd).isEqualTo(12 * MSS);
        cc.leaveRecovery(9 * MSS, MSS);
        assertThat(cc.cwnd).isEqualTo(10 * MSS);
        assertThat(cc.recovering).isFalse();
    }

    @Test
    void whatLimitedTransmitSentIsNotHalvedButTheWindow() {
        for (CongestionAlgorithm each : CongestionAlgorithm.values()) {
            double part = each == CongestionAlgorithm.RENO ? 0.5 : 0.7;
            Congestion cc = new Congestion(each);
            cc.start(MSS, 0);
            cc.enterPrr(12 * MSS, 9 * MSS, 12 * MSS, MSS);
            assertThat(cc.ssthresh).as("with SACK").isEqualTo((int) (part * 10 * MSS));
            cc = new Congestion(each);
            cc.start(MSS, 0);
            cc.enterRecovery(12 * MSS, 12 * MSS, MSS);
            assertThat(cc.ssthresh).as("without").isEqualTo((int) (part * 10 * MSS));
            cc = new Congestion(each);
            cc.start(MSS, 0);
            cc.cut(11 * MSS, MSS);
            assertThat(cc.cwnd).as("with a probe").isEqualTo((int) (part * 10 * MSS));
        }
    }

    @Test
    void aTimeoutStartsWithOneSegmentAndHalvesOnce() {
        Congestion cc = new Congestion(CongestionAlgorithm.RENO);
        cc.start(MSS, 0);
        cc.timeout(20 * MSS, 5, MSS, true);
        assertThat(cc.cwnd).isEqualTo(MSS);
        assertThat(cc.ssthresh).isEqualTo(10 * MSS);
        cc.timeout(MSS, 5, MSS, false);
        assertThat(cc.ssthresh).isEqualTo(10 * MSS);
    }

    @Test
    void theFirstTwoDuplicatesLetASegmentEachGo() {
        Congestion cc = new Congestion(CongestionAlgorithm.RENO);
        cc.start(MSS, 0);
        cc.duplicates = 1;
        assertThat(cc.window(MSS)).isEqualTo(11 * MSS);
        cc.duplicates = 2;
        assertThat(cc.window(MSS)).isEqualTo(12 * MSS);
    }
}
