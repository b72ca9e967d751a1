// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import java.nio.ByteBuffer;

/** Bytes of a stream, each derived from the seed and its place. */
public final class StreamContent {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    private final long seed;
    private long word;
    private long wordIndex = -1;

    public StreamContent(long seed) {
        this.seed = seed;
    }

    /** The byte at a place of the stream. */
    public byte at(long place) {
        long index = place >>> 3;
        if (index != wordIndex) {
            wordIndex = index;
            word = mix(seed + (index + 1) * GAMMA);
        }
        return (byte) (word >>> 8 * (place & 7));
    }

    /** Fill from position 0 to the limit. */
    public void fill(ByteBuffer buffer, long place, int length) {
        buffer.clear().limit(length);
        for (int i = 0; i < length; i++) {
            buffer.put(i, at(place + i));
        }
    }

    /** Place of the first wrong byte, or -1. */
    public long firstDifference(ByteBuffer buffer, int offset, int length, long place) {
        for (int i = 0; i < length; i++) {
            if (buffer.get(offset + i) != at(place + i)) {
                return place + i;
            }
        }
        return -1;
    }

    private static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
