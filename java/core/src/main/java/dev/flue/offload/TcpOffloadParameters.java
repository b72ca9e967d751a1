// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** An administrator's switch (OID_TCP_OFFLOAD_PARAMETERS): 0 no change, 1 disabled, 2 enabled. */
public final class TcpOffloadParameters extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 8;

    static final int TYPE = 0;
    static final int REVISION = 1;
    static final int SIZE = 2;
    static final int TCP_CONNECTION_IPV4 = 4;
    static final int TCP_CONNECTION_IPV6 = 5;

    public TcpOffloadParameters(Memory memory) {
        super(memory);
    }

    @Override
    public TcpOffloadParameters wrap(long ref) {
        position(ref);
        return this;
    }

    /** Zero it and write the header. */
    public TcpOffloadParameters clear() {
        clearObject(BYTES);
        return this;
    }

    /** Offload of IPv4 connections. */
    public int tcpConnectionIpv4() {
        return Byte.toUnsignedInt(buffer.get(at + TCP_CONNECTION_IPV4));
    }

    public TcpOffloadParameters tcpConnectionIpv4(int value) {
        buffer.put(at + TCP_CONNECTION_IPV4, (byte) value);
        return this;
    }

    /** Offload of IPv6 connections. */
    public int tcpConnectionIpv6() {
        return Byte.toUnsignedInt(buffer.get(at + TCP_CONNECTION_IPV6));
    }

    public TcpOffloadParameters tcpConnectionIpv6(int value) {
        buffer.put(at + TCP_CONNECTION_IPV6, (byte) value);
        return this;
    }
}
