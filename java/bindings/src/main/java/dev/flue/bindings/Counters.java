// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads a counters region (flue_observe.h): a header of 64 bytes, then records of 64. */
final class Counters {
    static final int MAGIC = 0;
    static final int VERSION = 4;
    static final int COUNT = 8;
    static final int HEADER_BYTES = 64;
    static final int RECORD_BYTES = 64;
    static final int RECORD_VALUE = 0;
    static final int RECORD_NAME = 8;

    static final int MAGIC_VALUE = 0x466c754e;

    private Counters() {}

    /** All counters by name, in the order they lie. */
    static Map<String, Long> read(ByteBuffer buffer) {
        if (buffer.getInt(MAGIC) != MAGIC_VALUE
                || buffer.getInt(VERSION) != ChannelLayout.ABI_VERSION) {
            throw new IllegalStateException("no counters of this version in that region");
        }
        int count =
                Math.min(buffer.getInt(COUNT), (buffer.capacity() - HEADER_BYTES) / RECORD_BYTES);
        Map<String, Long> values = new LinkedHashMap<>();
        byte[] name = new byte[RECORD_BYTES - RECORD_NAME];
        for (int i = 0; i < count; i++) {
            int at = HEADER_BYTES + i * RECORD_BYTES;
            int length = 0;
            while (length < name.length && buffer.get(at + RECORD_NAME + length) != 0) {
                name[length] = buffer.get(at + RECORD_NAME + length);
                length++;
            }
            values.put(
                    new String(name, 0, length, StandardCharsets.US_ASCII),
                    buffer.getLong(at + RECORD_VALUE));
        }
        return Collections.unmodifiableMap(values);
    }
}
