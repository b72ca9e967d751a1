// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/**
 * Submissions that wait for room, first in, first out, as primitive longs. Grows as needed and
 * keeps what it grew to. One thread.
 */
final class Backlog {
    private static final int FIELDS = 5;
    private static final int FIRST_CAPACITY = 64;

    private long[] entries = new long[FIRST_CAPACITY * FIELDS];
    private int capacity = FIRST_CAPACITY;
    private long head;
    private long tail;

    boolean isEmpty() {
        return head == tail;
    }

    int size() {
        return (int) (tail - head);
    }

    /** The number of the entry that {@link #add} makes next; counts from 0 for ever. */
    long tailNumber() {
        return tail;
    }

    /** The number of the first entry. */
    long headNumber() {
        return head;
    }

    /** An entry that waits for nothing but its turn. */
    void add(int op, int arg0, long token, long ref, long arg1) {
        add(op, arg0, token, ref, arg1, 0);
    }

    /** {@code after}: kept for {@link #headAfter}. */
    void add(int op, int arg0, long token, long ref, long arg1, long after) {
        if (size() == capacity) {
            grow();
        }
        int at = slot(tail++);
        entries[at] = (long) op << 32 | arg0 & 0xffffffffL;
        entries[at + 1] = token;
        entries[at + 2] = ref;
        entries[at + 3] = arg1;
        entries[at + 4] = after;
    }

    int op() {
        return (int) (entries[slot(head)] >>> 32);
    }

    /** What the first entry was added with. */
    long headAfter() {
        return entries[slot(head) + 4];
    }

    /** The first entry to the ring, and off here if it took it. */
    boolean moveTo(SubmissionRing ring) {
        int at = slot(head);
        boolean taken =
                ring.offer(
                        op(), (int) entries[at], entries[at + 1], entries[at + 2], entries[at + 3]);
        if (taken) {
            head++;
        }
        return taken;
    }

    /** The first entry to the end of another, or of this one; {@code after} as for add. */
    void moveTo(Backlog other, long after) {
        int at = slot(head++);
        other.add(
                (int) (entries[at] >>> 32),
                (int) entries[at],
                entries[at + 1],
                entries[at + 2],
                entries[at + 3],
                after);
    }

    private int slot(long number) {
        return ((int) number & (capacity - 1)) * FIELDS;
    }

    private void grow() {
        if (capacity >= Integer.MAX_VALUE / FIELDS / 2) {
            throw new OutOfMemoryError(capacity + " submissions wait for the engine");
        }
        long[] larger = new long[entries.length * 2];
        for (long n = head; n < tail; n++) {
            int to = ((int) n & (capacity * 2 - 1)) * FIELDS;
            System.arraycopy(entries, slot(n), larger, to, FIELDS);
        }
        entries = larger;
        capacity *= 2;
    }
}
