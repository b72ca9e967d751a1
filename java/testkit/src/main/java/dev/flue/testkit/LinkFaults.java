// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

/**
 * What a link does to frames. Probabilities in parts per million, drawn per frame and receiver from
 * the link's seed; times in nanoseconds; 0 = not at all.
 *
 * @param dropPpm loss, outside of bursts
 * @param duplicatePpm a second copy
 * @param corruptPpm one bit flipped
 * @param reorderPpm held back
 * @param burstEnterPpm Gilbert-Elliott: that a frame finds that the bad state begins
 * @param burstLeavePpm and that it ends
 * @param burstDropPpm loss in the bad state, instead of {@code dropPpm}
 * @param mtu longer IP packets vanish; 0 = the wire's
 * @param delayNanos of every frame
 * @param jitterNanos uniform 0..jitterNanos on top; may reorder
 * @param reorderNanos how long a reordered frame is held back
 * @param bitsPerSecond frames leave one after another, so fast; 0 = all at once
 * @param queueBytes of frames that wait to leave, the tail is dropped; 0 = no limit
 */
public record LinkFaults(
        int dropPpm,
        int duplicatePpm,
        int corruptPpm,
        int reorderPpm,
        int burstEnterPpm,
        int burstLeavePpm,
        int burstDropPpm,
        int mtu,
        long delayNanos,
        long jitterNanos,
        long reorderNanos,
        long bitsPerSecond,
        long queueBytes) {

    /** Nothing but a delay. */
    public static LinkFaults delay(long nanos) {
        return new LinkFaults(0, 0, 0, 0, 0, 0, 0, 0, nanos, 0, 0, 0, 0);
    }

    public LinkFaults withDrop(int ppm) {
        return Records.with(this, "dropPpm", ppm);
    }

    public LinkFaults withDuplicate(int ppm) {
        return Records.with(this, "duplicatePpm", ppm);
    }

    public LinkFaults withCorrupt(int ppm) {
        return Records.with(this, "corruptPpm", ppm);
    }

    public LinkFaults withReorder(int ppm, long heldBackNanos) {
        return Records.with(Records.with(this, "reorderPpm", ppm), "reorderNanos", heldBackNanos);
    }

    /** Losses in bursts (Gilbert-Elliott): what begins and ends the bad state, and its loss. */
    public LinkFaults withBursts(int enterPpm, int leavePpm, int lossPpm) {
        LinkFaults from = Records.with(this, "burstEnterPpm", enterPpm);
        return Records.with(Records.with(from, "burstLeavePpm", leavePpm), "burstDropPpm", lossPpm);
    }

    /** IP packets longer than that vanish. */
    public LinkFaults withMtu(int bytes) {
        return Records.with(this, "mtu", bytes);
    }

    public LinkFaults withDelay(long nanos) {
        return Records.with(this, "delayNanos", nanos);
    }

    public LinkFaults withJitter(long nanos) {
        return Records.with(this, "jitterNanos", nanos);
    }

    /** Frames leave one after another; of those that wait, the tail is dropped. */
    public LinkFaults withBottleneck(long bits, long queue) {
        return Records.with(Records.with(this, "bitsPerSecond", bits), "queueBytes", queue);
    }
}
