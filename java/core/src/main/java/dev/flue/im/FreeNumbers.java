// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/** The numbers 0..capacity-1, handed out and taken back: places in arrays of a fixed size. */
final class FreeNumbers {
    private final int[] free;
    private int count;

    FreeNumbers(int capacity) {
        free = new int[capacity];
        for (int i = 0; i < capacity; i++) {
            free[i] = capacity - 1 - i;
        }
        count = capacity;
    }

    int available() {
        return count;
    }

    int held() {
        return free.length - count;
    }

    /** One of them; there must be one. */
    int take() {
        return free[--count];
    }

    /** One that is out. */
    void give(int number) {
        free[count++] = number;
    }
}
