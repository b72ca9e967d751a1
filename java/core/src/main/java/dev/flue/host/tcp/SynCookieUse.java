// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** When listeners answer SYNs with cookies (RFC 4987). */
public enum SynCookieUse {
    /** Not at all: SYNs beyond the backlog are dropped. */
    NEVER,

    /** When the backlog is full. */
    WHEN_FULL,

    /** Nothing is kept of any SYN. */
    ALWAYS
}
