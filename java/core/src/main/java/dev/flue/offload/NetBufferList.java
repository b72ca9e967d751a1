// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * A list of buffers that travels as one: send data, an indication, a segment, a frame. 128 bytes.
 * Holds {@link NetBuffer}s, which hold {@link Mdl}s.
 */
public final class NetBufferList extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 128;

    static final int NEXT = 0;
    static final int FIRST_NET_BUFFER = 8;
    static final int CONTEXT = 16;
    static final int SOURCE_HANDLE = 24;
    static final int PROTOCOL_RESERVED0 = 32;
    static final int PROTOCOL_RESERVED1 = 40;
    static final int PROTOCOL_RESERVED2 = 48;
    static final int PROTOCOL_RESERVED3 = 56;
    static final int MINIPORT_RESERVED0 = 64;
    static final int MINIPORT_RESERVED1 = 72;
    static final int SCRATCH = 80;
    static final int STATUS = 88;
    static final int BYTES_TRANSFERRED = 92;
    static final int RECEIVE_BYTES_TRANSFERRED = 96;
    static final int RECEIVE_NO_PUSH = 100;
    static final int FLAGS = 104;

    /** Of a forwarded segment: the peer was told that it arrived, and is not told again for it. */
    public static final int FLAG_TOLD = 0x2;

    /** Of a forwarded segment: IP said that it met congestion (RFC 3168). */
    public static final int FLAG_MARKED = 0x4;

    public NetBufferList(Memory memory) {
        super(memory);
    }

    @Override
    public NetBufferList wrap(long ref) {
        position(ref);
        return this;
    }

    /** Next NBL of the chain, or 0. */
    public long next() {
        return buffer.getLong(at + NEXT);
    }

    public NetBufferList next(long value) {
        buffer.putLong(at + NEXT, value);
        return this;
    }

    /** Its first {@link NetBuffer}. */
    public long firstNetBuffer() {
        return buffer.getLong(at + FIRST_NET_BUFFER);
    }

    public NetBufferList firstNetBuffer(long value) {
        buffer.putLong(at + FIRST_NET_BUFFER, value);
        return this;
    }

    /** Intermediate drivers' stack of owners. */
    public long context() {
        return buffer.getLong(at + CONTEXT);
    }

    public NetBufferList context(long value) {
        buffer.putLong(at + CONTEXT, value);
        return this;
    }

    /** Binding it came through. */
    public long sourceHandle() {
        return buffer.getLong(at + SOURCE_HANDLE);
    }

    public NetBufferList sourceHandle(long value) {
        buffer.putLong(at + SOURCE_HANDLE, value);
        return this;
    }

    /** The originator's. */
    public long protocolReserved0() {
        return buffer.getLong(at + PROTOCOL_RESERVED0);
    }

    public NetBufferList protocolReserved0(long value) {
        buffer.putLong(at + PROTOCOL_RESERVED0, value);
        return this;
    }

    /** The originator's. */
    public long protocolReserved1() {
        return buffer.getLong(at + PROTOCOL_RESERVED1);
    }

    public NetBufferList protocolReserved1(long value) {
        buffer.putLong(at + PROTOCOL_RESERVED1, value);
        return this;
    }

    /** The originator's. */
    public long protocolReserved2() {
        return buffer.getLong(at + PROTOCOL_RESERVED2);
    }

    public NetBufferList protocolReserved2(long value) {
        buffer.putLong(at + PROTOCOL_RESERVED2, value);
        return this;
    }

    /** The originator's. */
    public long protocolReserved3() {
        return buffer.getLong(at + PROTOCOL_RESERVED3);
    }

    public NetBufferList protocolReserved3(long value) {
        buffer.putLong(at + PROTOCOL_RESERVED3, value);
        return this;
    }

    /** The target's. */
    public long miniportReserved0() {
        return buffer.getLong(at + MINIPORT_RESERVED0);
    }

    public NetBufferList miniportReserved0(long value) {
        buffer.putLong(at + MINIPORT_RESERVED0, value);
        return this;
    }

    /** The target's. */
    public long miniportReserved1() {
        return buffer.getLong(at + MINIPORT_RESERVED1);
    }

    public NetBufferList miniportReserved1(long value) {
        buffer.putLong(at + MINIPORT_RESERVED1, value);
        return this;
    }

    /** The current holder's. */
    public long scratch() {
        return buffer.getLong(at + SCRATCH);
    }

    public NetBufferList scratch(long value) {
        buffer.putLong(at + SCRATCH, value);
        return this;
    }

    /** Code of an {@link OffloadStatus}, on completion. */
    public int status() {
        return buffer.getInt(at + STATUS);
    }

    public NetBufferList status(int value) {
        buffer.putInt(at + STATUS, value);
        return this;
    }

    /** TcpOffloadBytesTransferred. */
    public int bytesTransferred() {
        return buffer.getInt(at + BYTES_TRANSFERRED);
    }

    public NetBufferList bytesTransferred(int value) {
        buffer.putInt(at + BYTES_TRANSFERRED, value);
        return this;
    }

    /** TcpReceiveBytesTransferred. */
    public int receiveBytesTransferred() {
        return buffer.getInt(at + RECEIVE_BYTES_TRANSFERRED);
    }

    public NetBufferList receiveBytesTransferred(int value) {
        buffer.putInt(at + RECEIVE_BYTES_TRANSFERRED, value);
        return this;
    }

    /** TcpReceiveNoPush: 0 or 1. */
    public int receiveNoPush() {
        return buffer.get(at + RECEIVE_NO_PUSH) & 0xff;
    }

    public NetBufferList receiveNoPush(int value) {
        buffer.put(at + RECEIVE_NO_PUSH, (byte) value);
        return this;
    }

    /** Not used yet. */
    public int flags() {
        return buffer.getInt(at + FLAGS);
    }

    public NetBufferList flags(int value) {
        buffer.putInt(at + FLAGS, value);
        return this;
    }
}
