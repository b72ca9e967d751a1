// SPDX-License-Identifier: Apache-2.0
/** Defaults of options: from the environment, from a file, and where each of them came from. */
package dev.flue.tools.config;
