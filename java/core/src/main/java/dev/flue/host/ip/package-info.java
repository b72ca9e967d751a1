// SPDX-License-Identifier: Apache-2.0
/** IPv4 and ICMP of the host stack. */
package dev.flue.host.ip;
