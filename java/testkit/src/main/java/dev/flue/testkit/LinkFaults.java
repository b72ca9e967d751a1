// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

/**
 * What a link does to frames. Probabilities in parts per million, drawn per frame and receiver from
 * the link's seed; times in nanoseconds.
 *
 * @param delayNanos of every frame
 * @param jitterNanos uniform 0..jitterNanos on top; may reorder
 * @param reorderNanos how long a reordered frame is held back
 */
public record LinkFaults(
        int dropPpm,
        int duplicatePpm,
        int corruptPpm,
        int reorderPpm,
        long delayNanos,
        long jitterNanos,
        long reorderNanos) {

    /** Nothing but a delay. */
    public static LinkFaults delay(long nanos) {
        return new LinkFaults(0, 0, 0, 0, nanos, 0, 0);
    }

    public LinkFaults withDrop(int ppm) {
        return new LinkFaults(
                ppm, duplicatePpm, corruptPpm, reorderPpm, delayNanos, jitterNanos, reorderNanos);
    }

    public LinkFaults withDuplicate(int ppm) {
        return new LinkFaults(
                dropPpm, ppm, corruptPpm, reorderPpm, delayNanos, jitterNanos, reorderNanos);
    }

    public LinkFaults withCorrupt(int ppm) {
        return new LinkFaults(
                dropPpm, duplicatePpm, ppm, reorderPpm, delayNanos, jitterNanos, reorderNanos);
    }

    public LinkFaults withReorder(int ppm, long heldBackNanos) {
        return new LinkFaults(
                dropPpm, duplicatePpm, corruptPpm, ppm, delayNanos, jitterNanos, heldBackNanos);
    }

    public LinkFaults withJitter(long nanos) {
        return new LinkFaults(
                dropPpm, duplicatePpm, corruptPpm, reorderPpm, delayNanos, nanos, reorderNanos);
    }
}
