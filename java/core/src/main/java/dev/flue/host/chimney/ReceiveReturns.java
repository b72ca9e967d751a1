// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.Binding;
import dev.flue.offload.NetBufferList;
import dev.flue.spi.Memory;

/** Lists of the target that are used up, gathered to go back together (H-41). */
final class ReceiveReturns {
    private static final int LISTS_PER_CALL = 64;

    private final Binding binding;
    private final NetBufferList list;
    private long head;
    private long tail;
    private int count;

    ReceiveReturns(Memory memory, Binding binding) {
        this.binding = binding;
        this.list = new NetBufferList(memory);
    }

    void add(long netBufferList) {
        list.wrap(netBufferList).next(0);
        if (tail == 0) {
            head = netBufferList;
        } else {
            list.wrap(tail).next(netBufferList);
        }
        tail = netBufferList;
        if (++count >= LISTS_PER_CALL) {
            flush();
        }
    }

    /** Give back what was gathered; lists given. */
    int flush() {
        int given = count;
        if (given > 0) {
            long chain = head;
            head = 0;
            tail = 0;
            count = 0;
            binding.tcpOffloadReceiveReturn(chain);
        }
        return given;
    }

    int waiting() {
        return count;
    }
}
