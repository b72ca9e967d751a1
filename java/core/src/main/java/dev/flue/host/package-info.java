// SPDX-License-Identifier: Apache-2.0
/** The host stack. */
package dev.flue.host;
