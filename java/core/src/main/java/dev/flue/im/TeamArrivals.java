// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.Arrays;

/**
 * Connections that their member has while the host's initiate waits for another member. Nothing of
 * them may go up before it completes (T-45, T-47): events are kept; data is refused, and asked for
 * again afterwards by a receive of no bytes.
 */
final class TeamArrivals implements AutoCloseable {
    private static final int POSTS = 64;
    private static final int NET_BUFFER_AT = NetBufferList.BYTES;
    private static final int MDL_AT = NET_BUFFER_AT + NetBuffer.BYTES;
    private static final int DATA_AT = MDL_AT + Mdl.BYTES;
    private static final int REFUSED = 1 << 16;

    private static final TcpEvent[] EVENT = TcpEvent.values();
    private static final int EVENTS = EVENT.length;

    private final IntermediateDriver driver;
    private final boolean[] early;
    private final int[] next;
    private final int[] missed;
    private final long[] information;
    private final int[] first;
    private final int[] pending;
    private final RecordPool posts;
    private final NetBufferList list;
    private final NetBuffer buffer;
    private final Mdl mdl;
    private int pendingCount;

    TeamArrivals(Memory memory, IntermediateDriver driver, int capacity, int calls) {
        this.driver = driver;
        this.early = new boolean[capacity];
        this.next = new int[capacity];
        this.missed = new int[capacity];
        this.information = new long[Math.multiplyExact(capacity, EVENTS)];
        this.pending = new int[capacity];
        this.first = new int[calls];
        Arrays.fill(first, -1);
        this.list = new NetBufferList(memory);
        this.buffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
        this.posts = new RecordPool(memory, DATA_AT + Long.BYTES, POSTS);
    }

    int postsHeld() {
        return posts.held();
    }

    /** The member has it; this call of the host's is not complete. */
    void arrived(int entry, int call) {
        early[entry] = true;
        missed[entry] = 0;
        next[entry] = first[call];
        first[call] = entry;
    }

    boolean early(int entry) {
        return early[entry];
    }

    /** An event of one that is early. */
    void missed(int entry, TcpEvent event, long eventInformation) {
        missed[entry] |= 1 << event.ordinal();
        information[entry * EVENTS + event.ordinal()] = eventInformation;
    }

    /** Data of one that is early was refused. */
    void refused(int entry) {
        missed[entry] |= REFUSED;
    }

    /** The host knows of its initiate's completion. */
    void told(int call) {
        int entry = first[call];
        first[call] = -1;
        while (entry >= 0) {
            early[entry] = false;
            int what = missed[entry];
            int following = next[entry];
            for (int i = 0; i < EVENTS; i++) {
                if ((what & 1 << i) != 0 && driver.entries().offloaded(entry)) {
                    driver.event(entry, EVENT[i], information[entry * EVENTS + i]);
                }
            }
            if ((what & REFUSED) != 0 && pendingCount < pending.length) {
                pending[pendingCount++] = entry;
            }
            entry = following;
        }
    }

    /** Ask for refused data again; how much was asked for. */
    int run() {
        int count = 0;
        while (pendingCount > 0 && posts.held() < posts.capacity()) {
            int entry = pending[--pendingCount];
            if (driver.entries().offloaded(entry)) {
                long handle = driver.handleOf(entry);
                IoKind.RECEIVE.down(driver.lowerOf(entry).binding(), handle, post(), 0);
                count++;
            }
        }
        return count;
    }

    /** Whether {@link #run} has something to do at once. */
    boolean due() {
        return pendingCount > 0 && posts.held() < posts.capacity();
    }

    private long post() {
        long ref = posts.allocate();
        long data = ref + DATA_AT;
        mdl.wrap(ref + MDL_AT).next(0).data(data).byteCount(Long.BYTES);
        buffer.wrap(ref + NET_BUFFER_AT).next(0).mdlChain(ref + MDL_AT);
        buffer.currentMdl(ref + MDL_AT).currentMdlOffset(0).dataOffset(0).dataLength(0);
        list.wrap(ref).next(0).firstNetBuffer(ref + NET_BUFFER_AT).status(0);
        list.bytesTransferred(0).receiveBytesTransferred(0).receiveNoPush(0).flags(0);
        return ref;
    }

    /** Completed receives without our own ones, which end here. */
    long strip(long chain) {
        long head = 0;
        long tail = 0;
        long following;
        for (long at = chain; at != 0; at = following) {
            following = list.wrap(at).next();
            if (posts.owns(at)) {
                posts.free(at);
            } else if (tail == 0) {
                head = at;
                tail = at;
            } else {
                list.wrap(tail).next(at);
                tail = at;
            }
        }
        if (tail != 0) {
            list.wrap(tail).next(0);
        }
        return head;
    }

    @Override
    public void close() {
        posts.close();
    }
}
