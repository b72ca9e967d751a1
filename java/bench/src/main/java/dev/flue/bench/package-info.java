// SPDX-License-Identifier: Apache-2.0
/**
 * JMH benchmarks of the border between Java and the engine. No figure here is a test; with {@code
 * -prof gc} the data path must show 0 B/op.
 */
package dev.flue.bench;
