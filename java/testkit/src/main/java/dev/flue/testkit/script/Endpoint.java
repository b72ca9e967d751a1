// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

/**
 * One end of a script's connection.
 *
 * @param mac as a number
 * @param address IPv4, host byte order
 * @param port host byte order
 */
public record Endpoint(long mac, int address, int port) {}
