// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

/** The bytes of a script's streams: each is derived from its place, so that any can be checked. */
final class Content {
    private Content() {}

    static byte at(int place) {
        int x = place * 0x9E3779B1;
        return (byte) (x >>> 24 ^ x >>> 11);
    }

    static byte[] of(int place, int length) {
        byte[] out = new byte[length];
        for (int i = 0; i < length; i++) {
            out[i] = at(place + i);
        }
        return out;
    }

    /** Index of the first byte that is not the one of its place, or -1. */
    static int firstDifference(byte[] bytes, int place) {
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != at(place + i)) {
                return i;
            }
        }
        return -1;
    }
}
