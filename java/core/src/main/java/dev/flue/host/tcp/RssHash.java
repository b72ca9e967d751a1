// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;

/** The Toeplitz hash of receive-side scaling, with the key that adapters use by default. */
public final class RssHash {
    private static final int[] KEY = {
        0x6d5a56da, 0x255b0ec2, 0x4167253d, 0x43a38fb0, 0xd0ca2bcb,
        0xae7b30b4, 0x77cb2da3, 0x8030f20c, 0x6a42b73b, 0xbeac01fa
    };

    private RssHash() {}

    /** Of a received TCP segment of either version of IP: source is the peer. */
    public static int tcp(
            IpAddress source, IpAddress destination, int sourcePort, int destinationPort) {
        int hash = 0;
        int at = 0;
        if (source.isIpv4()) {
            hash ^= word(source.toIpv4(), at++);
            hash ^= word(destination.toIpv4(), at++);
        } else {
            hash ^= pair(source.hi(), at) ^ pair(source.lo(), at + 2);
            hash ^= pair(destination.hi(), at + 4) ^ pair(destination.lo(), at + 6);
            at += 8;
        }
        return hash ^ word(sourcePort << 16 | destinationPort, at);
    }

    private static int pair(long input, int at) {
        return word((int) (input >>> 32), at) ^ word((int) input, at + 1);
    }

    /** For each bit set, the 32 bits of the key that start at its place. */
    private static int word(int input, int at) {
        long window = (long) KEY[at] << 32 | KEY[at + 1] & 0xffffffffL;
        int hash = 0;
        for (int bit = 31; bit >= 0; bit--) {
            if ((input >>> bit & 1) != 0) {
                hash ^= (int) (window >>> 32);
            }
            window <<= 1;
        }
        return hash;
    }
}
