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
    private static final OffloadStatus[] STATUSES = OffloadStatus.values();

    private final OperationQueue operations;
    private final RefusedIo[] io = new RefusedIo[IoKind.count()];
    private final RefusedIo frames;
    private final BlockWalk walk;
    private final NetBufferList nbl;

    Refusals(Memory memory) {
        this.operations = new OperationQueue(memory);
        for (int i = 0; i < io.length; i++) {
            io[i] = new RefusedIo(memory);
        }
        this.frames = new RefusedIo(memory);
        this.walk = new BlockWalk(memory);
        this.nbl = new NetBufferList(memory);
    }

    /** A state operation that fails in every block, with this status. */
    void add(long root, StateOperation operation, OffloadStatus status) {
        operations.add(root, operation, status.ordinal());
    }

    /** State operations kept. */
    int operations() {
        return operations.length();
    }

    RefusedIo io(IoKind kind) {
        return io[kind.ordinal()];
    }

    /** Ordinary frames that were not sent. */
    RefusedIo frames() {
        return frames;
    }

    boolean isEmpty() {
        for (RefusedIo each : io) {
            if (!each.isEmpty()) {
                return false;
            }
        }
        return operations.isEmpty() && frames.isEmpty();
    }

    /** Complete what was there at the call; what handlers add meanwhile waits. How many calls. */
    int complete(MiniportAdapter upper) {
        int work = 0;
        for (int n = operations.length(); n > 0; n--, work++) {
            StateOperation operation = operations.peekOperation();
            OffloadStatus status = STATUSES[operations.peekNote()];
            long root = operations.remove();
            walk.fill(root, status);
            operation.complete(upper, root);
        }
        for (int i = 0; i < io.length; i++) {
            long chain = io[i].takeAll();
            if (chain != 0) {
                IoKind.of(i).complete(upper, nbl, chain);
                work++;
            }
        }
        long chain = frames.takeAll();
        if (chain != 0) {
            upper.sendNetBufferListsComplete(chain);
            work++;
        }
        return work;
    }
}
