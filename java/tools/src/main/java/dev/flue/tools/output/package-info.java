// SPDX-License-Identifier: Apache-2.0
/** What commands print: JSON, sizes and rates, progress. */
package dev.flue.tools.output;
