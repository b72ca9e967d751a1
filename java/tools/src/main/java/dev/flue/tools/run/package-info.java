// SPDX-License-Identifier: Apache-2.0
/** How a command runs: the duty cycle, its orderly end, and failures that people are told of. */
package dev.flue.tools.run;
