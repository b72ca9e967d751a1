// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;

/**
 * Numbers that a stranger must not guess, from one seed: initial sequence numbers (RFC 6528),
 * ephemeral ports (RFC 6056, algorithm 3) and offsets of timestamp clocks (RFC 7323, 5.4).
 */
final class Secrets {
    private static final int ISN_TICK_NANOS = 4_000;

    private final SipHash isn;
    private final SipHash port;
    private final SipHash clock;
    private final SynCookies cookies;
    private final int firstPort;
    private final int ports;
    private int nextPort;

    /**
     * @param firstPort of the ephemeral ones
     * @param lastPort likewise
     */
    Secrets(long seed, int firstPort, int lastPort) {
        this.firstPort = firstPort;
        this.ports = lastPort - firstPort + 1;
        isn = new SipHash(mix(seed), mix(seed + 1));
        port = new SipHash(mix(seed + 2), mix(seed + 3));
        clock = new SipHash(mix(seed + 4), mix(seed + 5));
        cookies = new SynCookies(mix(seed + 6), mix(seed + 7));
    }

    static Secrets of(TcpSettings settings) {
        return new Secrets(settings.seed(), settings.firstPort(), settings.lastPort());
    }

    /** ISN = M + F(connection, secret), M a clock of 4 us. */
    int initialSequence(
            IpAddress local, int localPort, IpAddress remote, int remotePort, long now) {
        long hash = hash(isn, local, remote, localPort, remotePort);
        return (int) (now / ISN_TICK_NANOS) + (int) hash;
    }

    /** Numbers that say what a SYN said. */
    SynCookies cookies() {
        return cookies;
    }

    /** What to add to our millisecond clock in the timestamps of one connection. */
    int clockOffset(IpAddress local, int localPort, IpAddress remote, int remotePort) {
        return (int) hash(clock, local, remote, localPort, remotePort);
    }

    /** A port to try next for a connection to this peer. Moves on with every call. */
    int port(IpAddress local, IpAddress remote, int remotePort) {
        int offset = (int) hash(port, local, remote, 0, remotePort);
        return firstPort + Integer.remainderUnsigned(offset + nextPort++, ports);
    }

    /** How many ports there are to try. */
    int portRange() {
        return ports;
    }

    /** The flow label of a connection's packets: the same for all of them (RFC 6437). */
    int flowLabel(IpAddress local, int localPort, IpAddress remote, int remotePort) {
        return local.isIpv4()
                ? 0
                : (int) (hash(clock, local, remote, localPort, remotePort) >>> 44);
    }

    private static long hash(
            SipHash hash, IpAddress local, IpAddress remote, int localPort, int remotePort) {
        long ports = (long) localPort << 32 | remotePort & 0xffffffffL;
        return hash.hash(local.hi(), local.lo(), remote.hi(), remote.lo(), ports);
    }

    /** A seed for a hash table that nobody outside can fill one slot of. */
    long tableSeed() {
        return port.hash(0);
    }

    /** SplitMix64: spreads a small seed over 64 bits. */
    private static long mix(long seed) {
        long z = seed * 0x9E3779B97F4A7C15L + 0x632BE59BD9B4E019L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
