// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.LoanedBuffer;
import java.util.Arrays;

/** The books of what applications keep: every loan, its memory, and the queue it came from. */
final class Loans implements LoanedBuffer.Lender {
    private static final int FIRST = 16;

    private LoanedBuffer[] loans = new LoanedBuffer[FIRST];
    private ReceiveQueue[] queues = new ReceiveQueue[FIRST];
    private long[] refs = new long[FIRST];
    private int[] free = new int[FIRST];
    private int freeCount;
    private int used;

    /** A loan is kept by the application from now on. */
    void keep(LoanedBuffer loan, ReceiveQueue queue, long ref) {
        int slot = freeCount > 0 ? free[--freeCount] : used++;
        if (slot == loans.length) {
            int size = slot * 2;
            loans = Arrays.copyOf(loans, size);
            queues = Arrays.copyOf(queues, size);
            refs = Arrays.copyOf(refs, size);
            free = Arrays.copyOf(free, size);
        }
        loans[slot] = loan;
        queues[slot] = queue;
        refs[slot] = ref;
        loan.rebook(this, slot);
    }

    @Override
    public void moved(LoanedBuffer from, LoanedBuffer to) {
        loans[(int) to.cookie()] = to;
    }

    @Override
    public void released(LoanedBuffer loan, long cookie) {
        settle((int) cookie).released();
    }

    /** Take a loan out of the books; returns its queue, which has been told the memory. */
    private ReceiveQueue settle(int slot) {
        ReceiveQueue queue = queues[slot];
        long ref = refs[slot];
        loans[slot] = null;
        queues[slot] = null;
        free[freeCount++] = slot;
        queue.drop(ref);
        return queue;
    }

    /** Loans that applications keep. */
    int count() {
        return used - freeCount;
    }

    /** The stack closes: all memory goes back, whoever still looks at it. */
    void revokeAll() {
        for (int slot = 0; slot < used; slot++) {
            if (loans[slot] != null) {
                loans[slot].revoke();
                settle(slot);
            }
        }
    }
}
