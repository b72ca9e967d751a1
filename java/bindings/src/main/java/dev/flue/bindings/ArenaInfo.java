// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/**
 * Where an engine's context areas lie.
 *
 * @param kind "heap" or "hugepages"
 * @param usedBytes carved off so far
 * @param sizeBytes in all
 */
public record ArenaInfo(String kind, long usedBytes, long sizeBytes) {}
