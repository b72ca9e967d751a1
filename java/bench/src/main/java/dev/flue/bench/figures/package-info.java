// SPDX-License-Identifier: Apache-2.0
/**
 * Figures of one thing by itself: of the engine in memory, by its own program in C, and of Java's
 * operations, by JMH.
 */
package dev.flue.bench.figures;
