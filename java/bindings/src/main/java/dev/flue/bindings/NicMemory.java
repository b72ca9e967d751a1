// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.NicMemoryHandle;
import dev.flue.jni.global.flue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * NIC memory that engines of this process use, opened by the first of them and closed after the
 * last. Any thread.
 */
public final class NicMemory {
    private static final int WHY_BYTES = 512;
    private static final Map<String, NicMemory> OPEN = new HashMap<>();

    private final String place;
    private final NicMemoryHandle handle = new NicMemoryHandle(null);
    private int users;

    private NicMemory(String place) {
        this.place = place;
        ByteBuffer why = ByteBuffer.allocateDirect(WHY_BYTES);
        int rc = flue.flue_nic_memory_open(place, handle, why, WHY_BYTES);
        if (rc < 0) {
            throw new FlueException(sentence(why, place, rc), -rc);
        }
    }

    /**
     * For one engine more.
     *
     * @throws FlueException it cannot be opened; the message says what to do
     */
    static NicMemory acquire(String place) {
        synchronized (OPEN) {
            NicMemory memory = OPEN.get(place);
            if (memory == null) {
                memory = new NicMemory(place);
                OPEN.put(place, memory);
            }
            memory.users++;
            return memory;
        }
    }

    /** For one engine less, which is destroyed. */
    void release() {
        synchronized (OPEN) {
            users--;
            if (users == 0 && flue.flue_nic_memory_close(handle) == 0) {
                OPEN.remove(place);
            }
        }
    }

    NicMemoryHandle handle() {
        return handle;
    }

    String place() {
        return place;
    }

    long sizeBytes() {
        return flue.flue_nic_memory_size(handle);
    }

    /**
     * Why the BAR at that place cannot be NIC memory, or "". Opens and writes nothing.
     *
     * @throws FlueException when the library is not available
     */
    public static String problem(String place) {
        Flue.require();
        ByteBuffer why = ByteBuffer.allocateDirect(WHY_BYTES);
        long bytes = flue.flue_nic_memory_check(place, why, WHY_BYTES);
        return bytes < 0 ? sentence(why, place, bytes) : "";
    }

    private static String sentence(ByteBuffer why, String place, long rc) {
        byte[] text = new byte[WHY_BYTES];
        why.get(0, text);
        int end = 0;
        while (end < text.length && text[end] != 0) {
            end++;
        }
        return "NIC memory: "
                + (end == 0
                        ? place + ": " + Errno.text((int) -rc)
                        : new String(text, 0, end, StandardCharsets.UTF_8));
    }
}
