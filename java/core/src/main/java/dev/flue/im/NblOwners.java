// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.NetBufferList;
import dev.flue.spi.Memory;
import java.util.Arrays;

/**
 * The connections of chains that are being completed upwards, as the NBLs are the host's when the
 * call returns. A stack: a completion may come inside another, which is a breach to be seen.
 */
final class NblOwners {
    private static final int MAX_CHAIN = 1 << 16;

    private final NblTable table;
    private final NetBufferList list;
    private VerifiedObject[] owners = new VerifiedObject[64];
    private int size;

    NblOwners(Memory memory, NblTable table) {
        this.table = table;
        this.list = new NetBufferList(memory);
    }

    /** Adds the owners of a chain; returns the mark to leave with. */
    int enter(long chain) {
        int mark = size;
        int count = 0;
        for (long ref = chain; ref != 0 && count++ < MAX_CHAIN; ref = list.wrap(ref).next()) {
            int at = table.find(ref);
            VerifiedObject owner = at < 0 ? null : table.owner(at);
            if (owner != null && !holds(owner, mark)) {
                if (size == owners.length) {
                    owners = Arrays.copyOf(owners, 2 * size);
                }
                owners[size++] = owner;
            }
        }
        return mark;
    }

    private boolean holds(VerifiedObject owner, int from) {
        for (int i = from; i < size; i++) {
            if (owners[i] == owner) {
                return true;
            }
        }
        return false;
    }

    int size() {
        return size;
    }

    VerifiedObject get(int at) {
        return owners[at];
    }

    /** The call has returned. */
    void leave(int mark) {
        while (size > mark) {
            owners[--size].delivering--;
            owners[size] = null;
        }
    }
}
