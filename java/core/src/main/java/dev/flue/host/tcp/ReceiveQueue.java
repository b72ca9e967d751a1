// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.BurstHandler;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.ReceiveHandler;
import dev.flue.host.link.BufferPool;
import dev.flue.offload.Refs;
import java.nio.ByteBuffer;

/**
 * Received data that the application has not taken, in order. What the host stack received was
 * copied into buffers of its own; what a target indicated stays where it lies, in the target's
 * memory, and goes back to the target.
 *
 * <p>Each buffer or list counts its holders: this queue, every loan of a part of it, and a target
 * that is to fill the rest. Whoever is last gives it back. The count lies in its scratch field,
 * which is the current holder's, that is ours.
 */
public final class ReceiveQueue implements LoanedBuffer.Lender {
    /** Where lent lists go when they are used up. */
    @FunctionalInterface
    public interface Returner {
        void giveBack(long netBufferList);
    }

    private static final int LEAST = 2;

    /** In the scratch field: the application has it all, and it counts as held. */
    private static final long CHARGED = 1L << 32;

    private final ReceiveBuffers shared;
    private Runnable onRelease = () -> {};

    // Entries of two words: the reference; a bit for a lent list, from where 31 bits, and how much
    // 32 bits. Lent lists: bytes in all. Mostly there is one at most, and of many connections each
    // line counts: the first one is here, those behind it in the ring, where its place is left
    // free.
    private static final int WORDS = 2;
    private static final long LENT = Long.MIN_VALUE;
    private static final long[] NO_RING = new long[WORDS];

    private long firstRef;
    private long firstSpan;
    private long[] ring = NO_RING;
    private int mask;
    private int head;
    private int count;
    private int lentCount;

    private int limit;
    private int bytes;

    /** What the application has taken and not released, by the memory that it keeps. */
    private int charged;

    // Buffers, or rests of them, that a target is to fill.
    private int posted;
    private int postedBytes;

    /** Bytes of the first entry that were taken. */
    private int headTaken;

    // Where the next byte lies when the first entry is lent.
    private long headMdl;
    private int headMdlOffset;

    private boolean delivering;
    private boolean withheld;
    private boolean clearLater;

    ReceiveQueue(ReceiveBuffers shared, int limit) {
        this.shared = shared;
        this.limit = limit;
    }

    /** Bytes it is to hold: the receive window. */
    int limit() {
        return limit;
    }

    void limit(int value) {
        limit = value;
    }

    /** What to do when the application gave a loan back. */
    void onRelease(Runnable action) {
        onRelease = action;
    }

    /** Bytes that can be taken. */
    public int bytes() {
        return withheld ? 0 : bytes;
    }

    /**
     * Copy everything out for a target, and let nothing be taken meanwhile (H-11): {@link #forgo}
     * ends that, or {@link #regain}.
     *
     * @return bytes copied; 0 = there is nothing, or more than {@code room}, or it is not ours
     */
    public int withhold(ByteBuffer to, int at, int room) {
        if (bytes == 0 || bytes > room || lentCount > 0 || delivering) {
            return 0;
        }
        int copied = 0;
        for (int i = 0; i < count; i++) {
            int skip = i == 0 ? headTaken : 0;
            int length = size(i) - skip;
            int from = BufferPool.dataAt(ref(i)) + start(i) + skip;
            to.put(at + copied, shared.pool.buffer(ref(i)), from, length);
            copied += length;
        }
        withheld = true;
        return copied;
    }

    /** A target has what was withheld. */
    public void forgo() {
        withheld = false;
        clear();
    }

    /** No target has it: it can be taken again. */
    public void regain() {
        withheld = false;
    }

    /** Bytes that are missing from the window: not taken, or kept by the application. */
    public int held() {
        return bytes + charged;
    }

    /** Lists of a target that are held here. */
    public int lentLists() {
        return lentCount;
    }

    /** Copy received bytes in; how many there was memory for. */
    int append(ByteBuffer from, int at, int length) {
        int stored = 0;
        while (stored < length) {
            int last = count - 1;
            if (count == 0 || lent(last) || space(last) == 0) {
                long fresh = shared.pool.allocate();
                if (fresh == 0) {
                    break;
                }
                shared.list.wrap(fresh).scratch(1);
                add(fresh, 0, 0, false);
                last = count - 1;
            }
            int piece = Math.min(length - stored, space(last));
            int to = BufferPool.dataAt(ref(last)) + start(last) + size(last);
            shared.pool.buffer(ref(last)).put(to, from, at + stored, piece);
            enlarge(last, piece);
            stored += piece;
        }
        bytes += stored;
        return stored;
    }

    /** Bytes that an own buffer can still take. */
    private int space(int index) {
        return shared.pool.dataBytes() - start(index) - size(index);
    }

    /** Keep a list that a target indicated, whole. It goes back when it was taken. */
    public void appendLent(long netBufferList, int length) {
        if (length <= 0) {
            shared.returner.giveBack(netBufferList);
            return;
        }
        shared.list.wrap(netBufferList).scratch(1);
        add(netBufferList, 0, length, true);
        lentCount++;
        bytes += length;
        if (count == 1) {
            startHead();
        }
    }

    // ---- Buffers that a target fills.

    /** Buffers that a target has to fill. */
    public int posted() {
        return posted;
    }

    /** Bytes that they can take. */
    public int postedBytes() {
        return postedBytes;
    }

    /**
     * A buffer for a target to fill, as a list of its own: the rest of the last buffer when that is
     * next in the stream, otherwise a fresh one. Buffers are filled in the order of these calls.
     *
     * @return 0 when memory is out
     */
    public long post() {
        int last = count - 1;
        boolean rest = posted == 0 && count > 0 && !lent(last) && space(last) > 0;
        long buffer = rest ? ref(last) : shared.pool.allocate();
        if (buffer == 0) {
            return 0;
        }
        int offset = rest ? start(last) + size(last) : 0;
        int unread = rest ? size(last) - (count == 1 ? headTaken : 0) : 0;
        shared.pool.range(buffer, offset, shared.pool.dataBytes() - offset);
        shared.list.wrap(buffer).receiveBytesTransferred(unread).protocolReserved1(offset);
        shared.list.status(0).bytesTransferred(0).scratch(rest ? shared.list.scratch() + 1 : 1);
        posted++;
        postedBytes += shared.pool.dataBytes() - offset;
        return buffer;
    }

    /** Where its buffers come from. */
    public BufferPool pool() {
        return shared.pool;
    }

    /** The target is done with a buffer and put so many bytes into it. */
    public void filled(long buffer, int length) {
        int offset = (int) shared.list.wrap(buffer).protocolReserved1();
        posted--;
        postedBytes -= shared.pool.dataBytes() - offset;
        int stored = Math.max(0, Math.min(length, shared.pool.dataBytes() - offset));
        int last = count - 1;
        if (stored == 0) {
            drop(buffer);
        } else if (count > 0 && ref(last) == buffer) {
            enlarge(last, stored);
            drop(buffer);
        } else {
            if ((shared.list.scratch() & CHARGED) != 0) {
                shared.list.scratch(shared.list.scratch() & ~CHARGED);
                charged -= shared.pool.dataBytes();
            }
            add(buffer, offset, stored, false);
        }
        bytes += stored;
    }

    private long ref(int index) {
        return index == 0 ? firstRef : ring[slot(index)];
    }

    private long span(int index) {
        return index == 0 ? firstSpan : ring[slot(index) + 1];
    }

    private int slot(int index) {
        return (head + index & mask) * WORDS;
    }

    private boolean lent(int index) {
        return span(index) < 0;
    }

    private int start(int index) {
        return (int) (span(index) >>> 32) & Integer.MAX_VALUE;
    }

    private int size(int index) {
        return (int) span(index);
    }

    private void enlarge(int index, int length) {
        put(index, ref(index), span(index) + length);
    }

    private void put(int index, long ref, long span) {
        if (index == 0) {
            firstRef = ref;
            firstSpan = span;
        } else {
            ring[slot(index)] = ref;
            ring[slot(index) + 1] = span;
        }
    }

    private void add(long ref, int start, int size, boolean isLent) {
        if (count > mask) {
            unroll();
        }
        put(count, ref, (isLent ? LENT : 0) | (long) start << 32 | size);
        count++;
    }

    /** Twice the room. */
    private void unroll() {
        long[] larger = new long[Math.max(LEAST * WORDS, ring.length * 2)];
        for (int i = 1; i < count; i++) {
            larger[i * WORDS] = ref(i);
            larger[i * WORDS + 1] = span(i);
        }
        ring = larger;
        mask = larger.length / WORDS - 1;
        head = 0;
    }

    private void removeFirst() {
        count--;
        if (count > 0) {
            put(0, ref(1), span(1));
            head = head + 1 & mask;
        }
    }

    /** Offer the data to the handler; bytes it took. */
    int deliver(ReceiveHandler handler, int limit) {
        begin();
        int taken = 0;
        try {
            while (count > 0 && taken < limit && !clearLater && !withheld) {
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
            end();
        }
        return taken;
    }

    /** Hand pieces over on loan; how many. */
    int lend(BurstHandler handler, int limit) {
        begin();
        LoanedBuffer shown = shared.take();
        int pieces = 0;
        try {
            while (count > 0 && pieces < limit && !clearLater && !withheld) {
                int length = pieceLength();
                shown.open(this, pieceBuffer(), pieceOffset(), length, firstRef);
                boolean returned = false;
                try {
                    handler.onData(shown);
                    returned = true;
                } finally {
                    // What a failing handler did not keep is not lost: it is offered again.
                    if (returned || !shown.isOpen()) {
                        advance(length);
                        pieces++;
                    }
                    shown.expire();
                }
            }
        } finally {
            shared.give(shown);
            end();
        }
        return pieces;
    }

    private void begin() {
        if (delivering) {
            throw new IllegalStateException("receive() or poll() called out of its own handler");
        }
        delivering = true;
    }

    private void end() {
        delivering = false;
        if (clearLater) {
            clear();
        }
    }

    /** The handler keeps what it was shown. */
    @Override
    public void moved(LoanedBuffer from, LoanedBuffer to) {
        long ref = to.cookie();
        shared.list.wrap(ref).scratch(shared.list.scratch() + 1);
        shared.loans.keep(to, this, ref);
    }

    /** The handler wants no more of what it was shown: nothing to do before its call ends. */
    @Override
    public void released(LoanedBuffer loan, long cookie) {}

    /** A loan was given back. */
    void released() {
        onRelease.run();
    }

    private int pieceLength() {
        if (!lent(0)) {
            return size(0) - headTaken;
        }
        shared.mdl.wrap(headMdl);
        while (shared.mdl.byteCount() <= headMdlOffset) {
            headMdlOffset -= shared.mdl.byteCount();
            headMdl = shared.mdl.next();
            shared.mdl.wrap(headMdl);
        }
        return Math.min(shared.mdl.byteCount() - headMdlOffset, size(0) - headTaken);
    }

    private ByteBuffer pieceBuffer() {
        return lent(0)
                ? shared.memory.buffer(Refs.region(shared.mdl.data()))
                : shared.pool.buffer(firstRef);
    }

    private int pieceOffset() {
        return lent(0)
                ? Refs.offset(shared.mdl.data()) + headMdlOffset
                : BufferPool.dataAt(firstRef) + start(0) + headTaken;
    }

    private void advance(int took) {
        bytes -= took;
        headTaken += took;
        headMdlOffset += took;
        if (headTaken == size(0)) {
            pop();
        }
    }

    private void pop() {
        long ref = firstRef;
        lentCount -= lent(0) ? 1 : 0;
        removeFirst();
        if (!drop(ref)) {
            shared.list.scratch(shared.list.scratch() | CHARGED);
            charged += charge(ref);
        }
        startHead();
    }

    /** One holder less; true when it was the last one, and the memory went back. */
    boolean drop(long ref) {
        long holders = shared.list.wrap(ref).scratch() - 1;
        shared.list.scratch(holders);
        if ((int) holders > 0) {
            return false;
        }
        if ((holders & CHARGED) != 0) {
            charged -= charge(ref);
        }
        if (shared.pool.owns(ref)) {
            shared.pool.free(ref);
        } else {
            shared.returner.giveBack(ref);
        }
        return true;
    }

    /** What a buffer or list costs the window while the application keeps a part of it. */
    private int charge(long ref) {
        if (shared.pool.owns(ref)) {
            return shared.pool.dataBytes();
        }
        return shared.netBuffer.wrap(shared.list.wrap(ref).firstNetBuffer()).dataLength();
    }

    private void startHead() {
        headTaken = 0;
        if (count > 0 && lent(0)) {
            shared.netBuffer.wrap(shared.list.wrap(firstRef).firstNetBuffer());
            headMdl = shared.netBuffer.currentMdl();
            headMdlOffset = shared.netBuffer.currentMdlOffset();
        }
    }

    /** Throw everything away but what the application keeps. */
    void clear() {
        if (delivering) {
            clearLater = true;
            return;
        }
        clearLater = false;
        withheld = false;
        while (count > 0) {
            pop();
        }
        bytes = 0;
    }
}
