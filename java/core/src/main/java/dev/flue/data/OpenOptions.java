// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import java.util.List;

/**
 * What an active open may name beside its peer. Immutable.
 *
 * @param localAddress one of ours, of the peer's version of IP; null = IP chooses (RFC 9293,
 *     MUST-43, MUST-44)
 * @param localPort 1..65535; 0 = one is chosen
 * @param sourceRoute IPv4 addresses that packets go by, in this order, before the peer (loose
 *     source routing, RFC 791); at most {@link #MOST_HOPS}. Such a connection is never offloaded,
 *     and answers do not change its route (MUST-51, MUST-52)
 */
public record OpenOptions(IpAddress localAddress, int localPort, List<IpAddress> sourceRoute) {
    /** As many as the options of an IPv4 header have room for beside the peer. */
    public static final int MOST_HOPS = 8;

    /** Everything is chosen. */
    public static final OpenOptions DEFAULTS = new OpenOptions(null, 0, List.of());

    /**
     * @throws IllegalArgumentException when the port, or the number of hops, is out of its range
     */
    public OpenOptions {
        if (localPort < 0 || localPort > 0xffff) {
            throw new IllegalArgumentException("local port " + localPort);
        }
        sourceRoute = List.copyOf(sourceRoute);
        if (sourceRoute.size() > MOST_HOPS) {
            throw new IllegalArgumentException(sourceRoute.size() + " hops");
        }
    }

    /** The same from this address. */
    public OpenOptions from(IpAddress address) {
        return new OpenOptions(address, localPort, sourceRoute);
    }

    /** The same from this port. */
    public OpenOptions fromPort(int port) {
        return new OpenOptions(localAddress, port, sourceRoute);
    }

    /** The same by these hops. */
    public OpenOptions via(IpAddress... hops) {
        return new OpenOptions(localAddress, localPort, List.of(hops));
    }
}
