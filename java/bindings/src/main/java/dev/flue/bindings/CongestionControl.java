// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.TcpStateExt;

/** How a connection of an engine finds out what the network carries. */
public enum CongestionControl {
    /** RFC 5681 and 6582. */
    RENO(TcpStateExt.CC_RENO),
    /** RFC 9438. */
    CUBIC(TcpStateExt.CC_CUBIC),
    /** RFC 8257: for networks whose switches mark early; without ECN it behaves as Reno. */
    DCTCP(TcpStateExt.CC_DCTCP);

    private final int code;

    CongestionControl(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
