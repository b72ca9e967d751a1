// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.tools.output.Ipv4;

/**
 * An IPv4 address with the length of its network's prefix.
 *
 * @param address host byte order
 * @param prefix 1..30
 */
public record Cidr(int address, int prefix) {
    /**
     * "198.18.0.2/24".
     *
     * @throws IllegalArgumentException with a sentence for people
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        String length = text.substring(slash + 1);
        if (slash < 0 || !length.matches("[1-9]|[12]\\d|30")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not ADDRESS/PREFIX, such as 198.18.0.2/24");
        }
        Cidr cidr = new Cidr(Ipv4.parse(text.substring(0, slash)), Integer.parseInt(length));
        if (!cidr.isOfOneHost()) {
            throw new IllegalArgumentException("'" + text + "' is no address of one host");
        }
        return cidr;
    }

    /** Not of a network, a broadcast, a group, this host itself, or nothing at all. */
    private boolean isOfOneHost() {
        int first = address >>> 24;
        int hosts = ~(-1 << 32 - prefix);
        return first != 0
                && first != 127
                && first < 224
                && (address & hosts) != 0
                && (address & hosts) != hosts;
    }

    public int network() {
        return address & -1 << 32 - prefix;
    }

    /** The first address of the network that is not this one. */
    public Cidr neighbor() {
        int first = network() + 1;
        return new Cidr(first == address ? first + 1 : first, prefix);
    }

    public boolean contains(int other) {
        return (other & -1 << 32 - prefix) == network();
    }

    @Override
    public String toString() {
        return Ipv4.format(address) + "/" + prefix;
    }
}
