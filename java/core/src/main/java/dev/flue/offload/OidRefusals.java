// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * OID requests that a miniport refuses, kept until the next turn of its duty cycle: a completion
 * never comes out of the call that it completes. They are linked through their own ImReserved
 * words, which belong to whoever holds the request, so any number needs no memory.
 */
public final class OidRefusals {
    private final OidRequest request;
    private long head;
    private long tail;

    public OidRefusals(Memory memory) {
        this.request = new OidRequest(memory);
    }

    /** The request will complete with this status, nothing read or written. */
    public void add(long ref, OffloadStatus status) {
        request.wrap(ref).status(status.code()).length(0).imReserved1(0);
        if (tail == 0) {
            head = ref;
        } else {
            request.wrap(tail).imReserved1(ref);
        }
        tail = ref;
    }

    public boolean isEmpty() {
        return head == 0;
    }

    /** Complete what was there at the call. How many. */
    public int complete(MiniportAdapter adapter) {
        long ref = head;
        head = 0;
        tail = 0;
        int count = 0;
        for (; ref != 0; count++) {
            long next = request.wrap(ref).imReserved1();
            adapter.oidRequestComplete(ref);
            ref = next;
        }
        return count;
    }
}
