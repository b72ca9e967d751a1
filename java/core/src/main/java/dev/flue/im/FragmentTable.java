// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * Where the first fragment of a packet went, so that the others follow it. A fixed number of
 * packets: a newer one takes the place of an older one. Nothing is allocated after the constructor.
 */
final class FragmentTable {
    /** A packet has to get whole in less (RFC 1122, 3.3.2; RFC 8200, 4.5). */
    static final long LIFE_NANOS = 60_000_000_000L;

    private static final int SLOTS = 256;

    private final long[] key = new long[5 * SLOTS];
    private final long[] since = new long[SLOTS];
    private final int[] where = new int[SLOTS];

    /**
     * The first fragment of this packet goes there.
     *
     * @param id of the packet: the same number for all of its fragments
     * @param destination not 0
     */
    void put(
            long sourceHi,
            long sourceLo,
            long localHi,
            long localLo,
            int id,
            int destination,
            long now) {
        int slot = slot(sourceLo, localLo, id);
        int at = 5 * slot;
        key[at] = sourceHi;
        key[at + 1] = sourceLo;
        key[at + 2] = localHi;
        key[at + 3] = localLo;
        key[at + 4] = id;
        since[slot] = now;
        where[slot] = destination;
    }

    /** Where it went; 0 = not known. */
    int get(long sourceHi, long sourceLo, long localHi, long localLo, int id, long now) {
        int slot = slot(sourceLo, localLo, id);
        int at = 5 * slot;
        boolean same =
                key[at] == sourceHi
                        && key[at + 1] == sourceLo
                        && key[at + 2] == localHi
                        && key[at + 3] == localLo
                        && key[at + 4] == id;
        return same && now - since[slot] < LIFE_NANOS ? where[slot] : 0;
    }

    private static int slot(long source, long local, int id) {
        long mixed = (source * 0x9E3779B97F4A7C15L ^ local) * 0xBF58476D1CE4E5B9L ^ id;
        return (int) (mixed * 0x94D049BB133111EBL >>> 56) & SLOTS - 1;
    }
}
