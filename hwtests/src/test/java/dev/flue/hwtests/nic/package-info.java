// SPDX-License-Identifier: Apache-2.0
/** The built {@code flue} command on PCI NICs, emulated or real, with Linux as the peer. */
package dev.flue.hwtests.nic;
