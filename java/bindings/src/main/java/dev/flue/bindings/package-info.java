// SPDX-License-Identifier: Apache-2.0
/**
 * The native half as Java objects: memory, wires, ports, and the engine as an offload target.
 *
 * <p>Nothing here crashes the JVM when it is misused: a closed object answers every call with
 * {@link IllegalStateException}, and memory of a closed region reads as zeroes for whoever still
 * holds a buffer on it. Everything that can be missing (the library, DPDK, hugepages, a permission)
 * is reported as one sentence that says what to do.
 */
package dev.flue.bindings;
