// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.nio.ByteBuffer;
import org.HdrHistogram.Histogram;

/**
 * What a client of an echo keeps: one request under way on each connection, its time, and whether
 * it came back as it went. One thread.
 */
final class Echo {
    private static final long LONGEST = 60_000_000_000L;
    private static final int DIGITS = 3;

    private final Histogram histogram = new Histogram(LONGEST, DIGITS);
    private final Words sent = new Words();
    private final Words[] received;
    private final long[] since;
    private final int bytes;
    private final long nanos;
    private long start;
    private long now;
    private int outstanding;

    Echo(Workload workload, long nanos) {
        this.bytes = workload.bytes();
        this.nanos = nanos;
        this.since = new long[workload.connections()];
        this.received = new Words[workload.connections()];
        for (int i = 0; i < received.length; i++) {
            received[i] = new Words();
        }
    }

    /** From now on it counts. */
    void begin() {
        start = System.nanoTime();
        now = start;
    }

    /** Whether there is time for another request, as of the last answer. */
    boolean goesOn() {
        return now - start < nanos;
    }

    /** Requests under way. */
    int outstanding() {
        return outstanding;
    }

    /** Write a request. Its time begins with the last answer, whose end it is. */
    void request(int connection, ByteBuffer to) {
        since[connection] = now;
        outstanding++;
        sent.write(to, bytes);
    }

    /**
     * Take what came.
     *
     * @return whether the answer is complete
     */
    boolean answer(int connection, ByteBuffer from) {
        Words words = received[connection];
        words.read(from);
        if (words.bytes() % bytes != 0) {
            return false;
        }
        now = System.nanoTime();
        histogram.recordValue(Math.min(now - since[connection], LONGEST));
        outstanding--;
        return true;
    }

    /**
     * @throws IllegalStateException something else came back
     */
    Outcome outcome() {
        long took = now - start;
        long sum = 0;
        long came = 0;
        for (Words words : received) {
            sum += words.sum();
            came += words.bytes();
        }
        if (came != sent.bytes() || sum != sent.sum()) {
            throw new IllegalStateException(
                    "sent " + sent.bytes() + " bytes, and others came back: " + came);
        }
        return new Outcome(
                histogram.getTotalCount(),
                took,
                came,
                sum,
                histogram.getValueAtPercentile(50),
                histogram.getValueAtPercentile(99));
    }
}
