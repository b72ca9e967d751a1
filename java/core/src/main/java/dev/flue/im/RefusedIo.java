// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.spi.Memory;

/**
 * One kind of I/O that the driver answers itself: a chain of NBLs that waits for the next turn of
 * the duty cycle. Linked through the NBLs; allocates nothing.
 */
final class RefusedIo {
    /** A longer chain in one call is broken; what lies behind is not followed. */
    private static final int MAX_NBLS_PER_CALL = 4096;

    private final NetBufferList nbl;
    private long head;
    private long tail;

    RefusedIo(Memory memory) {
        this.nbl = new NetBufferList(memory);
    }

    boolean isEmpty() {
        return head == 0;
    }

    /** Write the status into each NBL of the chain and keep it. */
    void add(long chain, OffloadStatus status) {
        add(chain, status, status);
    }

    /** The same with a status of its own for the first one. */
    void add(long chain, OffloadStatus first, OffloadStatus others) {
        if (chain == 0) {
            return;
        }
        if (tail == 0) {
            head = chain;
        } else {
            nbl.wrap(tail).next(chain);
        }
        nbl.wrap(chain).status(first.code()).bytesTransferred(0);
        for (int i = 1; nbl.next() != 0 && i < MAX_NBLS_PER_CALL; i++) {
            nbl.wrap(nbl.next()).status(others.code()).bytesTransferred(0);
        }
        nbl.next(0);
        tail = nbl.ref();
    }

    /** All of them, as one chain; 0 when there is none. */
    long takeAll() {
        long chain = head;
        head = 0;
        tail = 0;
        return chain;
    }
}
