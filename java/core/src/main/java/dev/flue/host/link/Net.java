// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import java.nio.ByteBuffer;

/**
 * Fields in network byte order in region buffers, which are little-endian. Absolute access only.
 * Addresses are ints and MAC addresses are longs, the first byte on the wire being the highest.
 */
public final class Net {
    private static final int MAC_BYTES = 6;

    private Net() {}

    public static int u8(ByteBuffer buffer, int at) {
        return buffer.get(at) & 0xff;
    }

    public static int u16(ByteBuffer buffer, int at) {
        return Short.reverseBytes(buffer.getShort(at)) & 0xffff;
    }

    public static void put16(ByteBuffer buffer, int at, int value) {
        buffer.putShort(at, Short.reverseBytes((short) value));
    }

    public static int u32(ByteBuffer buffer, int at) {
        return Integer.reverseBytes(buffer.getInt(at));
    }

    public static void put32(ByteBuffer buffer, int at, int value) {
        buffer.putInt(at, Integer.reverseBytes(value));
    }

    public static long mac(ByteBuffer buffer, int at) {
        return (long) u16(buffer, at) << 32 | u32(buffer, at + 2) & 0xffffffffL;
    }

    public static void putMac(ByteBuffer buffer, int at, long mac) {
        put16(buffer, at, (int) (mac >>> 32));
        put32(buffer, at + 2, (int) mac);
    }

    /** "198.18.0.1": for people. */
    public static String address(int address) {
        return (address >>> 24)
                + "."
                + (address >>> 16 & 0xff)
                + "."
                + (address >>> 8 & 0xff)
                + "."
                + (address & 0xff);
    }

    /**
     * The address in "a.b.c.d".
     *
     * @throws IllegalArgumentException when it is none
     */
    public static int address(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != 4) {
            throw new IllegalArgumentException("not an IPv4 address: " + text);
        }
        int address = 0;
        for (String part : parts) {
            int value = part.matches("\\d{1,3}") ? Integer.parseInt(part) : -1;
            if (value < 0 || value > 0xff) {
                throw new IllegalArgumentException("not an IPv4 address: " + text);
            }
            address = address << 8 | value;
        }
        return address;
    }

    /** "02:00:00:00:00:01": for people. */
    public static String mac(long mac) {
        StringBuilder text = new StringBuilder(3 * MAC_BYTES - 1);
        for (int i = MAC_BYTES - 1; i >= 0; i--) {
            long value = mac >>> (8 * i) & 0xff;
            text.append(Character.forDigit((int) value >>> 4, 16));
            text.append(Character.forDigit((int) value & 0xf, 16));
            if (i > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
