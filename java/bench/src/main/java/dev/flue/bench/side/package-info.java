// SPDX-License-Identifier: Apache-2.0
/**
 * Flue beside what a Java user would pick instead: the same payloads and as many threads, in turns
 * within one run. {@link dev.flue.bench.side.SideBySide} is the program.
 */
package dev.flue.bench.side;
