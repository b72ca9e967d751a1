// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** Adapter-wide status indications (6.5), and those of the link. */
public enum StatusIndication {
    /** Stop offloading new objects. */
    OFFLOAD_PAUSE(0x40020001),
    /** Stop offloading and terminate all objects. */
    UPLOAD_ALL(0x40020002),
    /** Read the capabilities again; offloading may go on. */
    OFFLOAD_RESUME(0x40020003),
    /** A team's: what lies below can do something else now, and may be reached another way. */
    TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES(0x4002000B),
    /** The link is up again. */
    MEDIA_CONNECT(0x4001000B),
    /** The link is down. */
    MEDIA_DISCONNECT(0x4001000C);

    private static final StatusIndication[] VALUES = values();

    private final int code;

    StatusIndication(int code) {
        this.code = code;
    }

    /** The number both languages use. */
    public int code() {
        return code;
    }

    /** The constant with this number, or null when there is none. Allocates nothing. */
    public static StatusIndication of(int code) {
        for (StatusIndication value : VALUES) {
            if (value.code == code) {
                return value;
            }
        }
        return null;
    }
}
