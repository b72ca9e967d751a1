// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** The scoreboard against one that remembers every byte. */
class ScoreboardTest {
    private static final int BASE = 0xffff_ff00;
    private static final int SPAN = 600;

    /** What is known of each byte. */
    private static final class Bytes {
        private final int[] flags = new int[SPAN];
        private final long[] times = new long[SPAN];
        private int una;
        private int end;

        int count(int flag) {
            int bytes = 0;
            for (int i = una; i < end; i++) {
                bytes += (flags[i] & flag) != 0 ? 1 : 0;
            }
            return bytes;
        }
    }

    private final Scoreboard board = new Scoreboard();
    private final Bytes oracle = new Bytes();
    private int arrived;

    private void check(long seed, int step) {
        String when = "seed " + seed + ", step " + step;
        assertThat(board.end()).as(when).isEqualTo(BASE + oracle.end);
        assertThat(board.sacked()).as(when).isEqualTo(oracle.count(Scoreboard.SACKED));
        assertThat(board.lost()).as(when).isEqualTo(oracle.count(Scoreboard.LOST));
        int at = oracle.una;
        for (int run = 0; run < board.runs(); run++) {
            assertThat(board.start(run)).as(when).isEqualTo(BASE + at);
            int end = board.end(run) - BASE;
            assertThat(end).as(when).isGreaterThan(at);
            for (; at < end; at++) {
                assertThat(board.flags(run)).as(when + ", byte " + at).isEqualTo(oracle.flags[at]);
                if ((oracle.flags[at] & Scoreboard.SACKED) == 0) {
                    assertThat(board.sentAt(run)).as(when).isEqualTo(oracle.times[at]);
                }
            }
        }
        assertThat(at).as(when).isEqualTo(oracle.end);
    }

    private void arrivals(int end, long sentAt, boolean again) {
        int last = end - 1 - BASE;
        assertThat(sentAt).isEqualTo(oracle.times[last]);
        assertThat(again).isEqualTo((oracle.flags[last] & Scoreboard.AGAIN) != 0);
        arrived++;
    }

    private void step(Random random, long now) {
        int span = oracle.end - oracle.una;
        int from = oracle.una + (span > 0 ? random.nextInt(span) : 0);
        int to = Math.min(oracle.end, from + 1 + random.nextInt(40));
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                int more = Math.min(SPAN, oracle.end + 1 + random.nextInt(50));
                board.sent(BASE + more, now, false);
                for (; oracle.end < more; oracle.end++) {
                    oracle.times[oracle.end] = now;
                }
            }
            case 2, 3 -> {
                if (span > 0) {
                    int fresh = 0;
                    for (int i = from; i < to; i++) {
                        fresh += (oracle.flags[i] & Scoreboard.SACKED) != 0 ? 0 : 1;
                    }
                    int news = board.sack(BASE + from, BASE + to, this::arrivals);
                    assertThat(news).isEqualTo(fresh);
                    for (int i = from; i < to; i++) {
                        oracle.flags[i] = Scoreboard.SACKED;
                    }
                }
            }
            case 4 -> {
                if (span > 0) {
                    int fresh = 0;
                    for (int i = oracle.una; i < to; i++) {
                        fresh += (oracle.flags[i] & Scoreboard.SACKED) != 0 ? 0 : 1;
                    }
                    assertThat(board.acknowledge(BASE + to, this::arrivals)).isEqualTo(fresh);
                    oracle.una = to;
                }
            }
            case 5 -> {
                if (board.runs() > 0) {
                    int run = random.nextInt(board.runs());
                    board.lose(run);
                    for (int i = board.start(run) - BASE; i < board.end(run) - BASE; i++) {
                        boolean sacked = (oracle.flags[i] & Scoreboard.SACKED) != 0;
                        oracle.flags[i] |= sacked ? 0 : Scoreboard.LOST;
                    }
                }
            }
            case 6 -> {
                if (span > 0) {
                    board.resent(BASE + from, BASE + to, now);
                    for (int i = from; i < to; i++) {
                        if ((oracle.flags[i] & Scoreboard.SACKED) == 0) {
                            oracle.flags[i] = Scoreboard.AGAIN;
                            oracle.times[i] = now;
                        }
                    }
                }
            }
            default -> {
                board.loseNone();
                for (int i = oracle.una; i < oracle.end; i++) {
                    oracle.flags[i] &= ~Scoreboard.LOST;
                }
            }
        }
    }

    @Test
    void whateverHappensItKnowsOfEachByteWhatAListOfBytesKnows() {
        for (long seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            board.clear(BASE);
            java.util.Arrays.fill(oracle.flags, 0);
            oracle.una = 0;
            oracle.end = 0;
            for (int step = 0; step < 120; step++) {
                step(random, step / 3);
                check(seed, step);
            }
        }
        assertThat(arrived).isGreaterThan(1000);
    }

    @Test
    void thereAreNeverMoreRunsThanItMayHave() {
        board.clear(BASE);
        board.sent(BASE + 100_000, 1, false);
        for (int at = 1; at < 100_000; at += 2) {
            board.sack(BASE + at, BASE + at + 1, (end, sentAt, again) -> {});
        }
        assertThat(board.runs()).isLessThanOrEqualTo(Scoreboard.MAX_RUNS);
        assertThat(board.sacked()).isBetween(500, 512);
        board.resent(BASE + 50_001, BASE + 50_002, 2);
        assertThat(board.acknowledge(BASE + 100_000, null))
                .isEqualTo(100_000 - board.sacked() - 511);
        assertThat(board.runs()).isZero();
        assertThat(board.inFlight()).isZero();
    }
}
