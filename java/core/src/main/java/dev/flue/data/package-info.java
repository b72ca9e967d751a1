// SPDX-License-Identifier: Apache-2.0
/** What an application uses: connections, handlers, loaned data. */
package dev.flue.data;
