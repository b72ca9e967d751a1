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
        return new LinkFaults(
                ppm,
                duplicatePpm,
                corruptPpm,
                reorderPpm,
                burstEnterPpm,
                burstLeavePpm,
                burstDropPpm,
                mtu,
                delayNanos,
                jitterNanos,
                reorderNanos,
                bitsPerSecond,
                queueBytes);
    }

    public LinkFaults withDuplicate(int ppm) {
        return new LinkFaults(
                dropPpm,
                ppm,
                corruptPpm,
                reorderPpm,
                burstEnterPpm,
                burstLeavePpm,
                burstDropPpm,
                mtu,
                delayNanos,
                jitterNanos,
                reorderNanos,
                bitsPerSecond,
                queueBytes);
    }

    public LinkFaults withCorrupt(int ppm) {
        return new LinkFaults(
                dropPpm,
                duplicatePpm,
                ppm,
                reorderPpm,
                burstEnterPpm,
                burstLeavePpm,
                burstDropPpm,
                mtu,
                delayNanos,
                jitterNanos,
                reorderNanos,
                bitsPerSecond,
                queueBytes);
    }

    public LinkFaults withReorder(int ppm, long heldBackNanos) {
        return new LinkFaults(
                dropPpm,
                duplicatePpm,
                corruptPpm,
                ppm,
                burstEnterPpm,
                burstLeavePpm,
                burstDropPpm,
                mtu,
                delayNanos,
                jitterNanos,
                heldBackNanos,
                bitsPerSecond,
                queueBytes);
    }

    /** Losses in bursts (Gilbert-Elliott): what begins and ends the bad state, and its loss. */
    public LinkFaults withBursts(int enterPpm, int leavePpm, int lossPpm) {
        return new LinkFaults(
                dropPpm,
                duplicatePpm,
                corruptPpm,
                reorderPpm,
                enterPpm,
                leavePpm,
                lossPpm,
                mtu,
                delayNanos,
                jitterNanos,
                reorderNanos,
                bitsPerSecond,
                queueBytes);
    }

    /** IP packets longer than that vanish. */
    public LinkFaults withMtu(int bytes) {
        return new LinkFaults(
                dropPpm,
                duplicatePpm,
                corruptPpm,
                reorderPpm,
                burstEnterPpm,
                burstLeavePpm,
                burstDropPpm,
                bytes,
                delayNanos,
                jitterNanos,
                reorderNanos,
                bitsPerSecond,
                queueBytes);
    }

    public LinkFaults withDelay(long nanos) {
        return new LinkFaults(
                dropPpm,
                duplicatePpm,
                corruptPpm,
                reorderPpm,
                burstEnterPpm,
                burstLeavePpm,
                burstDropPpm,
                mtu,
                nanos,
                jitterNanos,
                reorderNanos,
                bitsPerSecond,
                queueBytes);
    }

    public LinkFaults withJitter(long nanos) {
        return new LinkFaults(
                dropPpm,
                duplicatePpm,
                corruptPpm,
                reorderPpm,
                burstEnterPpm,
                burstLeavePpm,
                burstDropPpm,
                mtu,
                delayNanos,
                nanos,
                reorderNanos,
                bitsPerSecond,
                queueBytes);
    }

    /** Frames leave one after another; of those that wait, the tail is dropped. */
    public LinkFaults withBottleneck(long bits, long queue) {
        return new LinkFaults(
                dropPpm,
                duplicatePpm,
                corruptPpm,
                reorderPpm,
                burstEnterPpm,
                burstLeavePpm,
                burstDropPpm,
                mtu,
                delayNanos,
                jitterNanos,
                reorderNanos,
                bits,
                queue);
    }
}
