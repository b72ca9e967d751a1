// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
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

    /**
     * Add the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1). One for both versions: what an IPv4
     * address has more of when it is held in 16 bytes, 0xffff, is a zero of this sum.
     */
    public static long addPseudo(
            long sum, IpAddress source, IpAddress destination, int protocol, int length) {
        return addPseudo(sum, source.hi(), source.lo(), destination, protocol, length);
    }

    /** The same for a source that is no object. */
    public static long addPseudo(
            long sum,
            long sourceHi,
            long sourceLo,
            IpAddress destination,
            int protocol,
            int length) {
        return sum
                + words(sourceHi)
                + words(sourceLo)
                + words(destination.hi())
                + words(destination.lo())
                + (Integer.reverseBytes(protocol) & 0xffffffffL)
                + (Integer.reverseBytes(length) & 0xffffffffL);
    }

    private static long words(long half) {
        long little = Long.reverseBytes(half);
        return (little & 0xffffffffL) + (little >>> 32);
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
