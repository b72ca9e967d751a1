// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import java.util.Arrays;

/**
 * What is known of the bytes from SND.UNA to SND.NXT, as runs in order without gaps: whether the
 * peer has them, whether they are lost, and when they were sent last (RFC 6675, 8985). A data
 * structure alone: it knows no connection and no clock.
 *
 * <p>Sent in one go, bytes are one run. There are at most {@link #MAX_RUNS}; what would need more
 * is not told apart: a SACK is then overlooked, which is always allowed.
 */
final class Scoreboard {
    /** The peer has it. */
    static final int SACKED = 1;

    /** It is lost, and not under way again. */
    static final int LOST = 2;

    /** It was sent more than once. */
    static final int AGAIN = 4;

    /** Nobody knows when it was sent: no round trip is measured by it. */
    static final int UNTIMED = 8;

    static final int MAX_RUNS = 1024;

    private static final int FIRST = 8;

    /** Hears of every piece that arrived, in order of the sequence numbers. */
    interface Arrivals {
        /**
         * @param end one past its last byte
         * @param sentAt when it was sent last
         * @param again whether it was sent more than once, or nobody knows
         */
        void arrived(int end, long sentAt, boolean again);

        /**
         * The same of what was sent once, nobody knows when: its time says only what was sent
         * before it, and what after it.
         */
        default void ordered(int end, long sentAt) {
            arrived(end, sentAt, true);
        }
    }

    private int[] ends = new int[FIRST];
    private int[] flags = new int[FIRST];
    private long[] times = new long[FIRST];
    private int count;
    private int base;
    private int sacked;
    private int lost;

    /** Nothing is in flight any more; what comes begins at {@code una}. */
    void clear(int una) {
        count = 0;
        base = una;
        sacked = 0;
        lost = 0;
    }

    int runs() {
        return count;
    }

    int start(int index) {
        return index == 0 ? base : ends[index - 1];
    }

    int end(int index) {
        return ends[index];
    }

    int flags(int index) {
        return flags[index];
    }

    /** When a run was sent last. */
    long sentAt(int index) {
        return times[index];
    }

    /** When a run was sent is not known, but that it was not after this. */
    void sentBefore(int index, long time) {
        if ((flags[index] & (UNTIMED | AGAIN)) == UNTIMED) {
            times[index] = Math.min(times[index], time);
        }
    }

    /** One past the last byte. */
    int end() {
        return count == 0 ? base : ends[count - 1];
    }

    /** Bytes the peer said it has. */
    int sacked() {
        return sacked;
    }

    /** Bytes that are lost and not under way again. */
    int lost() {
        return lost;
    }

    /** Bytes under way (RFC 6675, pipe). */
    int inFlight() {
        return Seq.distance(base, end()) - sacked - lost;
    }

    /** Runs that the peer said it has, none next to another. */
    int islands() {
        int islands = 0;
        for (int i = 0; i < count; i++) {
            islands += (flags[i] & SACKED) != 0 ? 1 : 0;
        }
        return islands;
    }

    /** The first run that is lost; -1 = none is. */
    int firstLost() {
        for (int i = 0; lost > 0 && i < count; i++) {
            if ((flags[i] & LOST) != 0) {
                return i;
            }
        }
        return -1;
    }

    /** Bytes that follow the last ones were sent. */
    void sent(int end, long now, boolean again) {
        append(end, again ? AGAIN : 0, now);
    }

    /** The same with what another stack knows of them. */
    void append(int end, int runFlags, long sentAt) {
        int length = Seq.distance(end(), end);
        if (length <= 0) {
            return;
        }
        sacked += (runFlags & SACKED) != 0 ? length : 0;
        lost += (runFlags & LOST) != 0 ? length : 0;
        int last = count - 1;
        boolean full = count >= MAX_RUNS && (flags[last] & (SACKED | LOST)) == 0 && runFlags == 0;
        if (count > 0 && (full || flags[last] == runFlags && times[last] == sentAt)) {
            ends[last] = end;
            times[last] = sentAt;
            return;
        }
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, count * 2);
            flags = Arrays.copyOf(flags, count * 2);
            times = Arrays.copyOf(times, count * 2);
        }
        ends[count] = end;
        flags[count] = runFlags;
        times[count] = sentAt;
        count++;
    }

    /**
     * Everything before {@code una} has arrived.
     *
     * @return bytes of it that were not known to have
     */
    int acknowledge(int una, Arrivals arrivals) {
        int delivered = 0;
        int gone = 0;
        while (gone < count && Seq.lt(start(gone), una)) {
            int end = Seq.min(ends[gone], una);
            int length = Seq.distance(start(gone), end);
            delivered += (flags[gone] & SACKED) != 0 ? 0 : length;
            leave(gone, length, end, arrivals);
            if (end != ends[gone]) {
                break;
            }
            gone++;
        }
        base = gone == count ? una : Seq.max(base, una);
        remove(0, gone);
        return delivered;
    }

    /** Bytes of a run count no longer: they arrived, or are counted anew. */
    private void leave(int index, int length, int end, Arrivals arrivals) {
        if ((flags[index] & SACKED) != 0) {
            sacked -= length;
            return;
        }
        lost -= (flags[index] & LOST) != 0 ? length : 0;
        if (arrivals == null) {
            return;
        }
        if ((flags[index] & (AGAIN | UNTIMED)) == UNTIMED) {
            arrivals.ordered(end, times[index]);
        } else {
            arrivals.arrived(end, times[index], (flags[index] & (AGAIN | UNTIMED)) != 0);
        }
    }

    private void remove(int from, int gone) {
        if (gone > 0) {
            int rest = count - from - gone;
            System.arraycopy(ends, from + gone, ends, from, rest);
            System.arraycopy(flags, from + gone, flags, from, rest);
            System.arraycopy(times, from + gone, times, from, rest);
            count -= gone;
        }
    }

    /**
     * The peer says that it has [start, end); both inside.
     *
     * @return bytes of it that were not known to have arrived
     */
    int sack(int start, int end, Arrivals arrivals) {
        if (!split(start) || !split(end)) {
            return 0;
        }
        int delivered = 0;
        int first = indexOf(start);
        for (int i = first; i < count && Seq.lt(start(i), end); i++) {
            if ((flags[i] & SACKED) == 0) {
                int length = Seq.distance(start(i), ends[i]);
                leave(i, length, ends[i], arrivals);
                sacked += length;
                delivered += length;
                flags[i] = SACKED;
            }
        }
        join(Math.max(0, first - 1), end);
        return delivered;
    }

    /** [start, end), lost or not, is under way again; it lies inside. */
    void resent(int start, int end, long now) {
        if (!split(start) || !split(end)) {
            // Too many runs to tell: the whole run counts as sent.
            resentWhole(start, now);
            return;
        }
        int first = indexOf(start);
        for (int i = first; i < count && Seq.lt(start(i), end); i++) {
            if ((flags[i] & SACKED) == 0) {
                found(i);
                flags[i] = AGAIN;
                times[i] = now;
            }
        }
        join(Math.max(0, first - 1), end);
    }

    private void resentWhole(int start, long now) {
        int index = indexOf(start);
        if (index < count && (flags[index] & SACKED) == 0) {
            found(index);
            flags[index] = AGAIN;
            times[index] = now;
        }
    }

    private void found(int index) {
        if ((flags[index] & LOST) != 0) {
            flags[index] &= ~LOST;
            lost -= Seq.distance(start(index), ends[index]);
        }
    }

    /** A run that is under way is lost; bytes of it. */
    int lose(int index) {
        if ((flags[index] & (SACKED | LOST)) != 0) {
            return 0;
        }
        int length = Seq.distance(start(index), ends[index]);
        flags[index] |= LOST;
        lost += length;
        return length;
    }

    /** Everything the peer did not say it has is lost. */
    void loseAll() {
        for (int i = 0; i < count; i++) {
            lose(i);
        }
        join(0, end());
    }

    /** At least the first bytes are lost. */
    void loseFirst(int bytes) {
        if (count > 0) {
            split(Seq.min(base + bytes, ends[0]));
            lose(0);
        }
    }

    /** Nothing is lost: what was counted so is under way. */
    void loseNone() {
        for (int i = 0; i < count; i++) {
            found(i);
        }
    }

    /** The peer took back what it said (RFC 2018, 8): all of that is under way as before. */
    void forgetSacks() {
        for (int i = 0; i < count; i++) {
            flags[i] = (flags[i] & SACKED) != 0 ? AGAIN : flags[i];
        }
        sacked = 0;
    }

    /** The run that holds a byte; {@link #runs()} when none does. */
    private int indexOf(int sequence) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = low + high >>> 1;
            if (Seq.leq(ends[middle], sequence)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** A run begins at {@code sequence}; false when there are too many. */
    private boolean split(int sequence) {
        int index = indexOf(sequence);
        if (index == count || start(index) == sequence) {
            return true;
        }
        if (count >= MAX_RUNS) {
            return false;
        }
        int end = ends[index];
        insert(index);
        ends[index] = sequence;
        ends[index + 1] = end;
        return true;
    }

    /** The run twice. */
    private void insert(int index) {
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, count * 2);
            flags = Arrays.copyOf(flags, count * 2);
            times = Arrays.copyOf(times, count * 2);
        }
        int rest = count - index;
        System.arraycopy(ends, index, ends, index + 1, rest);
        System.arraycopy(flags, index, flags, index + 1, rest);
        System.arraycopy(times, index, times, index + 1, rest);
        count++;
    }

    /** Neighbors that are alike become one, from a run on until behind {@code end}. */
    private void join(int first, int end) {
        int i = first;
        while (i + 1 < count && Seq.leq(ends[i], end)) {
            boolean untimed = (flags[i] & SACKED) != 0;
            if (flags[i] == flags[i + 1] && (untimed || times[i] == times[i + 1])) {
                ends[i] = ends[i + 1];
                remove(i + 1, 1);
            } else {
                i++;
            }
        }
    }
}
