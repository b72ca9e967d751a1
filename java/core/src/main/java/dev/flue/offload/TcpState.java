// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** States of RFC 9293, 3.3.2, by the numbers of the chimney. */
public enum TcpState {
    /** CLOSED. */
    CLOSED(0),
    /** LISTEN. */
    LISTEN(1),
    /** SYN-SENT. */
    SYN_SENT(2),
    /** SYN-RCVD. */
    SYN_RCVD(3),
    /** ESTABLISHED. */
    ESTABLISHED(4),
    /** FIN-WAIT1. */
    FIN_WAIT1(5),
    /** FIN-WAIT2. */
    FIN_WAIT2(6),
    /** CLOSE-WAIT. */
    CLOSE_WAIT(7),
    /** CLOSING. */
    CLOSING(8),
    /** LAST-ACK. */
    LAST_ACK(9),
    /** TIME-WAIT. */
    TIME_WAIT(10);

    private static final TcpState[] VALUES = values();

    private final int code;

    TcpState(int code) {
        this.code = code;
    }

    /** The number both languages use. */
    public int code() {
        return code;
    }

    /** The constant with this number, or null when there is none. Allocates nothing. */
    public static TcpState of(int code) {
        for (TcpState value : VALUES) {
            if (value.code == code) {
                return value;
            }
        }
        return null;
    }
}
