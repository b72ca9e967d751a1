// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/**
 * Initial sequence numbers that say what a SYN said, so that nothing of it is kept until the ACK
 * brings them back (RFC 4987, 3.6). A number is a count of periods, an index of segment sizes, and
 * a keyed hash of both and of everything that names the connection:
 *
 * <pre>
 * | 5 bits: period | 3 bits: segment size | 24 bits: hash |
 * </pre>
 *
 * <p>The key changes every period; cookies of this one and the one before are good. What else a SYN
 * offers travels in the lowest bits of our timestamp, which the peer echoes; without timestamps it
 * is given up.
 */
final class SynCookies {
    /** How long a key is used. */
    static final long PERIOD_NANOS = 64_000_000_000L;

    /** Bits of a timestamp that {@link #stamp} uses. */
    static final int STAMP_BITS = 6;

    private static final int STAMP_MASK = (1 << STAMP_BITS) - 1;
    private static final int NO_SCALE = 15;
    private static final int SACK = 1 << 4;
    private static final int ECN = 1 << 5;

    private static final int PERIOD_BITS = 5;
    private static final int PERIOD_MASK = (1 << PERIOD_BITS) - 1;
    private static final int SIZE_SHIFT = 24;
    private static final int PERIOD_SHIFT = 27;
    private static final int HASH_MASK = (1 << SIZE_SHIFT) - 1;
    private static final int OLDEST = 1;

    /** Segment sizes that a cookie can name; the next smaller one is taken. */
    private static final int[] SIZES = {64, 536, 1220, 1300, 1400, 1440, 1460, 8940};

    private final SipHash master;
    private SipHash key;
    private long keyPeriod = Long.MIN_VALUE;

    SynCookies(long k0, long k1) {
        master = new SipHash(k0, k1);
    }

    /** A number to answer a SYN with. */
    int make(Segment s, int size, long now) {
        int index = 0;
        while (index + 1 < SIZES.length && SIZES[index + 1] <= size) {
            index++;
        }
        long period = Math.floorDiv(now, PERIOD_NANOS);
        return number(s, s.seq, index, period);
    }

    /**
     * What an ACK brings back.
     *
     * @return the segment size that its SYN named, or 0: it acknowledges no number of ours, or one
     *     that is too old
     */
    int check(Segment s, long now) {
        int number = s.ack - 1;
        long current = Math.floorDiv(now, PERIOD_NANOS);
        int age = (int) current - (number >>> PERIOD_SHIFT) & PERIOD_MASK;
        if (age > OLDEST) {
            return 0;
        }
        int index = number >>> SIZE_SHIFT & SIZES.length - 1;
        return number(s, s.seq - 1, index, current - age) == number ? SIZES[index] : 0;
    }

    private int number(Segment s, int irs, int index, long period) {
        if (period != keyPeriod) {
            keyPeriod = period;
            key = new SipHash(master.hash(period, 0), master.hash(period, 1));
        }
        long ports = (long) s.destinationPort << 16 | s.sourcePort;
        long rest = Integer.toUnsignedLong(irs) << 3 | index;
        long hash =
                key.hash(
                        s.sourceHi,
                        s.sourceLo,
                        s.local.hi(),
                        s.local.lo(),
                        ports << 32 ^ rest,
                        rest);
        return (int) period << PERIOD_SHIFT | index << SIZE_SHIFT | (int) hash & HASH_MASK;
    }

    /**
     * Our timestamp in the answer to a SYN: the clock, or a little less, and in its lowest bits
     * what the SYN offers.
     */
    static int stamp(Segment s, boolean ecn, int clock) {
        int bits = s.windowShift < 0 ? NO_SCALE : s.windowShift;
        bits |= s.sackPermitted ? SACK : 0;
        bits |= ecn ? ECN : 0;
        int stamp = clock & ~STAMP_MASK | bits;
        return Seq.gt(stamp, clock) ? stamp - STAMP_MASK - 1 : stamp;
    }

    /** Give a segment that echoes such a timestamp the options of its SYN. */
    static void unstamp(Segment s) {
        int bits = s.timestamps ? s.tsEcr & STAMP_MASK : NO_SCALE;
        int shift = bits & NO_SCALE;
        s.windowShift = shift == NO_SCALE ? -1 : shift;
        s.sackPermitted = (bits & SACK) != 0;
    }

    /** Whether such a timestamp says that the SYN offered ECN. */
    static boolean ecn(Segment s) {
        return s.timestamps && (s.tsEcr & ECN) != 0;
    }
}
