// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.NetBufferList;
import dev.flue.spi.Memory;

/**
 * What a driver keeps with each NBL that passes it (chimney 7.8): whose it is, and a note of the
 * driver's. A context's number travels in the NBL; the one that stood there before, of a driver
 * above, is put back when the context is freed, so drivers stack. A fixed number; nothing is
 * allocated after the constructor.
 */
final class NblContexts {
    /** High half of the number in an NBL, to tell it from anything else that stands there. */
    private static final long MARK = 0x4e43_0000_0000L;

    private final NetBufferList list;
    private final long[] ref;
    private final long[] before;
    private final long[] note;
    private final int[] entry;
    private final int[] upper;
    private final int[] lower;
    private final FreeNumbers free;

    NblContexts(Memory memory, int capacity) {
        this.list = new NetBufferList(memory);
        this.ref = new long[capacity];
        this.before = new long[capacity];
        this.note = new long[capacity];
        this.entry = new int[capacity];
        this.upper = new int[capacity];
        this.lower = new int[capacity];
        this.free = new FreeNumbers(capacity);
    }

    int available() {
        return free.available();
    }

    int held() {
        return free.held();
    }

    /**
     * A context for each NBL of a chain, or, where there are not enough, for none.
     *
     * @param ofEntry the connection, or -1: an ordinary frame
     * @return false: not enough
     */
    boolean open(long chain, int ofEntry, int ofUpper, int ofLower, long newNote) {
        int count = 0;
        for (long at = chain; at != 0; at = list.wrap(at).next()) {
            if (++count > free.available()) {
                return false;
            }
        }
        for (long at = chain; at != 0; at = list.next()) {
            int id = free.take();
            list.wrap(at);
            ref[id] = at;
            before[id] = list.context();
            note[id] = newNote;
            entry[id] = ofEntry;
            upper[id] = ofUpper;
            lower[id] = ofLower;
            list.context(MARK | id);
        }
        return true;
    }

    /** The context of an NBL, or -1: it did not pass here. */
    int find(long nbl) {
        long id = list.wrap(nbl).context() ^ MARK;
        return id >= 0 && id < ref.length && ref[(int) id] == nbl ? (int) id : -1;
    }

    long note(int id) {
        return note[id];
    }

    int entry(int id) {
        return entry[id];
    }

    int upper(int id) {
        return upper[id];
    }

    int lower(int id) {
        return lower[id];
    }

    /** Forget it; the NBL gets back what stood in it. */
    void close(int id) {
        list.wrap(ref[id]).context(before[id]);
        ref[id] = 0;
        free.give(id);
    }
}
