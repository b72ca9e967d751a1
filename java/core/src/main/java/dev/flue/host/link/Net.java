// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import dev.flue.data.IpAddress;
import java.nio.ByteBuffer;

/**
 * Fields in network byte order in region buffers, which are little-endian. Absolute access only.
 * MAC addresses are longs, the first byte on the wire being the highest.
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

    public static long u64(ByteBuffer buffer, int at) {
        return Long.reverseBytes(buffer.getLong(at));
    }

    public static void put64(ByteBuffer buffer, int at, long value) {
        buffer.putLong(at, Long.reverseBytes(value));
    }

    /** The 4 bytes of an IPv4 address. */
    public static IpAddress address4(ByteBuffer buffer, int at) {
        return IpAddress.ofIpv4(u32(buffer, at));
    }

    public static void putAddress4(ByteBuffer buffer, int at, IpAddress address) {
        put32(buffer, at, address.toIpv4());
    }

    /** The 16 bytes of an IPv6 address. */
    public static IpAddress address6(ByteBuffer buffer, int at) {
        return IpAddress.of(u64(buffer, at), u64(buffer, at + 8));
    }

    public static void putAddress6(ByteBuffer buffer, int at, IpAddress address) {
        put64(buffer, at, address.hi());
        put64(buffer, at + 8, address.lo());
    }

    /** The bytes of an address as its version has them, 4 or 16; how many they are. */
    public static int putAddress(ByteBuffer buffer, int at, IpAddress address) {
        if (address.isIpv4()) {
            putAddress4(buffer, at, address);
            return 4;
        }
        putAddress6(buffer, at, address);
        return 16;
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
