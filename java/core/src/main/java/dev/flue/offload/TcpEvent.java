// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** TCP events of a target (6.1). */
public enum TcpEvent {
    /** Preferred send backlog changed. */
    SEND_BACKLOG_CHANGE(1),
    /** FIN received and all earlier data taken. */
    DISCONNECT(2),
    /** The target wants this connection uploaded; the information is an {@link UploadReason}. */
    RETRIEVE(3),
    /** Acceptable RST received. */
    ABORT(4);

    private static final TcpEvent[] VALUES = values();

    private final int code;

    TcpEvent(int code) {
        this.code = code;
    }

    /** The number both languages use. */
    public int code() {
        return code;
    }

    /** The constant with this number, or null when there is none. Allocates nothing. */
    public static TcpEvent of(int code) {
        for (TcpEvent value : VALUES) {
            if (value.code == code) {
                return value;
            }
        }
        return null;
    }
}
