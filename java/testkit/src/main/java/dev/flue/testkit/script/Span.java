// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

/** A number a line gives, or the first and last of those that will do; modulo 2^32. */
record Span(int from, int to) {
    static Span of(int value) {
        return new Span(value, value);
    }

    boolean contains(int value) {
        return Integer.compareUnsigned(value - from, to - from) <= 0;
    }
}
