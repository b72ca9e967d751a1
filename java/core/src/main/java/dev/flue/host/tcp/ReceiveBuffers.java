// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.LoanedBuffer;
import dev.flue.host.link.BufferPool;
import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * What the receive queues of a stack share: where buffers come from and where lent ones go, and
 * what they look at memory through. With thousands of connections each one's own would be out of
 * the processor's cache whenever its turn comes. One thread; nothing stays wrapped from one call of
 * a queue to the next.
 */
final class ReceiveBuffers implements AutoCloseable {
    /** Of a buffer. */
    static final int BYTES = 4096;

    final Memory memory;
    final BufferPool pool;
    final Loans loans;
    final ReceiveQueue.Returner returner;
    final NetBufferList list;
    final NetBuffer netBuffer;
    final Mdl mdl;

    /** Loans to show, one for each handler that runs within another one's. */
    private final List<LoanedBuffer> shown = new ArrayList<>();

    /**
     * @param pool owned from now on
     */
    ReceiveBuffers(Memory memory, BufferPool pool, Loans loans, ReceiveQueue.Returner returner) {
        this.memory = memory;
        this.pool = pool;
        this.loans = loans;
        this.returner = returner;
        this.list = new NetBufferList(memory);
        this.netBuffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
    }

    LoanedBuffer take() {
        return shown.isEmpty() ? new LoanedBuffer() : shown.remove(shown.size() - 1);
    }

    void give(LoanedBuffer loan) {
        shown.add(loan);
    }

    @Override
    public void close() {
        pool.close();
    }
}
