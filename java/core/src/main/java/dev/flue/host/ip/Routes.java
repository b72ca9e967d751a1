// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;

/**
 * One version of IP on one interface: one network, perhaps one gateway.
 *
 * @param address ours
 * @param prefixLength of the network, 0..32 or 0..128
 * @param gateway null = none
 */
public record Routes(IpAddress address, int prefixLength, IpAddress gateway) {
    private static final int IPV4_BITS = 32;

    /** Who takes a packet for this destination next; null = there is no way. */
    public IpAddress nextHop(IpAddress destination) {
        return onLink(destination) ? destination : gateway;
    }

    public boolean onLink(IpAddress destination) {
        return ((destination.hi() ^ address.hi()) & maskHi()) == 0
                && ((destination.lo() ^ address.lo()) & maskLo()) == 0;
    }

    /** Whether an address stands for many, or for nobody. */
    public boolean group(long hi, long lo) {
        if (!IpAddress.isIpv4(hi, lo)) {
            return hi >>> 56 == 0xff || hi == 0 && lo == 0;
        }
        int other = (int) lo;
        int mask = (int) maskLo();
        boolean directed =
                address.isIpv4()
                        && prefixLength < IPV4_BITS - 1
                        && other == (address.toIpv4() & mask | ~mask);
        return other == 0 || other >>> 28 >= 0xe || directed;
    }

    /** The prefix in the 128 bits that both versions are held in. */
    private int bits() {
        return address.isIpv4() ? 96 + prefixLength : prefixLength;
    }

    private long maskHi() {
        return mask(Math.min(64, bits()));
    }

    private long maskLo() {
        return mask(Math.max(0, bits() - 64));
    }

    private static long mask(int bits) {
        return bits == 0 ? 0 : -1L << 64 - bits;
    }
}
