// SPDX-License-Identifier: Apache-2.0
/** Which rule of docs/rules is tested where: the table in docs/conformance.md and its gate. */
package dev.flue.testkit.rules;
