// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

/**
 * What a stack tells its target of how to run TCP (8.2); a tick is a millisecond.
 *
 * @param ackFrequency most segments received before an ACK; 1 = each
 * @param delayedAckTicks 0..255
 * @param maximumRetransmissions of one segment; then the connection comes back
 * @param doubtReachabilityRetransmissions after which a black hole is suspected; 0 = never
 * @param swsPreventionTicks silly-window timer
 * @param duplicateAckThreshold of fast retransmit
 * @param pushTicks push timer
 * @param nceStaleTicks after which a neighbor's reachability is in doubt
 */
public record OffloadParameters(
        int ackFrequency,
        int delayedAckTicks,
        int maximumRetransmissions,
        int doubtReachabilityRetransmissions,
        int swsPreventionTicks,
        int duplicateAckThreshold,
        int pushTicks,
        int nceStaleTicks) {
    public static final int TICKS_PER_SECOND = 1000;

    private static final int BYTE = 255;

    /** What a target starts with. */
    public static final OffloadParameters DEFAULTS =
            new OffloadParameters(2, 40, 15, 0, 200, 3, 500, 30_000);

    /**
     * @throws IllegalArgumentException when a value is out of its range
     */
    public OffloadParameters {
        check(ackFrequency, 1, BYTE, "ackFrequency");
        check(delayedAckTicks, 0, BYTE, "delayedAckTicks");
        check(maximumRetransmissions, 1, BYTE, "maximumRetransmissions");
        check(doubtReachabilityRetransmissions, 0, BYTE, "doubtReachabilityRetransmissions");
        check(swsPreventionTicks, 1, Integer.MAX_VALUE, "swsPreventionTicks");
        check(duplicateAckThreshold, 1, BYTE, "duplicateAckThreshold");
        check(pushTicks, 1, Integer.MAX_VALUE, "pushTicks");
        check(nceStaleTicks, 1, Integer.MAX_VALUE, "nceStaleTicks");
    }

    private static void check(int value, int least, int most, String name) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + " " + value + " is not " + least + ".." + most);
        }
    }
}
