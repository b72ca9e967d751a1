// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.data.IpAddress;

/**
 * One end of a script's connection.
 *
 * @param mac as a number
 * @param address of either version; both ends have the same
 * @param port host byte order
 */
public record Endpoint(long mac, IpAddress address, int port) {}
