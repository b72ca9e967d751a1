// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.host.link.BufferPool;
import dev.flue.offload.NetBufferList;
import java.nio.ByteBuffer;

/**
 * What the application gave and the peer has not acknowledged, in order, in send buffers that can
 * be lent to a target: the same buffers serve before, during and after an offload. The first byte
 * is SND.UNA.
 *
 * <p>The first {@link #lent} buffers are the target's. Nothing is appended to those, and their
 * NET_BUFFERs are only read again when they come back.
 *
 * <p>Bytes are put in by a claim: contiguous free memory behind the last byte, in the last buffer
 * or in a fresh one. A buffer with an open claim is never lent and never freed: where the queue
 * lets go of it, it stands on its own until the claim ends.
 */
public final class SendQueue {
    private static final int LEAST = 2;
    private static final long[] NO_RING = {0};

    private final SendBuffers buffers;

    // Mostly there is one buffer at most, and of many connections each line counts: the first one
    // is here, those behind it in the ring, where its place is left free.
    private long first;
    private long[] ring = NO_RING;
    private int mask;
    private int head;
    private int count;
    private int lent;
    private int bytes;

    // The open claim: the buffer it lies in, 0 = none, and where. Often that is the last of the
    // ring; otherwise nobody else knows of it.
    private long claimed;
    private int claimedAt;

    // The buffer that bytes were put into last, 0 = not known, its range and what it can take: so
    // many small messages fit into one that asking memory again for each of them is a good part of
    // their cost.
    private long tail;
    private int tailOffset;
    private int tailLength;
    private int tailCapacity;

    SendQueue(SendBuffers buffers) {
        this.buffers = buffers;
    }

    /** Bytes not acknowledged, sent or not. Lent buffers count until they complete. */
    public int bytes() {
        return bytes;
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /** Buffers that a target has. */
    public int lent() {
        return lent;
    }

    /** Bytes that {@link #append} would take now. */
    int room() {
        long chunks = Math.min(buffers.maxBuffers - count, buffers.available());
        long space = tailSpace() + chunks * buffers.chunk();
        return (int) Math.max(0, Math.min(buffers.maxBytes - bytes, space));
    }

    private int tailSpace() {
        if (count == lent) {
            return 0;
        }
        long last = at(count - 1);
        if (last != tail) {
            tail = last;
            tailCapacity = buffers.capacity(last);
            tailOffset = buffers.offset(last);
            tailLength = buffers.length(last);
        }
        return tailCapacity - tailOffset - tailLength;
    }

    private void tailRange(long buffer, int offset, int length) {
        buffers.range(buffer, offset, length);
        if (buffer != tail) {
            tail = buffer;
            tailCapacity = buffers.capacity(buffer);
        }
        tailOffset = offset;
        tailLength = length;
    }

    /** Take bytes from the source's position on; bytes taken. No claim is open. */
    int append(ByteBuffer source) {
        int taken = 0;
        int wanted = Math.min(source.remaining(), buffers.maxBytes - bytes);
        while (taken < wanted) {
            int piece = reserve(wanted - taken, 1);
            if (piece == 0) {
                break;
            }
            buffers.memory(claimed).put(claimIndex(), source, source.position(), piece);
            source.position(source.position() + piece);
            commit(piece);
            taken += piece;
        }
        return taken;
    }

    // Claims.

    /** The most bytes that can be claimed at a time. */
    int maxClaim() {
        return Math.min(buffers.chunk(), buffers.maxBytes);
    }

    /** Open a claim; false when there is no room for it now. No other one is open. */
    boolean claim(int length) {
        return length <= buffers.maxBytes - bytes && reserve(length, length) > 0;
    }

    /** Open a claim of {@code least} to {@code wanted} bytes; how many, 0 = no memory. */
    private int reserve(int wanted, int least) {
        int space = tailSpace();
        if (space < least && count > lent && outgrown(least)) {
            space = tailSpace();
        }
        if (space >= least) {
            claimed = tail;
            claimedAt = tailOffset + tailLength;
            return Math.min(space, wanted);
        }
        claimed = count < buffers.maxBuffers ? allocate(wanted) : 0;
        claimedAt = 0;
        return claimed == 0 ? 0 : Math.min(buffers.capacity(claimed), wanted);
    }

    /** What follows on bytes that wait to be sent is a part of more: that has a chunk. */
    private long allocate(int bytes) {
        return count == lent ? buffers.allocate(bytes) : buffers.allocate();
    }

    /**
     * The last buffer is small, and what it has fits into a chunk together with what is to come: it
     * moves there.
     */
    private boolean outgrown(int least) {
        if (!buffers.small(tail) || tailLength + least > buffers.chunk()) {
            return false;
        }
        long chunk = buffers.allocate();
        if (chunk == 0) {
            return false;
        }
        long small = tail;
        move(small, chunk);
        buffers.free(small);
        tailRange(chunk, 0, tailLength);
        return true;
    }

    /** The bytes of the last buffer lie in another one from now on. */
    private void move(long from, long to) {
        int length = buffers.length(from);
        int at = BufferPool.dataAt(from) + buffers.offset(from);
        buffers.memory(to).put(BufferPool.dataAt(to), buffers.memory(from), at, length);
        buffers.range(to, 0, length);
        put(count - 1, to);
    }

    /** The memory of the open claim. */
    ByteBuffer claimMemory() {
        return buffers.memory(claimed);
    }

    /** Index of the claim's first byte in its memory. */
    int claimIndex() {
        return BufferPool.dataAt(claimed) + claimedAt;
    }

    private boolean claimInQueue() {
        return count > 0 && claimed == at(count - 1);
    }

    /** The first bytes of the claim join the queue; it is closed. */
    void commit(int length) {
        if (claimInQueue()) {
            // Nothing lies between the bytes before and the claim.
            int offset = claimed == tail ? tailOffset : buffers.offset(claimed);
            tailRange(claimed, offset, claimedAt - offset + length);
        } else {
            tailRange(claimed, claimedAt, length);
            add(claimed);
        }
        bytes += length;
        claimed = 0;
    }

    /** The claim is closed, nothing of it is taken. */
    void abort() {
        if (!claimInQueue()) {
            buffers.free(claimed);
        }
        claimed = 0;
    }

    /** A buffer leaves the queue; one with an open claim lives on for that. */
    private void release(long buffer) {
        if (buffer != claimed) {
            buffers.free(buffer);
        }
    }

    private void add(long buffer) {
        if (count > mask) {
            long[] larger = new long[Math.max(LEAST, ring.length * 2)];
            for (int i = 1; i < count; i++) {
                larger[i] = at(i);
            }
            ring = larger;
            mask = larger.length - 1;
            head = 0;
        }
        put(count, buffer);
        count++;
    }

    private long at(int index) {
        return index == 0 ? first : ring[head + index & mask];
    }

    private void put(int index, long buffer) {
        if (index == 0) {
            first = buffer;
        } else {
            ring[head + index & mask] = buffer;
        }
    }

    private void removeFirst() {
        count--;
        if (count > 0) {
            first = at(1);
            head = head + 1 & mask;
        }
    }

    /** The first bytes were acknowledged; nothing is lent. */
    void acknowledge(int acknowledged) {
        int left = acknowledged;
        bytes -= acknowledged;
        while (left > 0) {
            int length = buffers.length(first);
            if (left < length) {
                buffers.range(first, buffers.offset(first) + left, length - left);
                tail = 0;
                return;
            }
            left -= length;
            pop();
        }
    }

    private void pop() {
        release(first);
        removeFirst();
    }

    /** Copy bytes that start {@code offset} behind SND.UNA; nothing is lent. */
    void copy(int offset, int length, ByteBuffer to, int at) {
        int skip = offset;
        int done = 0;
        for (int i = 0; done < length; i++) {
            long buffer = at(i);
            int here = buffers.length(buffer);
            if (skip >= here) {
                skip -= here;
                continue;
            }
            int piece = Math.min(here - skip, length - done);
            int from = BufferPool.dataAt(buffer) + buffers.offset(buffer) + skip;
            to.put(at + done, buffers.memory(buffer), from, piece);
            done += piece;
            skip = 0;
        }
    }

    // Hand-over.

    /**
     * Get an open claim out of the way of {@link #lend}: the bytes before it move to a buffer of
     * their own, the claim stays where it lies.
     *
     * @return false when there is no buffer for that now
     */
    public boolean makeLendable() {
        if (claimed == 0 || !claimInQueue()) {
            return true;
        }
        long copy = buffers.allocate(buffers.length(claimed));
        if (copy == 0) {
            return false;
        }
        move(claimed, copy);
        tail = 0;
        return true;
    }

    /**
     * Lend what is not lent yet, after {@link #makeLendable}, as a chain of NBLs that name their
     * owner in protocolReserved0.
     *
     * @param owner reference of the connection's offload handle
     * @return first NBL, or 0 when there was nothing to lend
     */
    public long lend(long owner) {
        if (lent == count) {
            return 0;
        }
        long chain = at(lent);
        for (int i = lent; i < count; i++) {
            long next = i + 1 < count ? at(i + 1) : 0;
            int length = buffers.length(at(i));
            NetBufferList list = buffers.list(at(i)).next(next).status(0).bytesTransferred(0);
            list.protocolReserved0(owner).protocolReserved1(length);
        }
        lent = count;
        return chain;
    }

    /** The last NBL lent, or 0. */
    public long lastLent() {
        return lent == 0 ? 0 : at(lent - 1);
    }

    /**
     * A target is done with a buffer: every byte of it is acknowledged, or dropped. It goes back to
     * the buffers.
     *
     * @return false when it does not stand in the queue as lent: a fault of the target
     */
    public boolean completed(long netBufferList) {
        for (int i = 0; i < lent; i++) {
            if (at(i) == netBufferList) {
                removeLent(i);
                bytes -= (int) buffers.list(netBufferList).protocolReserved1();
                buffers.free(netBufferList);
                return true;
            }
        }
        return false;
    }

    private void removeLent(int index) {
        for (int i = index; i > 0; i--) {
            put(i, at(i - 1));
        }
        removeFirst();
        lent--;
    }

    /**
     * The target has nothing any more: all buffers are ours again, and the bytes left are what
     * their NET_BUFFERs say. Buffers without bytes go.
     */
    public void takeBack() {
        lent = 0;
        bytes = 0;
        tail = 0;
        int kept = 0;
        for (int i = 0; i < count; i++) {
            long buffer = at(i);
            int length = buffers.length(buffer);
            if (length <= 0) {
                release(buffer);
            } else {
                bytes += length;
                put(kept++, buffer);
            }
        }
        count = kept;
    }

    /** Drop everything that is not lent. An open claim stays open. */
    public void clear() {
        while (count > lent) {
            long last = at(count - 1);
            bytes -= buffers.length(last);
            release(last);
            count--;
        }
        if (count == 0) {
            bytes = 0;
        }
    }
}
