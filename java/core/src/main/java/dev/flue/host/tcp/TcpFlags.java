// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** Control bits of the TCP header. */
public final class TcpFlags {
    public static final int FIN = 0x01;
    public static final int SYN = 0x02;
    public static final int RST = 0x04;
    public static final int PSH = 0x08;
    public static final int ACK = 0x10;
    public static final int URG = 0x20;

    /** RFC 3168. */
    public static final int ECE = 0x40;

    /** RFC 3168. */
    public static final int CWR = 0x80;

    private TcpFlags() {}
}
