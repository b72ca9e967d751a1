// SPDX-License-Identifier: Apache-2.0
/** Frames: buffers for them, Ethernet, ARP, and a link in Java memory for tests. */
package dev.flue.host.link;
