// SPDX-License-Identifier: Apache-2.0
/**
 * The host stack's side of the chimney: which objects a target has, the operations on them, and the
 * data of offloaded connections.
 */
package dev.flue.host.chimney;
