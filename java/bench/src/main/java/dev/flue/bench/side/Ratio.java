// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.List;

/**
 * A comparison that stands at the top of the page.
 *
 * @param goal what it is meant to be at least
 */
record Ratio(String contestant, String against, String workload, double goal) {
    static final List<Ratio> SHOWN =
            List.of(
                    new Ratio(Contestants.MEMIF, Contestants.NIO_SPINNING, "request-response", 6),
                    new Ratio(Contestants.RING, Contestants.NIO_SPINNING, "request-response", 6),
                    new Ratio(Contestants.MEMIF, Contestants.NETTY, "messages-64", 2.5),
                    new Ratio(Contestants.RING, Contestants.NETTY, "messages-64", 2.5),
                    new Ratio(Contestants.MEMIF, Contestants.NIO_BLOCKING, "stream-16k", 2),
                    new Ratio(Contestants.RING, Contestants.NIO_BLOCKING, "stream-16k", 2),
                    new Ratio(Contestants.MEMIF, Contestants.NIO_SPINNING, "echo-10000", 10),
                    new Ratio(Contestants.RING, Contestants.NIO_SPINNING, "echo-10000", 10));
}
