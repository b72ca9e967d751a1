// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.LoanedBuffer;
import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * What the receive queues of a stack look at memory through. One for all of them: with thousands of
 * connections each one's own would be out of the processor's cache whenever its turn comes. One
 * thread; nothing stays wrapped from one call of a queue to the next.
 */
final class ReceiveViews {
    final NetBufferList list;
    final NetBuffer netBuffer;
    final Mdl mdl;

    /** Loans to show, one for each handler that runs within another one's. */
    private final List<LoanedBuffer> loans = new ArrayList<>();

    ReceiveViews(Memory memory) {
        this.list = new NetBufferList(memory);
        this.netBuffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
    }

    LoanedBuffer take() {
        return loans.isEmpty() ? new LoanedBuffer() : loans.remove(loans.size() - 1);
    }

    void give(LoanedBuffer loan) {
        loans.add(loan);
    }
}
