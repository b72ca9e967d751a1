// SPDX-License-Identifier: Apache-2.0
/**
 * A process whose TCP is Flue, with services and clients for tests: what {@code peer.py} is for the
 * kernel's TCP. {@code flue serve} and {@code flue fetch} know HTTP only.
 */
package dev.flue.hwtests.host;
