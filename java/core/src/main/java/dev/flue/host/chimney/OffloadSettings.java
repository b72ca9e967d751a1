// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

/**
 * What the offload side of a host stack is told once.
 *
 * @param chimney whether to offload at all
 * @param policy of what to offload of its own accord
 * @param parameters for the target
 * @param maxConnections at a time
 * @param posts receives kept posted
 * @param sourceMac of our frames; 0 = the port's own
 */
public record OffloadSettings(
        boolean chimney,
        OffloadPolicy policy,
        OffloadParameters parameters,
        int maxConnections,
        ReceivePosts posts,
        long sourceMac) {}
