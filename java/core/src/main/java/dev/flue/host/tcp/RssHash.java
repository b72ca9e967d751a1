// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** The Toeplitz hash of receive-side scaling, with the key that adapters use by default. */
public final class RssHash {
    private static final int[] KEY = {0x6d5a56da, 0x255b0ec2, 0x4167253d, 0x43a38fb0, 0xd0ca2bcb};

    private RssHash() {}

    /** Of a received segment of IPv4 and TCP: source is the peer. */
    public static int tcp4(int source, int destination, int sourcePort, int destinationPort) {
        int hash = word(source, KEY[0], KEY[1]);
        hash ^= word(destination, KEY[1], KEY[2]);
        return hash ^ word(sourcePort << 16 | destinationPort, KEY[2], KEY[3]);
    }

    /** For each bit set, the 32 bits of the key that start at its place. */
    private static int word(int input, int key, int following) {
        long window = (long) key << 32 | following & 0xffffffffL;
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
