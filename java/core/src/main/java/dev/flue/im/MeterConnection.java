// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * A connection that is offloaded through a {@link MeterDriver}. Addresses are 16 bytes in network
 * order, one of IPv4 as ::ffff:a.b.c.d; all 0 when whoever offloaded it told no path.
 *
 * @param number of its offload, from 1: a connection that is taken back and offloaded again has
 *     another one, and begins with nothing
 * @param localHigh first 8 bytes of our address
 * @param localLow the other 8
 * @param remoteHigh first 8 bytes of the peer's address
 * @param remoteLow the other 8
 * @param reading what was counted since it was offloaded
 * @param sends how long its sends took; null = there was no histogram left for it
 */
public record MeterConnection(
        long number,
        long localHigh,
        long localLow,
        int localPort,
        long remoteHigh,
        long remoteLow,
        int remotePort,
        MeterReading reading,
        Latency sends) {}
