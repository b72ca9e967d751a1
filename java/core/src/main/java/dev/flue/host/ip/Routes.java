// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

/**
 * One interface, one network, perhaps one gateway.
 *
 * @param address ours
 * @param prefixLength of the network, 0..32
 * @param gateway 0 = none
 */
public record Routes(int address, int prefixLength, int gateway) {
    /** Who takes a packet for this destination next; 0 = there is no way. */
    public int nextHop(int destination) {
        return onLink(destination) ? destination : gateway;
    }

    public boolean onLink(int destination) {
        return ((destination ^ address) & mask()) == 0;
    }

    /** Whether an address stands for many, or for nobody. */
    public boolean group(int other) {
        int top = other >>> 28;
        boolean directed = prefixLength < 31 && other == (address & mask() | ~mask());
        return other == 0 || top >= 0xe || directed;
    }

    private int mask() {
        return prefixLength == 0 ? 0 : -1 << 32 - prefixLength;
    }
}
