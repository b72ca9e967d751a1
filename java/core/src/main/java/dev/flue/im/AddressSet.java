// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.Arrays;

/** A few IP addresses, 16 bytes each; those of IPv4 as ::ffff:a.b.c.d. Asking allocates nothing. */
public final class AddressSet {
    private long[] halves = {};

    /** One more, as two numbers in network order. */
    public AddressSet add(long hi, long lo) {
        int at = halves.length;
        halves = Arrays.copyOf(halves, at + 2);
        halves[at] = hi;
        halves[at + 1] = lo;
        return this;
    }

    boolean contains(long hi, long lo) {
        for (int i = 0; i < halves.length; i += 2) {
            if (halves[i] == hi && halves[i + 1] == lo) {
                return true;
            }
        }
        return false;
    }
}
