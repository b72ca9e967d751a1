// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/**
 * What the SACK option of our ACKs says: the block of the newest segment first, then those reported
 * last (RFC 2018, 4), and before all of them what came twice (RFC 2883).
 */
final class SackBlocks {
    /** Bytes of the option without blocks, padding included. */
    static final int HEADER = 4;

    static final int BLOCK = 8;

    /** As many as fit beside timestamps. */
    static final int MAX_WITH_TIMESTAMPS = 3;

    static final int MAX = 4;

    private static final int REMEMBERED = 8;
    private static final int KIND = 5;

    // One sequence number of each block that was touched lately, newest first.
    private final int[] recent = new int[REMEMBERED];
    private int count;

    private boolean twice;
    private int twiceFrom;
    private int twiceTo;

    // Blocks of the option being written.
    private final int[] starts = new int[MAX];
    private final int[] ends = new int[MAX];
    private int written;

    /** The first of them that is one of what is held: what came twice may be the whole of it. */
    private int told;

    /** A segment was put aside; {@code held} has it. */
    void arrived(Reassembly held, int sequence) {
        int index = held.find(sequence);
        if (index < 0) {
            return;
        }
        int start = held.blockStart(index);
        int end = held.blockEnd(index);
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (!Seq.within(recent[i], start, end)) {
                recent[kept++] = recent[i];
            }
        }
        count = Math.min(kept, REMEMBERED - 1);
        System.arraycopy(recent, 0, recent, 1, count);
        recent[0] = sequence;
        count++;
    }

    /** A segment of the block that was touched the longest ago; {@code held} is not empty. */
    int oldest(Reassembly held) {
        for (int i = 0; i < held.segments(); i++) {
            boolean first = i == 0 || !held.follows(i);
            if (first && !lately(held.start(i), held.blockEnd(i))) {
                return i;
            }
        }
        for (int i = count - 1; i > 0; i--) {
            int index = held.find(recent[i]);
            if (index >= 0) {
                return held.find(held.blockStart(index));
            }
        }
        return 0;
    }

    private boolean lately(int start, int end) {
        for (int i = 0; i < count; i++) {
            if (Seq.within(recent[i], start, end)) {
                return true;
            }
        }
        return false;
    }

    /** Bytes came that we had. Told once, in the next ACK; pieces that touch are told as one. */
    void twice(int from, int to) {
        boolean touches = twice && Seq.leq(from, twiceTo) && Seq.leq(twiceFrom, to);
        twiceFrom = touches && Seq.lt(twiceFrom, from) ? twiceFrom : from;
        twiceTo = touches ? Seq.max(twiceTo, to) : to;
        twice = true;
    }

    /** Whether a block is to be told that {@code held} does not show. */
    boolean hasTwice() {
        return twice;
    }

    /**
     * Write the option.
     *
     * @param age how many of the blocks touched last are not to be told first: the ACK is one of
     *     several for as many segments
     * @param max blocks there is room for
     * @return where the option ends; {@code at} when there is nothing to tell
     */
    int write(Reassembly held, int age, ByteBuffer buffer, int at, int max) {
        if (max < 1 || !twice && held.isEmpty()) {
            return at;
        }
        written = 0;
        told = 0;
        if (twice) {
            take(twiceFrom, twiceTo);
            told = 1;
            twice = false;
        }
        for (int i = Math.min(age, Math.max(0, count - 1)); i < count && written < max; i++) {
            take(held, held.find(recent[i]));
        }
        for (int i = 0; i < held.segments() && written < max; i++) {
            if (i == 0 || !held.follows(i)) {
                take(held, i);
            }
        }
        Net.put32(buffer, at, 0x01010000 | KIND << 8 | 2 + BLOCK * written);
        for (int i = 0; i < written; i++) {
            Net.put32(buffer, at + HEADER + BLOCK * i, starts[i]);
            Net.put32(buffer, at + HEADER + BLOCK * i + 4, ends[i]);
        }
        return at + HEADER + BLOCK * written;
    }

    private void take(Reassembly held, int index) {
        if (index < 0) {
            return;
        }
        int start = held.blockStart(index);
        int end = held.blockEnd(index);
        for (int i = told; i < written; i++) {
            if (starts[i] == start && ends[i] == end) {
                return;
            }
        }
        take(start, end);
    }

    private void take(int start, int end) {
        starts[written] = start;
        ends[written] = end;
        written++;
    }

    void clear() {
        count = 0;
        twice = false;
    }
}
