// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** What the one timer of a connection is running for; keepalive has its own. */
enum TimerKind {
    NONE,
    RETRANSMIT,
    PERSIST,
    FIN_WAIT2,
    TIME_WAIT
}
