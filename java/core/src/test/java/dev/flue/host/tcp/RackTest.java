// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** RACK over what came back from a target: of what has no age the order is known alone. */
class RackTest {
    private static final int UNA = 0xffff_fe00;
    private static final long MILLISECOND = 1_000_000;
    private static final long SRTT = 8 * MILLISECOND;
    private static final long LEAST_RTT = 4 * MILLISECOND;

    private final Scoreboard board = new Scoreboard();
    private final Rack rack = new Rack();
    private long now = 1_000 * MILLISECOND;

    /** Ten segments of a hundred bytes without an age. */
    private void tenSegments() {
        board.clear(UNA);
        board.append(UNA + 1_000, Scoreboard.UNTIMED, now);
        now += MILLISECOND;
    }

    private void sack(int from, int to) {
        rack.begin(now, LEAST_RTT, SRTT);
        board.sack(UNA + from, UNA + to, rack);
    }

    @Test
    void whatIsPassedByEnoughIsLostAtOnce() {
        tenSegments();
        sack(100, 500);
        rack.detect(board, false, true, SRTT, LEAST_RTT, now);
        assertThat(board.lost()).isEqualTo(100);
        assertThat(board.inFlight()).isEqualTo(500);
    }

    @Test
    void whatIsPassedByOneSegmentIsLostAfterTheReorderingWindow() {
        tenSegments();
        sack(100, 200);
        long wait = rack.detect(board, false, false, SRTT, LEAST_RTT, now);
        assertThat(board.lost()).isZero();
        assertThat(wait).isEqualTo(LEAST_RTT / 4);
        now += wait;
        rack.detect(board, false, false, SRTT, LEAST_RTT, now);
        assertThat(board.lost()).isEqualTo(100);
    }

    @Test
    void nothingOfItIsARoundTrip() {
        tenSegments();
        sack(100, 200);
        assertThat(rack.sample).isEqualTo(-1);
        assertThat(rack.rtt).isEqualTo(SRTT);
    }

    @Test
    void whatWasSentAfterItIsNotOvertakenByIt() {
        tenSegments();
        board.sent(UNA + 1_100, now, false);
        now += 10 * MILLISECOND;
        sack(900, 1_000);
        rack.detect(board, false, true, SRTT, LEAST_RTT, now);
        assertThat(board.lost()).isEqualTo(900);
        assertThat(board.flags(board.runs() - 1)).isZero();
    }
}
