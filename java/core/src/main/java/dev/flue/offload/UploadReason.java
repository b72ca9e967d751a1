// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** Why a target wants a connection uploaded (6.2). */
public enum UploadReason {
    /** Optional. */
    LOW_ACTIVITY(1),
    /** Optional. */
    HIGH_DROP_RATE(2),
    /** Optional. */
    SMALL_IO(3),
    /** Optional. */
    NO_BUFFER_PREPOSTING(4),
    /** Mandatory. */
    RECEIVED_URGENT_DATA(5),
    /** Optional. */
    HIGH_FRAGMENTATION(6),
    /** Optional. */
    HIGH_OUT_OF_ORDER_PACKETS(7),
    /** Mandatory. */
    TIMEOUT_EXPIRATION(8),
    /** Mandatory. */
    INVALID_STATE(9),
    /** Mandatory. */
    UPLOAD_REQUESTED(10),
    /** Mandatory. */
    HARDWARE_FAILURE(11);

    private static final UploadReason[] VALUES = values();

    private final int code;

    UploadReason(int code) {
        this.code = code;
    }

    /** The number both languages use. */
    public int code() {
        return code;
    }

    /** The constant with this number, or null when there is none. Allocates nothing. */
    public static UploadReason of(int code) {
        for (UploadReason value : VALUES) {
            if (value.code == code) {
                return value;
            }
        }
        return null;
    }
}
