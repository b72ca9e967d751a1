// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.Map;

/**
 * What a driver tells of itself, by name, for people and tools.
 *
 * @param counters never go back
 * @param levels how much there is now of something: what is held, what waits
 */
public record DriverFigures(Map<String, Long> counters, Map<String, Long> levels) {}
