// SPDX-License-Identifier: Apache-2.0
/** What {@code flue demo} shows: two stacks in one process, transfers both ways, hand-overs. */
package dev.flue.tools.demo;
