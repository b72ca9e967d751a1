// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.spi.Memory;

/**
 * What the driver answers itself, kept until the next turn of its duty cycle: a completion never
 * comes out of the call that it completes.
 */
final class Refusals {
    private final OperationQueue operations;
    private final RefusedIo sends;
    private final RefusedIo receives;
    private final RefusedIo disconnects;
    private final RefusedIo forwards;
    private final BlockWalk walk;
    private final NetBufferList nbl;

    Refusals(Memory memory) {
        this.operations = new OperationQueue(memory);
        this.sends = new RefusedIo(memory);
        this.receives = new RefusedIo(memory);
        this.disconnects = new RefusedIo(memory);
        this.forwards = new RefusedIo(memory);
        this.walk = new BlockWalk(memory);
        this.nbl = new NetBufferList(memory);
    }

    /** A state operation that fails in every block. */
    void add(long root, StateOperation operation) {
        operations.add(root, operation);
    }

    /** State operations kept. */
    int operations() {
        return operations.length();
    }

    RefusedIo sends() {
        return sends;
    }

    RefusedIo receives() {
        return receives;
    }

    RefusedIo disconnects() {
        return disconnects;
    }

    RefusedIo forwards() {
        return forwards;
    }

    boolean isEmpty() {
        return operations.isEmpty()
                && sends.isEmpty()
                && receives.isEmpty()
                && disconnects.isEmpty()
                && forwards.isEmpty();
    }

    /** Complete what was there at the call; what handlers add meanwhile waits. How many calls. */
    int complete(MiniportAdapter upper) {
        int work = 0;
        for (int n = operations.length(); n > 0; n--, work++) {
            StateOperation operation = operations.peekOperation();
            long root = operations.remove();
            walk.fill(root, OffloadStatus.FAILURE);
            operation.complete(upper, root);
        }
        long chain = sends.takeAll();
        if (chain != 0) {
            upper.tcpOffloadSendComplete(chain);
            work++;
        }
        chain = receives.takeAll();
        if (chain != 0) {
            upper.tcpOffloadReceiveComplete(chain);
            work++;
        }
        chain = forwards.takeAll();
        if (chain != 0) {
            upper.tcpOffloadForwardComplete(chain);
            work++;
        }
        long next;
        for (chain = disconnects.takeAll(); chain != 0; chain = next, work++) {
            next = nbl.wrap(chain).next();
            nbl.next(0);
            upper.tcpOffloadDisconnectComplete(chain);
        }
        return work;
    }
}
