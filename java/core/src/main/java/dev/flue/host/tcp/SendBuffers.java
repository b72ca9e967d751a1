// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.host.link.BufferPool;
import dev.flue.offload.NetBufferList;
import java.nio.ByteBuffer;
import java.util.function.BiFunction;

/**
 * What sent data lies in until it is acknowledged: buffers of one chunk, and small ones for a
 * message that goes by itself. Ten thousand connections with a message under way each then hold 5
 * MB, not 160, and what is touched for one lies beside what is touched for others: fewer pages. One
 * thread.
 */
final class SendBuffers implements AutoCloseable {
    /** A small buffer with its NBL, NB and MDL: eight of them share a page. */
    private static final int SMALL_RECORD = 512;

    /** Bytes of a small buffer. */
    static final int SMALL = SMALL_RECORD - BufferPool.DATA;

    /** What a connection may have in small buffers before it has chunks, on the average. */
    private static final int SMALL_PER_CONNECTION = 16 * SMALL;

    /** Of chunks below this, small buffers would spare little. */
    static final int LEAST_CHUNK = 4 * SMALL_RECORD;

    /** Bytes that one queue takes. */
    final int maxBytes;

    /** Buffers that one queue has. */
    final int maxBuffers;

    private final BufferPool chunks;
    private final BufferPool small;

    /**
     * Both pools.
     *
     * @param pools makes one, for so many bytes a buffer and a connection
     */
    static SendBuffers of(TcpSettings settings, BiFunction<Integer, Integer, BufferPool> pools) {
        BufferPool chunks = pools.apply(settings.sendChunk(), settings.sendBuffer());
        if (settings.sendChunk() < LEAST_CHUNK) {
            return new SendBuffers(chunks, null, settings.sendBuffer());
        }
        try {
            return new SendBuffers(
                    chunks, pools.apply(SMALL, SMALL_PER_CONNECTION), settings.sendBuffer());
        } catch (OutOfMemoryError memoryIsOut) {
            chunks.close();
            throw memoryIsOut;
        }
    }

    /**
     * @param chunks owned from now on
     * @param small of {@link #SMALL} bytes, owned from now on; null = none
     * @param maxBytes that one queue takes
     */
    SendBuffers(BufferPool chunks, BufferPool small, int maxBytes) {
        this.maxBytes = maxBytes;
        this.maxBuffers = Math.max(16, 4 * (maxBytes / chunks.dataBytes()));
        this.chunks = chunks;
        this.small = small;
    }

    /** Bytes of a chunk: the most that lie in one buffer. */
    int chunk() {
        return chunks.dataBytes();
    }

    /** Chunks that can still be handed out. */
    int available() {
        return chunks.available();
    }

    /** Buffers handed out. */
    int held() {
        return chunks.held() + (small == null ? 0 : small.held());
    }

    /** A chunk without data in it; 0 when all are out. */
    long allocate() {
        return chunks.allocate();
    }

    /** A buffer for so many bytes and hardly more: a small one if it will do and there is one. */
    long allocate(int bytes) {
        long ref = small != null && bytes <= SMALL ? small.allocate() : 0;
        return ref != 0 ? ref : chunks.allocate();
    }

    /** Misuse throws IllegalArgumentException. */
    void free(long ref) {
        poolOf(ref).free(ref);
    }

    /** Bytes that a buffer has room for. */
    int capacity(long ref) {
        return poolOf(ref).dataBytes();
    }

    /** Whether it is a small one. */
    boolean small(long ref) {
        return small != null && small.owns(ref);
    }

    private BufferPool poolOf(long ref) {
        return small(ref) ? small : chunks;
    }

    // What lies in a buffer is found in the same way in both.

    ByteBuffer memory(long ref) {
        return chunks.buffer(ref);
    }

    void range(long ref, int offset, int length) {
        chunks.range(ref, offset, length);
    }

    int offset(long ref) {
        return chunks.offset(ref);
    }

    int length(long ref) {
        return chunks.length(ref);
    }

    NetBufferList list(long ref) {
        return chunks.list(ref);
    }

    @Override
    public void close() {
        chunks.close();
        if (small != null) {
            small.close();
        }
    }
}
