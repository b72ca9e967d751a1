// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

/**
 * The receives that a stack keeps posted for each offloaded connection.
 *
 * @param count buffers; 0 = the target indicates
 * @param push a buffer comes back with what it has when the peer pushes; false = only when full, or
 *     when the stream or the offload ends
 */
public record ReceivePosts(int count, boolean push) {}
