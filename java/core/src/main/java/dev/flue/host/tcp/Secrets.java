// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/**
 * Numbers that a stranger must not guess, from one seed: initial sequence numbers (RFC 6528),
 * ephemeral ports (RFC 6056, algorithm 3) and offsets of timestamp clocks (RFC 7323, 5.4).
 */
final class Secrets {
    static final int FIRST_PORT = 32768;
    static final int LAST_PORT = 60999;

    private static final int ISN_TICK_NANOS = 4_000;

    private final SipHash isn;
    private final SipHash port;
    private final SipHash clock;
    private int nextPort;

    Secrets(long seed) {
        isn = new SipHash(mix(seed), mix(seed + 1));
        port = new SipHash(mix(seed + 2), mix(seed + 3));
        clock = new SipHash(mix(seed + 4), mix(seed + 5));
    }

    /** ISN = M + F(connection, secret), M a clock of 4 us. */
    int initialSequence(int local, int localPort, int remote, int remotePort, long now) {
        long hash = isn.hash(pair(local, remote), pair(localPort, remotePort));
        return (int) (now / ISN_TICK_NANOS) + (int) hash;
    }

    /** What to add to our millisecond clock in the timestamps of one connection. */
    int clockOffset(int local, int localPort, int remote, int remotePort) {
        return (int) clock.hash(pair(local, remote), pair(localPort, remotePort));
    }

    /** A port to try next for a connection to this peer. Moves on with every call. */
    int port(int local, int remote, int remotePort) {
        int range = LAST_PORT - FIRST_PORT + 1;
        int offset = (int) port.hash(pair(local, remote), remotePort);
        return FIRST_PORT + Integer.remainderUnsigned(offset + nextPort++, range);
    }

    static int portRange() {
        return LAST_PORT - FIRST_PORT + 1;
    }

    private static long pair(int high, int low) {
        return (long) high << 32 | low & 0xffffffffL;
    }

    /** SplitMix64: spreads a small seed over 64 bits. */
    private static long mix(long seed) {
        long z = seed * 0x9E3779B97F4A7C15L + 0x632BE59BD9B4E019L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
