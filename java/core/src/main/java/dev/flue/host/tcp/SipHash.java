// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** SipHash-2-4 of 64-bit words: a keyed hash that nobody outside can predict. Not thread-safe. */
public final class SipHash {
    private static final int ROUNDS_WORD = 2;
    private static final int ROUNDS_END = 4;

    private final long k0;
    private final long k1;
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    public SipHash(long k0, long k1) {
        this.k0 = k0;
        this.k1 = k1;
    }

    /** The hash of the bytes that the words are in little-endian order. */
    public long hash(long... words) {
        v0 = k0 ^ 0x736f6d6570736575L;
        v1 = k1 ^ 0x646f72616e646f6dL;
        v2 = k0 ^ 0x6c7967656e657261L;
        v3 = k1 ^ 0x7465646279746573L;
        for (long word : words) {
            compress(word);
        }
        // The message's length in bytes, in the last word's top byte.
        compress((long) words.length << 59);
        v2 ^= 0xff;
        rounds(ROUNDS_END);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private void compress(long word) {
        v3 ^= word;
        rounds(ROUNDS_WORD);
        v0 ^= word;
    }

    private void rounds(int count) {
        for (int i = 0; i < count; i++) {
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
        }
    }
}
