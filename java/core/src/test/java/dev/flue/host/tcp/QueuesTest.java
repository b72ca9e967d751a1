// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.host.link.BufferPool;
import dev.flue.offload.NetBufferList;
import dev.flue.spi.HeapMemory;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Send queue, receive queue and reassembly against plain byte arrays. */
class QueuesTest {
    private static final int CHUNK = 256;

    private final HeapMemory memory = new HeapMemory();
    private final BufferPool pool = new BufferPool(memory, CHUNK, 2, 64);
    private final SendQueue send = new SendQueue(new SendBuffers(pool, null, 4096));
    private final List<Long> returned = new ArrayList<>();
    private final ReceiveQueue receive =
            new ReceiveQueue(new ReceiveBuffers(memory, pool, new Loans(), returned::add), 4096);
    private final Reassembly reassembly = new Reassembly(pool);
    private final ByteBuffer scratch = ByteBuffer.allocate(8192);

    private static byte[] bytes(int from, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) ((from + i) * 31 >> 3);
        }
        return bytes;
    }

    private byte[] copy(int offset, int length) {
        return copy(send, offset, length);
    }

    private byte[] copy(SendQueue queue, int offset, int length) {
        queue.copy(offset, length, scratch, 0);
        byte[] out = new byte[length];
        scratch.get(0, out);
        return out;
    }

    @Test
    void theSendQueueIsBoundedAndKeepsItsBytes() {
        ByteBuffer source = ByteBuffer.wrap(bytes(0, 5000));
        assertThat(send.append(source)).isEqualTo(4096);
        assertThat(source.position()).isEqualTo(4096);
        assertThat(send.room()).isZero();
        assertThat(copy(1000, 600)).isEqualTo(bytes(1000, 600));
        send.acknowledge(1000);
        assertThat(copy(0, 600)).isEqualTo(bytes(1000, 600));
        assertThat(send.append(source)).isEqualTo(904);
        assertThat(copy(3000, 1000)).isEqualTo(bytes(4000, 1000));
        send.acknowledge(4000);
        assertThat(send.isEmpty()).isTrue();
        assertThat(pool.held()).isZero();
    }

    @Test
    void randomAppendsAndAcknowledgementsLoseNothing() {
        BufferPool small = new BufferPool(memory, SendBuffers.SMALL, 2, 64);
        BufferPool chunks = new BufferPool(memory, SendBuffers.LEAST_CHUNK, 2, 64);
        appendsAndAcknowledgements(send);
        appendsAndAcknowledgements(new SendQueue(new SendBuffers(chunks, small, 4096)));
        assertThat(pool.held() + small.held() + chunks.held()).isZero();
    }

    private void appendsAndAcknowledgements(SendQueue queue) {
        Random random = new Random(1);
        int una = 0;
        int end = 0;
        for (int i = 0; i < 5000; i++) {
            end += queue.append(ByteBuffer.wrap(bytes(end, random.nextInt(700))));
            int offset = queue.bytes() == 0 ? 0 : random.nextInt(queue.bytes());
            int length = Math.min(queue.bytes() - offset, 1448);
            assertThat(copy(queue, offset, length)).isEqualTo(bytes(una + offset, length));
            int acknowledged = random.nextInt(queue.bytes() + 1);
            queue.acknowledge(acknowledged);
            una += acknowledged;
            assertThat(queue.bytes()).isEqualTo(end - una);
        }
        queue.clear();
    }

    @Test
    void whatIsLentIsNotAppendedToAndComesBackInOrder() {
        send.append(ByteBuffer.wrap(bytes(0, 100)));
        long first = send.lend(77);
        assertThat(send.lent()).isEqualTo(1);
        assertThat(new NetBufferList(memory).wrap(first).protocolReserved0()).isEqualTo(77);
        send.append(ByteBuffer.wrap(bytes(100, 100)));
        assertThat(send.lend(77)).isNotEqualTo(first).isNotZero();
        assertThat(send.lend(77)).isZero();
        // The target got 30 bytes of the first acknowledged.
        pool.range(first, 30, 70);
        send.takeBack();
        assertThat(send.bytes()).isEqualTo(170);
        assertThat(copy(0, 170)).isEqualTo(bytes(30, 170));
        send.clear();
        assertThat(pool.held()).isZero();
    }

    @Test
    void aCompletedBufferIsFreedWholeWhateverItsBufferSays() {
        send.append(ByteBuffer.wrap(bytes(0, 100)));
        long nbl = send.lend(1);
        pool.range(nbl, 100, 0);
        assertThat(send.completed(nbl + 8)).isFalse();
        assertThat(send.completed(nbl)).isTrue();
        assertThat(send.bytes()).isZero();
        assertThat(pool.held()).isZero();
    }

    @Test
    void aMessageByItselfTakesASmallBufferAndMoreMovesToAChunk() {
        int chunk = SendBuffers.LEAST_CHUNK;
        BufferPool chunks = new BufferPool(memory, chunk, 2, 4);
        BufferPool small = new BufferPool(memory, SendBuffers.SMALL, 2, 2);
        SendQueue queue = new SendQueue(new SendBuffers(chunks, small, 8 * chunk));
        queue.append(ByteBuffer.wrap(bytes(0, SendBuffers.SMALL)));
        assertThat(List.of(small.held(), chunks.held())).containsExactly(1, 0);
        queue.acknowledge(20);
        queue.append(ByteBuffer.wrap(bytes(SendBuffers.SMALL, 1)));
        assertThat(List.of(small.held(), chunks.held())).containsExactly(0, 1);
        assertThat(copy(queue, 0, queue.bytes())).isEqualTo(bytes(20, SendBuffers.SMALL - 19));
        long first = queue.lend(1);
        assertThat(queue.lastLent()).isEqualTo(first);
        // Nothing waits: the next one is by itself again; one byte more is not.
        assertThat(queue.claim(SendBuffers.SMALL)).isTrue();
        assertThat(List.of(small.held(), chunks.held())).containsExactly(1, 1);
        queue.abort();
        assertThat(queue.claim(SendBuffers.SMALL + 1)).isTrue();
        assertThat(List.of(small.held(), chunks.held())).containsExactly(0, 2);
        queue.abort();
        assertThat(queue.completed(first)).isTrue();
        assertThat(queue.bytes() + small.held() + chunks.held()).isZero();
    }

    @Test
    void whatDoesNotFitIntoOneChunkWithASmallBuffersBytesLeavesThemThere() {
        int chunk = SendBuffers.LEAST_CHUNK;
        BufferPool chunks = new BufferPool(memory, chunk, 1, 1);
        BufferPool small = new BufferPool(memory, SendBuffers.SMALL, 1, 1);
        SendQueue queue = new SendQueue(new SendBuffers(chunks, small, 8 * chunk));
        queue.append(ByteBuffer.wrap(bytes(0, 1)));
        assertThat(queue.claim(chunk)).isTrue();
        queue.commit(chunk);
        assertThat(List.of(small.held(), chunks.held())).containsExactly(1, 1);
        queue.acknowledge(1 + chunk);
        // And where there is no chunk for both, there is no room.
        long taken = chunks.allocate();
        assertThat(queue.append(ByteBuffer.wrap(bytes(0, SendBuffers.SMALL + 1)))).isZero();
        assertThat(queue.append(ByteBuffer.wrap(bytes(0, SendBuffers.SMALL - 1)))).isPositive();
        assertThat(queue.append(ByteBuffer.wrap(bytes(0, 2)))).isEqualTo(1);
        assertThat(queue.bytes()).isEqualTo(SendBuffers.SMALL);
        queue.clear();
        chunks.free(taken);
        assertThat(small.held() + chunks.held()).isZero();
    }

    @Test
    void withoutSmallBuffersLeftAMessageTakesAChunk() {
        BufferPool chunks = new BufferPool(memory, SendBuffers.LEAST_CHUNK, 2, 2);
        BufferPool small = new BufferPool(memory, SendBuffers.SMALL, 1, 1);
        SendBuffers buffers = new SendBuffers(chunks, small, 4096);
        List<SendQueue> queues = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            SendQueue queue = new SendQueue(buffers);
            assertThat(queue.append(ByteBuffer.wrap(bytes(i, 10)))).isEqualTo(i < 3 ? 10 : 0);
            queues.add(queue);
        }
        assertThat(buffers.held()).isEqualTo(3);
        assertThat(queues.get(3).room()).isZero();
        queues.forEach(SendQueue::clear);
        assertThat(buffers.held()).isZero();
    }

    private int take(ByteArrayOutputStream to, int limit) {
        return receive.deliver(
                (buffer, offset, length) -> {
                    for (int i = 0; i < length; i++) {
                        to.write(buffer.get(offset + i));
                    }
                    return length;
                },
                limit);
    }

    @Test
    void ownAndLentDataComesOutInTheOrderItCameIn() {
        scratch.put(0, bytes(0, 1000));
        receive.append(scratch, 0, 300);
        BufferPool targets = new BufferPool(memory, CHUNK, 2, 2);
        long nbl = targets.allocate();
        targets.buffer(nbl).put(BufferPool.dataAt(nbl), bytes(300, 200));
        targets.range(nbl, 0, 200);
        receive.appendLent(nbl, 200);
        receive.append(scratch, 500, 500);
        assertThat(receive.bytes()).isEqualTo(1000);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(take(out, 350)).isEqualTo(350);
        assertThat(returned).isEmpty();
        assertThat(take(out, 10_000)).isEqualTo(650);
        assertThat(returned).containsExactly(nbl);
        assertThat(out.toByteArray()).isEqualTo(bytes(0, 1000));
        assertThat(pool.held()).isZero();
    }

    @Test
    void aHandlerMayTakePartAndMayNotComeBackIn() {
        scratch.put(0, bytes(0, 100));
        receive.append(scratch, 0, 100);
        assertThat(receive.deliver((buffer, offset, length) -> 40, 100)).isEqualTo(40);
        assertThat(receive.bytes()).isEqualTo(60);
        assertThatThrownBy(() -> receive.deliver((b, o, length) -> length + 1, 100))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                        () ->
                                receive.deliver(
                                        (b, o, length) -> receive.deliver((x, y, z) -> z, 1), 9))
                .isInstanceOf(IllegalStateException.class);
        receive.deliver(
                (b, o, length) -> {
                    receive.clear();
                    return length;
                },
                10);
        assertThat(receive.bytes()).isZero();
        assertThat(pool.held()).isZero();
    }

    @Test
    void memoryIsABoundOfTheReceiveQueue() {
        int stored = 0;
        for (int i = 0; i < 100; i++) {
            stored += receive.append(scratch, 0, CHUNK);
        }
        assertThat(stored).isEqualTo(64 * CHUNK);
        receive.clear();
    }

    @Test
    void piecesInAnyOrderWithOverlapsComeOutOnce() {
        Random random = new Random(2);
        for (int round = 0; round < 300; round++) {
            int base = random.nextInt();
            int size = 3000;
            byte[] all = bytes(0, size);
            int next = 0;
            while (next < size) {
                int start = next + random.nextInt(Math.min(600, size - next));
                int length = 1 + random.nextInt(Math.min(200, size - start));
                scratch.put(0, all, start, length);
                reassembly.insert(base + start, scratch, 0, length);
                if (random.nextInt(3) == 0) {
                    int first = Math.min(100, size - next);
                    scratch.put(0, all, next, first);
                    receive.append(scratch, 0, first);
                    next += first;
                }
                next += reassembly.drain(base + next, receive);
                if (receive.bytes() > 8000) {
                    take(new ByteArrayOutputStream(), 1);
                }
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            take(out, size);
            assertThat(out.toByteArray()).isEqualTo(all);
            reassembly.clear();
            assertThat(pool.held()).isZero();
        }
    }

    @Test
    void reassemblyIsBounded() {
        BufferPool large = new BufferPool(memory, CHUNK, 2, 1000);
        Reassembly bounded = new Reassembly(large);
        int kept = 0;
        for (int i = 0; i < 400; i++) {
            kept += bounded.insert(10 * i + 1, scratch, 0, 5) ? 1 : 0;
        }
        assertThat(kept).isEqualTo(Reassembly.MAX_SEGMENTS);
        assertThat(bounded.segments()).isEqualTo(Reassembly.MAX_SEGMENTS);
        bounded.clear();
        assertThat(large.held()).isZero();
    }
}
