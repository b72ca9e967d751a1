// SPDX-License-Identifier: Apache-2.0
/** TCP of the host stack, by the words of RFC 9293. */
package dev.flue.host.tcp;
