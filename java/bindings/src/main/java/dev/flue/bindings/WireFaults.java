// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/**
 * What one link of a {@link Wire} does to frames. Probabilities in one in a million, times in
 * nanoseconds; 0 = not at all.
 *
 * @param dropPpm loss, outside of bursts
 * @param duplicatePpm a second copy
 * @param corruptPpm one bit flipped
 * @param reorderPpm held back by {@code reorderNanos} more
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
public record WireFaults(
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
        long queueBytes) {}
