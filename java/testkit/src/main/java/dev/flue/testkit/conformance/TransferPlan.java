// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

/**
 * What one end of a transfer does.
 *
 * @param seed of the content it sends and of the sizes it sends it in
 * @param bytes to send
 * @param maxChunk each send offers 1..maxChunk bytes, drawn from the seed
 * @param readLimit most bytes taken at a time
 * @param readIntervalNanos pause between two takes; 0 = takes whatever there is, when it is there
 * @param close what it does when all is sent
 */
public record TransferPlan(
        long seed, long bytes, int maxChunk, int readLimit, long readIntervalNanos, Close close) {
    /** When an end closes its direction. */
    public enum Close {
        /** As soon as everything was handed over. */
        WHEN_SENT,
        /** When the peer's stream has ended too. */
        AFTER_PEER
    }

    /** Sends this much in odd sizes, reads at full speed, closes when it has sent. */
    public static TransferPlan of(long seed, long bytes) {
        return new TransferPlan(seed, bytes, 4_001, Integer.MAX_VALUE, 0, Close.WHEN_SENT);
    }

    public TransferPlan closing(Close when) {
        return new TransferPlan(seed, bytes, maxChunk, readLimit, readIntervalNanos, when);
    }

    public TransferPlan chunks(int max) {
        return new TransferPlan(seed, bytes, max, readLimit, readIntervalNanos, close);
    }

    /** Takes at most so many bytes every so often. */
    public TransferPlan reading(int limit, long intervalNanos) {
        return new TransferPlan(seed, bytes, maxChunk, limit, intervalNanos, close);
    }
}
