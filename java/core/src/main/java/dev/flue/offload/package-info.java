// SPDX-License-Identifier: Apache-2.0
/**
 * The words of the chimney: block lists, handles, state objects, buffers, statuses, the two edges
 * and the binding between them.
 */
package dev.flue.offload;
