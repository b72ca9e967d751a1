// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Views of shared memory that have a position and a limit of their own. A view is made when a
 * memory is seen for the first time and used again from then on: a pool has a handful of regions.
 */
final class MemoryView {
    private static final int KEPT = 16;

    private final ByteBuffer[] memories = new ByteBuffer[KEPT];
    private final ByteBuffer[] views = new ByteBuffer[KEPT];
    private int last;
    private int replaced;

    /** The view of a range: position at its first byte, limit behind its last, big-endian. */
    ByteBuffer of(ByteBuffer memory, int offset, int length) {
        ByteBuffer view = memories[last] == memory ? views[last] : find(memory);
        return view.order(ByteOrder.BIG_ENDIAN).limit(offset + length).position(offset);
    }

    private ByteBuffer find(ByteBuffer memory) {
        for (int i = 0; i < KEPT; i++) {
            if (memories[i] == memory) {
                last = i;
                return views[i];
            }
            if (memories[i] == null) {
                return keep(i, memory);
            }
        }
        replaced = (replaced + 1) % KEPT;
        return keep(replaced, memory);
    }

    private ByteBuffer keep(int index, ByteBuffer memory) {
        memories[index] = memory;
        views[index] = memory.duplicate();
        last = index;
        return views[index];
    }
}
