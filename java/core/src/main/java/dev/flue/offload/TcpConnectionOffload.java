// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** Connection offload capability, or what is enabled of it (8.1). Support fields: 0 or 1. */
public final class TcpConnectionOffload extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 20;

    static final int TYPE = 0;
    static final int REVISION = 1;
    static final int SIZE = 2;
    static final int ENCAPSULATION = 4;
    static final int SUPPORT_IPV4 = 8;
    static final int SUPPORT_IPV6 = 9;
    static final int SUPPORT_IPV6_EXTENSION_HEADERS = 10;
    static final int SUPPORT_SACK = 11;
    static final int CAPACITY = 12;
    static final int FLAGS = 16;

    public TcpConnectionOffload(Memory memory) {
        super(memory);
    }

    @Override
    public TcpConnectionOffload wrap(long ref) {
        position(ref);
        return this;
    }

    /** Zero it and write the header. */
    public TcpConnectionOffload clear() {
        clearObject(BYTES);
        return this;
    }

    /** Bits: 0x02 IEEE 802.3, 0x10 LLC/SNAP routed. */
    public int encapsulation() {
        return buffer.getInt(at + ENCAPSULATION);
    }

    public TcpConnectionOffload encapsulation(int value) {
        buffer.putInt(at + ENCAPSULATION, value);
        return this;
    }

    /** IPv4 connections. */
    public int supportIpv4() {
        return Byte.toUnsignedInt(buffer.get(at + SUPPORT_IPV4));
    }

    public TcpConnectionOffload supportIpv4(int value) {
        buffer.put(at + SUPPORT_IPV4, (byte) value);
        return this;
    }

    /** IPv6 connections. */
    public int supportIpv6() {
        return Byte.toUnsignedInt(buffer.get(at + SUPPORT_IPV6));
    }

    public TcpConnectionOffload supportIpv6(int value) {
        buffer.put(at + SUPPORT_IPV6, (byte) value);
        return this;
    }

    /** IPv6 extension headers. */
    public int supportIpv6ExtensionHeaders() {
        return Byte.toUnsignedInt(buffer.get(at + SUPPORT_IPV6_EXTENSION_HEADERS));
    }

    public TcpConnectionOffload supportIpv6ExtensionHeaders(int value) {
        buffer.put(at + SUPPORT_IPV6_EXTENSION_HEADERS, (byte) value);
        return this;
    }

    /** SACK, both directions. */
    public int supportSack() {
        return Byte.toUnsignedInt(buffer.get(at + SUPPORT_SACK));
    }

    public TcpConnectionOffload supportSack(int value) {
        buffer.put(at + SUPPORT_SACK, (byte) value);
        return this;
    }

    /** TcpConnectionOffloadCapacity, both IP versions together. */
    public int capacity() {
        return buffer.getInt(at + CAPACITY);
    }

    public TcpConnectionOffload capacity(int value) {
        buffer.putInt(at + CAPACITY, value);
        return this;
    }

    /** Reserved, 0. */
    public int flags() {
        return buffer.getInt(at + FLAGS);
    }

    public TcpConnectionOffload flags(int value) {
        buffer.putInt(at + FLAGS, value);
        return this;
    }
}
