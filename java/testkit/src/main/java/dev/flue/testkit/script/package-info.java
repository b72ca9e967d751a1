// SPDX-License-Identifier: Apache-2.0
/**
 * Wire scripts: one behaviour of TCP in a few lines, a packet a line, run against any TCP. The
 * grammar is in {@link dev.flue.testkit.script.WireScript}.
 */
package dev.flue.testkit.script;
