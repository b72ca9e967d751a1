// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.spi.Memory;

/**
 * State operations that wait, first in first out. The roots are linked through their own Scratch
 * words, which belong to whoever holds the block, so that a queue of any length needs no memory.
 */
final class OperationQueue {
    private final MiniportOffloadBlockList block;
    private long head;
    private long tail;
    private int length;

    OperationQueue(Memory memory) {
        this.block = new MiniportOffloadBlockList(memory);
    }

    boolean isEmpty() {
        return head == 0;
    }

    int length() {
        return length;
    }

    /** {@code note}: a number to keep with it. */
    void add(long root, StateOperation operation, int note) {
        block.wrap(root).scratch0(0).scratch1((long) note << 32 | operation.ordinal());
        if (tail == 0) {
            head = root;
        } else {
            block.wrap(tail).scratch0(root);
        }
        tail = root;
        length++;
    }

    StateOperation peekOperation() {
        return StateOperation.of((int) block.wrap(head).scratch1());
    }

    int peekNote() {
        return (int) (block.wrap(head).scratch1() >>> 32);
    }

    long peek() {
        return head;
    }

    long remove() {
        long root = head;
        head = block.wrap(root).scratch0();
        if (head == 0) {
            tail = 0;
        }
        length--;
        return root;
    }
}
