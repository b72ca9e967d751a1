// SPDX-License-Identifier: Apache-2.0
/** HTTP/1.1 over {@link dev.flue.data.OffloadConnection}: a file server and a GET client. */
package dev.flue.tools.http;
