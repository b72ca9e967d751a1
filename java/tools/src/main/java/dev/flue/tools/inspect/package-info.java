// SPDX-License-Identifier: Apache-2.0
/** How another process looks into a running one: a Unix domain socket, answered by queries. */
package dev.flue.tools.inspect;
