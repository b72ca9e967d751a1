// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ReceiveHandler;
import dev.flue.host.link.BufferPool;
import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Received data that the application has not taken, in order. What the host stack received was
 * copied into buffers of its own; what a target indicated stays where it lies, in the target's
 * memory, until it is taken, and then goes back to the target.
 */
public final class ReceiveQueue {
    /** Where lent lists go when they are used up. */
    @FunctionalInterface
    public interface Returner {
        void giveBack(long netBufferList);
    }

    private static final int FIRST = 4;

    private final Memory memory;
    private final BufferPool pool;
    private final Returner returner;
    private final NetBufferList list;
    private final NetBuffer netBuffer;
    private final Mdl mdl;

    // A ring of entries. Own buffers: sizes = bytes filled. Lent lists: sizes = bytes in all.
    private long[] refs = new long[FIRST];
    private int[] sizes = new int[FIRST];
    private boolean[] lent = new boolean[FIRST];
    private int head;
    private int count;
    private int lentCount;

    private int bytes;

    /** Bytes of the first entry that were taken. */
    private int headTaken;

    // Where the next byte lies when the first entry is lent.
    private long headMdl;
    private int headMdlOffset;

    private boolean delivering;
    private boolean clearLater;

    ReceiveQueue(Memory memory, BufferPool pool, Returner returner) {
        this.memory = memory;
        this.pool = pool;
        this.returner = returner;
        this.list = new NetBufferList(memory);
        this.netBuffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
    }

    /** Bytes not taken. */
    public int bytes() {
        return bytes;
    }

    /** Lists of a target that are held here. */
    public int lentLists() {
        return lentCount;
    }

    /** Copy received bytes in; how many there was memory for. */
    int append(ByteBuffer from, int at, int length) {
        int stored = 0;
        while (stored < length) {
            int last = head + count - 1 & refs.length - 1;
            if (count == 0 || lent[last] || sizes[last] == pool.dataBytes()) {
                long fresh = pool.allocate();
                if (fresh == 0) {
                    break;
                }
                add(fresh, 0, false);
                last = head + count - 1 & refs.length - 1;
            }
            int piece = Math.min(length - stored, pool.dataBytes() - sizes[last]);
            int to = BufferPool.dataAt(refs[last]) + sizes[last];
            pool.buffer(refs[last]).put(to, from, at + stored, piece);
            sizes[last] += piece;
            stored += piece;
        }
        bytes += stored;
        return stored;
    }

    /** Keep a list that a target indicated, whole. It goes back when it was taken. */
    public void appendLent(long netBufferList, int length) {
        if (length <= 0) {
            returner.giveBack(netBufferList);
            return;
        }
        add(netBufferList, length, true);
        lentCount++;
        bytes += length;
        if (count == 1) {
            startHead();
        }
    }

    private void add(long ref, int size, boolean isLent) {
        if (count == refs.length) {
            grow();
        }
        int slot = head + count & refs.length - 1;
        refs[slot] = ref;
        sizes[slot] = size;
        lent[slot] = isLent;
        count++;
    }

    private void grow() {
        int length = refs.length;
        refs = rotated(refs, new long[length * 2]);
        int[] newSizes = new int[length * 2];
        boolean[] newLent = new boolean[length * 2];
        for (int i = 0; i < length; i++) {
            newSizes[i] = sizes[head + i & length - 1];
            newLent[i] = lent[head + i & length - 1];
        }
        sizes = newSizes;
        lent = newLent;
        head = 0;
    }

    private long[] rotated(long[] from, long[] to) {
        for (int i = 0; i < from.length; i++) {
            to[i] = from[head + i & from.length - 1];
        }
        return to;
    }

    /** Offer the data to the handler; bytes it took. */
    int deliver(ReceiveHandler handler, int limit) {
        if (delivering) {
            throw new IllegalStateException("receive() called out of its own handler");
        }
        delivering = true;
        int taken = 0;
        try {
            while (count > 0 && taken < limit && !clearLater) {
                int offered = Math.min(limit - taken, pieceLength());
                int took = handler.onData(pieceBuffer(), pieceOffset(), offered);
                if (took < 0 || took > offered) {
                    throw new IllegalArgumentException(
                            "handler took " + took + " of " + offered + " bytes");
                }
                advance(took);
                taken += took;
                if (took < offered) {
                    break;
                }
            }
        } finally {
            delivering = false;
            if (clearLater) {
                clear();
            }
        }
        return taken;
    }

    private int pieceLength() {
        if (!lent[head]) {
            return sizes[head] - headTaken;
        }
        mdl.wrap(headMdl);
        while (mdl.byteCount() <= headMdlOffset) {
            headMdlOffset -= mdl.byteCount();
            headMdl = mdl.next();
            mdl.wrap(headMdl);
        }
        return Math.min(mdl.byteCount() - headMdlOffset, sizes[head] - headTaken);
    }

    private ByteBuffer pieceBuffer() {
        return lent[head] ? memory.buffer(Refs.region(mdl.data())) : pool.buffer(refs[head]);
    }

    private int pieceOffset() {
        return lent[head]
                ? Refs.offset(mdl.data()) + headMdlOffset
                : BufferPool.dataAt(refs[head]) + headTaken;
    }

    private void advance(int took) {
        bytes -= took;
        headTaken += took;
        headMdlOffset += took;
        if (headTaken == sizes[head]) {
            pop();
        }
    }

    private void pop() {
        long ref = refs[head];
        boolean wasLent = lent[head];
        head = head + 1 & refs.length - 1;
        count--;
        if (wasLent) {
            lentCount--;
            returner.giveBack(ref);
        } else {
            pool.free(ref);
        }
        startHead();
    }

    private void startHead() {
        headTaken = 0;
        if (count > 0 && lent[head]) {
            netBuffer.wrap(list.wrap(refs[head]).firstNetBuffer());
            headMdl = netBuffer.currentMdl();
            headMdlOffset = netBuffer.currentMdlOffset();
        }
    }

    /** Throw everything away; lent lists go back. */
    void clear() {
        if (delivering) {
            clearLater = true;
            return;
        }
        clearLater = false;
        while (count > 0) {
            pop();
        }
        bytes = 0;
        Arrays.fill(refs, 0);
    }
}
