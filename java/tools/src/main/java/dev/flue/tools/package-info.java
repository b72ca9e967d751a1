// SPDX-License-Identifier: Apache-2.0
/** The {@code flue} command: one class a subcommand. */
package dev.flue.tools;
