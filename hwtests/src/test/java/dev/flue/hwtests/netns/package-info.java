// SPDX-License-Identifier: Apache-2.0
/** The built {@code flue} command in a network namespace of its own, with Linux as the peer. */
package dev.flue.hwtests.netns;
