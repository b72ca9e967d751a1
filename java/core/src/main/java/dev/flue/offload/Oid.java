// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** Object identifiers (8.3). */
public enum Oid {
    /** The older form of what a miniport can do: query, set. */
    TCP_TASK_OFFLOAD(0xFC010201),
    /** {@link TcpOffloadStats}, IPv4: query; set = reset. */
    TCP4_OFFLOAD_STATS(0xFC010207),
    /** {@link TcpOffloadStats}, IPv6: query; set = reset. */
    TCP6_OFFLOAD_STATS(0xFC010208),
    /** {@link IpOffloadStats}, IPv4: query; set = reset. */
    IP4_OFFLOAD_STATS(0xFC010209),
    /** {@link IpOffloadStats}, IPv6: query; set = reset. */
    IP6_OFFLOAD_STATS(0xFC01020A),
    /** {@link TcpOffloadParameters}: set by an administrator. */
    TCP_OFFLOAD_PARAMETERS(0xFC01020C),
    /** {@link TcpConnectionOffload}: what is enabled; query. */
    TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG(0xFC01020E),
    /** {@link TcpConnectionOffload}: what could be enabled; query. */
    TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES(0xFC01020F),
    /** {@link TcpConnectionOffloadParameters}: set by the host stack. */
    TCP_CONNECTION_OFFLOAD_PARAMETERS(0xFC030201),
    /** A 32-bit power state: 1 = D0, working; 4 = D3, low. Set. */
    PNP_SET_POWER(0xFD010101);

    private static final Oid[] VALUES = values();

    private final int code;

    Oid(int code) {
        this.code = code;
    }

    /** The number both languages use. */
    public int code() {
        return code;
    }

    /** The constant with this number, or null when there is none. Allocates nothing. */
    public static Oid of(int code) {
        for (Oid value : VALUES) {
            if (value.code == code) {
                return value;
            }
        }
        return null;
    }
}
