// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import java.nio.ByteBuffer;

/**
 * The Internet checksum (RFC 1071). Sums are kept over little-endian words: a one's complement sum
 * does not care, as long as the result is stored the same way.
 */
public final class Checksum {
    private Checksum() {}

    /** Add {@code length} bytes to a sum; only the last piece of a sum may be odd. */
    public static long add(long sum, ByteBuffer buffer, int at, int length) {
        long total = sum;
        int i = at;
        int end = at + (length & ~3);
        for (; i < end; i += 4) {
            total += buffer.getInt(i) & 0xffffffffL;
        }
        if ((length & 2) != 0) {
            total += buffer.getShort(i) & 0xffff;
            i += 2;
        }
        if ((length & 1) != 0) {
            total += buffer.get(i) & 0xff;
        }
        return total;
    }

    /** Add the pseudo header of IPv4 (RFC 9293, 3.1). */
    public static long addPseudo(long sum, int source, int destination, int protocol, int length) {
        return sum
                + (Integer.reverseBytes(source) & 0xffffffffL)
                + (Integer.reverseBytes(destination) & 0xffffffffL)
                + (Short.reverseBytes((short) protocol) & 0xffff)
                + (Short.reverseBytes((short) length) & 0xffff);
    }

    /** The checksum of a sum, to be stored by {@code putShort}; 0 when a received sum is right. */
    public static short finish(long sum) {
        long folded = (sum & 0xffffffffL) + (sum >>> 32);
        folded = (folded & 0xffffffffL) + (folded >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16);
        folded = (folded & 0xffff) + (folded >>> 16);
        return (short) ~folded;
    }
}
