// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * Whom a {@link KernelDriver} stands between.
 *
 * @param mac that the host stack and the kernel's interface both have
 * @param own IP addresses that the host stack alone has
 * @param shared IP addresses that both have: the kernel answers who asks for them
 */
public record KernelSettings(long mac, AddressSet own, AddressSet shared) {}
