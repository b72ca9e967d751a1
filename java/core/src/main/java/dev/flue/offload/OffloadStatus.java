// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** Completion and verdict codes with the numbers of NDIS (chimney section 9). */
public enum OffloadStatus {
    /** Done. */
    SUCCESS(0),
    /** Under way, completes later. */
    PENDING(0x103),
    /** Initiate: the object was offloaded, some of its dependents were not. */
    OFFLOAD_PARTIAL_SUCCESS(0x40020004),
    /** Not documented by NDIS. */
    OFFLOAD_STATE_INVALID(0x40020005),
    /** Failed. */
    FAILURE(0xC0000001),
    /** Initiate: host memory. */
    RESOURCES(0xC000009A),
    /** Refused. */
    NOT_SUPPORTED(0xC00000BB),
    /** Not in this state, or a token that is not valid. */
    INVALID_STATE(0xC0000184),
    /** The connection was reset or aborted. */
    REQUEST_ABORTED(0xC001000C),
    /** The connection is being given back. */
    UPLOAD_IN_PROGRESS(0xC0231001),
    /** A driver could not pass on this request: first one. */
    REQUEST_UPLOAD(0xC0231002),
    /** A driver could not pass on this request: later ones. */
    UPLOAD_REQUESTED(0xC0231003),
    /** No connection entry free. */
    OFFLOAD_TCP_ENTRIES(0xC0231004),
    /** No path entry free. */
    OFFLOAD_PATH_ENTRIES(0xC0231005),
    /** No neighbor entry free. */
    OFFLOAD_NEIGHBOR_ENTRIES(0xC0231006),
    /** No room for the source address. */
    OFFLOAD_IP_ADDRESS_ENTRIES(0xC0231007),
    /** Source MAC not usable. */
    OFFLOAD_HW_ADDRESS_ENTRIES(0xC0231008),
    /** Out of VLAN resources. */
    OFFLOAD_VLAN_ENTRIES(0xC0231009),
    /** No transmit buffers. */
    OFFLOAD_TCP_XMIT_BUFFER(0xC023100A),
    /** No receive buffers. */
    OFFLOAD_TCP_RCV_BUFFER(0xC023100B),
    /** InitialRcvWnd too large. */
    OFFLOAD_TCP_RCV_WINDOW(0xC023100C),
    /** VLAN id not of this interface. */
    OFFLOAD_VLAN_MISMATCH(0xC023100D),
    /** Verdict: nothing taken. */
    OFFLOAD_DATA_NOT_ACCEPTED(0xC023100E),
    /** Not documented by NDIS. */
    OFFLOAD_POLICY(0xC023100F),
    /** Verdict: the first bytes taken. */
    OFFLOAD_DATA_PARTIALLY_ACCEPTED(0xC0231010),
    /** Not documented by NDIS. */
    OFFLOAD_REQUEST_RESET(0xC0231011),
    /** A poor candidate. */
    OFFLOAD_CONNECTION_REJECTED(0xC0231012),
    /** Path MTU too large for the target. */
    OFFLOAD_PATH_MTU(0xE0F10001);

    private static final OffloadStatus[] VALUES = values();

    private final int code;

    OffloadStatus(int code) {
        this.code = code;
    }

    /** The number both languages use. */
    public int code() {
        return code;
    }

    /** The constant with this number, or null when there is none. Allocates nothing. */
    public static OffloadStatus of(int code) {
        for (OffloadStatus value : VALUES) {
            if (value.code == code) {
                return value;
            }
        }
        return null;
    }
}
