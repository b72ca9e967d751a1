// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

/**
 * Traffic of one version of IP on one interface: what the stack did itself and what its target did,
 * added up (H-50). Counters of a target wrap, and start again at a reset.
 *
 * @param complete whether the target's share is in it
 * @param inSegments received, errored ones of the target too
 * @param outSegments sent, without pure retransmissions
 * @param retransmittedSegments sent again
 * @param inErrors segments received in error
 * @param outResets segments sent with RST
 * @param currentlyEstablished connections in ESTABLISHED or CLOSE-WAIT, now
 * @param inReceives IP packets received
 * @param outRequests IP packets sent
 */
public record OffloadStatistics(
        boolean complete,
        long inSegments,
        long outSegments,
        long retransmittedSegments,
        long inErrors,
        long outResets,
        long currentlyEstablished,
        long inReceives,
        long outRequests) {}
