// SPDX-License-Identifier: Apache-2.0
/** Builds port, target, drivers and host stack from options, turns them, and takes them down. */
package dev.flue.tools.assembly;
