// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** Events of a neighbor (6.4). */
public enum OffloadEvent {
    /** Reserved. */
    NEIGHBOR_REACHABILITY_IN_DOUBT(1),
    /** The target asks for the HostReachabilityDelta; the answer goes into the block's CACHED. */
    NEIGHBOR_REACHABILITY_QUERY(2);

    private static final OffloadEvent[] VALUES = values();

    private final int code;

    OffloadEvent(int code) {
        this.code = code;
    }

    /** The number both languages use. */
    public int code() {
        return code;
    }

    /** The constant with this number, or null when there is none. Allocates nothing. */
    public static OffloadEvent of(int code) {
        for (OffloadEvent value : VALUES) {
            if (value.code == code) {
                return value;
            }
        }
        return null;
    }
}
