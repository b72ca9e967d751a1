// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flue.host.Rule;
import dev.flue.offload.CongestionState;
import dev.flue.offload.TcpStateExt;
import org.junit.jupiter.api.Test;

/** CUBIC against the formulas of RFC 9438. */
class CubicTest {
    private static final int MSS = 1000;
    private static final long RTT = 100_000_000;

    private long now = 1_000_000_000;

    /** A window of ACKs, spread over a round trip. */
    private int round(Cubic cubic, int cwnd) {
        int window = cwnd;
        int acks = cwnd / MSS;
        for (int i = 0; i < acks; i++) {
            now += RTT / acks;
            window = cubic.grow(window, MSS, MSS, now, RTT);
        }
        return window;
    }

    @Test
    @Rule("9438/4")
    void aLossTakesAThird() {
        Cubic cubic = new Cubic();
        assertThat(cubic.lost(100 * MSS, 100 * MSS, MSS)).isEqualTo(70 * MSS);
        assertThat(cubic.lost(2 * MSS, 2 * MSS, MSS)).isEqualTo(2 * MSS);
    }

    @Test
    @Rule("9438/4")
    void theWindowFollowsTheCubeOfTheTimeSinceTheLoss() {
        Cubic cubic = new Cubic();
        int cwnd = cubic.lost(1000 * MSS, 1000 * MSS, MSS);
        double k = Math.cbrt(300 / 0.4);
        double start = now / 1e9;
        for (int i = 0; i < 150; i++) {
            cwnd = round(cubic, cwnd);
            double t = now / 1e9 - start;
            double wanted = 0.4 * Math.pow(t - k, 3) + 1000;
            assertThat(cwnd / (double) MSS).as("after %s s", t).isCloseTo(wanted, within(30.0));
        }
    }

    @Test
    @Rule("9438/4")
    void itIsNeverSlowerThanReno() {
        Cubic cubic = new Cubic();
        int cwnd = cubic.lost(20 * MSS, 20 * MSS, MSS);
        int after = cwnd;
        for (int i = 0; i < 10; i++) {
            after = round(cubic, after);
        }
        double alpha = 3 * 0.3 / 1.7;
        assertThat(after / (double) MSS).isCloseTo(14 + 10 * alpha, within(1.0));
    }

    @Test
    @Rule("9438/4")
    void aSecondLossBelowTheFirstMakesRoom() {
        Cubic cubic = new Cubic();
        cubic.lost(100 * MSS, 100 * MSS, MSS);
        cubic.lost(80 * MSS, 80 * MSS, MSS);
        assertThat(cubic.word(CongestionState.CUBIC_W_MAX)).isEqualTo(68 * MSS);
    }

    @Test
    void itsStateGoesOnElsewhereWhereItStood() {
        Cubic cubic = new Cubic();
        int cwnd = cubic.lost(200 * MSS, 200 * MSS, MSS);
        for (int i = 0; i < 20; i++) {
            cwnd = round(cubic, cwnd);
        }
        Cubic other = new Cubic();
        for (int i = 0; i < TcpStateExt.CC_WORDS; i++) {
            other.word(i, cubic.word(i));
            assertThat(other.word(i)).isEqualTo(cubic.word(i));
        }
        int here = cwnd;
        int there = cwnd;
        for (int i = 0; i < 20; i++) {
            long before = now;
            here = round(cubic, here);
            now = before;
            there = round(other, there);
        }
        assertThat(there / (double) MSS).isCloseTo(here / (double) MSS, within(3.0));
    }
}
