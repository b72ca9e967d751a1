// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.OffloadHandle;
import dev.flue.offload.RecordPool;
import dev.flue.spi.Memory;

/**
 * The IM offload entries of one driver: an entry per offloaded object (chimney 7.2). It holds the
 * handle received from above and the driver's own {@link OffloadHandle}, which is what the driver
 * below knows the object by. All in arrays; nothing is allocated after the constructor.
 *
 * <p>A token names an entry to the driver above: kind (8 bits), generation (24), index (32). The
 * generation changes when the object is gone, so an old token names nothing.
 *
 * <p>Some entries are ghosts: they stand in for a token from above that names nothing, so that the
 * driver below answers for that block like for the others.
 */
final class OffloadEntries implements AutoCloseable {
    /** What a ghost's handle holds: no driver below makes such a token. */
    static final long NO_SUCH_TOKEN = -1;

    /** A target that fails to terminate an object so often has lost it (chimney 4.7). */
    static final int MAX_FAILURES = 2;

    private static final int KIND = 0x49;
    private static final int GENERATION_MASK = 0xffffff;

    private static final byte FREE = 0;
    private static final byte INITIATING = 1;
    private static final byte OFFLOADED = 2;
    private static final byte GONE = 3;

    private final RecordPool pool;
    private final OffloadHandle handle;
    private final long[] own;
    private final long[] upper;
    private final int[] generation;
    private final int[] uses;
    private final byte[] state;
    private final byte[] failures;
    private final int[] upperFace;
    private final int[] lowerFace;
    private final boolean[] shortOfMemory;

    OffloadEntries(Memory memory, int capacity) {
        this.pool = new RecordPool(memory, OffloadHandle.BYTES, capacity);
        this.handle = new OffloadHandle(memory);
        this.own = new long[capacity];
        this.upper = new long[capacity];
        this.generation = new int[capacity];
        this.uses = new int[capacity];
        this.state = new byte[capacity];
        this.failures = new byte[capacity];
        this.upperFace = new int[capacity];
        this.lowerFace = new int[capacity];
        this.shortOfMemory = new boolean[capacity];
    }

    /** An entry for a new object, its own slot empty; -1 when all are taken. */
    int create(long upperHandle, UpperInterface from, LowerInterface to) {
        return allocate(upperHandle, from, to, INITIATING, 0);
    }

    /** An entry that only carries a dead reference through the driver below; -1 when none is. */
    int createGhost(long upperHandle, UpperInterface from, LowerInterface to) {
        return allocate(upperHandle, from, to, GONE, NO_SUCH_TOKEN);
    }

    private int allocate(
            long upperHandle,
            UpperInterface from,
            LowerInterface to,
            byte newState,
            long lowerToken) {
        long ref = pool.allocate();
        if (ref == 0) {
            return -1;
        }
        int entry = pool.index(ref);
        own[entry] = ref;
        upper[entry] = upperHandle;
        upperFace[entry] = from.number();
        lowerFace[entry] = to.number();
        shortOfMemory[entry] = false;
        state[entry] = newState;
        uses[entry] = 0;
        failures[entry] = 0;
        handle.wrap(ref).ndisReserved(upperHandle).miniportOffloadContext(lowerToken);
        return entry;
    }

    /** The offloaded object that a token from above names, or -1: stale, forged or 0. */
    int find(long token) {
        long index = token & 0xffffffffL;
        if (index >= own.length) {
            return -1;
        }
        int entry = (int) index;
        return state[entry] == OFFLOADED && token(entry) == token ? entry : -1;
    }

    /** The token in a slot that a block names by its MiniportOffloadContext; 0 = it is empty. */
    long tokenIn(long miniportOffloadContext) {
        return handle.wrap(miniportOffloadContext - Long.BYTES).miniportOffloadContext();
    }

    /** The entry of a handle that went down, or -1 when it is none of ours or was freed. */
    int ofHandle(long ref) {
        if (!pool.owns(ref)) {
            return -1;
        }
        int entry = pool.index(ref);
        return state[entry] == FREE ? -1 : entry;
    }

    /** The token that names the entry to the driver above. */
    long token(int entry) {
        return (long) KIND << 56 | (long) generation[entry] << 32 | entry;
    }

    /** Reference of our own handle. */
    long handle(int entry) {
        return own[entry];
    }

    /** Reference of the handle above. */
    long upperHandle(int entry) {
        return upper[entry];
    }

    /** Number of the face above that the object came from. */
    int upper(int entry) {
        return upperFace[entry];
    }

    /** Number of the face below that it went to. */
    int lower(int entry) {
        return lowerFace[entry];
    }

    /** I/O of it found no memory: nothing more goes down before it is uploaded (I-33). */
    boolean shortOfMemory(int entry) {
        return shortOfMemory[entry];
    }

    void shortOfMemory(int entry, boolean now) {
        shortOfMemory[entry] = now;
    }

    /** The token of the driver below. */
    long lowerToken(int entry) {
        return handle.wrap(own[entry]).miniportOffloadContext();
    }

    boolean initiating(int entry) {
        return state[entry] == INITIATING;
    }

    boolean offloaded(int entry) {
        return state[entry] == OFFLOADED;
    }

    void offloaded(int entry, boolean now) {
        state[entry] = now ? OFFLOADED : GONE;
        if (!now) {
            generation[entry] = generation[entry] + 1 & GENERATION_MASK;
        }
    }

    /** A terminate of it failed. True when it counts as lost. */
    boolean terminateFailed(int entry) {
        return ++failures[entry] >= MAX_FAILURES;
    }

    /** A block that refers to the entry went down. */
    void use(int entry) {
        uses[entry]++;
    }

    /** Whether a block that refers to it is under way. */
    boolean used(int entry) {
        return uses[entry] > 0;
    }

    /** It came back. An entry whose object is gone is freed with its last block. */
    void unuse(int entry) {
        if (--uses[entry] == 0 && state[entry] == GONE) {
            state[entry] = FREE;
            pool.free(own[entry]);
        }
    }

    int limit() {
        return own.length;
    }

    int available() {
        return pool.capacity() - pool.held();
    }

    int held() {
        return pool.held();
    }

    @Override
    public void close() {
        pool.close();
    }
}
