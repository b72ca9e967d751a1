// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * An OID request (section 8.3): what a miniport is asked or told as a whole. The requester owns it
 * again at its completion.
 */
public final class OidRequest extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 64;

    /** Values of {@link #type}. */
    public static final int REQUEST_QUERY = 0;

    public static final int REQUEST_SET = 1;

    static final int OID = 0;
    static final int TYPE = 4;
    static final int STATUS = 8;
    static final int LENGTH = 12;
    static final int INFORMATION = 16;
    static final int SOURCE_HANDLE = 24;
    static final int IM_RESERVED0 = 32;
    static final int IM_RESERVED1 = 40;
    static final int PROTOCOL_RESERVED0 = 48;
    static final int PROTOCOL_RESERVED1 = 56;

    public OidRequest(Memory memory) {
        super(memory);
    }

    @Override
    public OidRequest wrap(long ref) {
        position(ref);
        return this;
    }

    /** Zero it. */
    public OidRequest clear() {
        zero(BYTES);
        return this;
    }

    /** {@link Oid#code}. */
    public int oid() {
        return buffer.getInt(at + OID);
    }

    public OidRequest oid(int value) {
        buffer.putInt(at + OID, value);
        return this;
    }

    /** {@link #REQUEST_QUERY} or {@link #REQUEST_SET}. */
    public int type() {
        return buffer.getInt(at + TYPE);
    }

    public OidRequest type(int value) {
        buffer.putInt(at + TYPE, value);
        return this;
    }

    /** On completion: an {@link OffloadStatus} code. */
    public int status() {
        return buffer.getInt(at + STATUS);
    }

    public OidRequest status(int value) {
        buffer.putInt(at + STATUS, value);
        return this;
    }

    /** Bytes of the buffer; on completion: written or read. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public OidRequest length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** The buffer. */
    public long information() {
        return buffer.getLong(at + INFORMATION);
    }

    public OidRequest information(long value) {
        buffer.putLong(at + INFORMATION, value);
        return this;
    }

    /** Routes the completion; a miniport leaves it alone. */
    public long sourceHandle() {
        return buffer.getLong(at + SOURCE_HANDLE);
    }

    public OidRequest sourceHandle(long value) {
        buffer.putLong(at + SOURCE_HANDLE, value);
        return this;
    }

    /** Intermediate drivers'. */
    public long imReserved0() {
        return buffer.getLong(at + IM_RESERVED0);
    }

    public OidRequest imReserved0(long value) {
        buffer.putLong(at + IM_RESERVED0, value);
        return this;
    }

    /** Intermediate drivers'. */
    public long imReserved1() {
        return buffer.getLong(at + IM_RESERVED1);
    }

    public OidRequest imReserved1(long value) {
        buffer.putLong(at + IM_RESERVED1, value);
        return this;
    }

    /** The requester's. */
    public long protocolReserved0() {
        return buffer.getLong(at + PROTOCOL_RESERVED0);
    }

    public OidRequest protocolReserved0(long value) {
        buffer.putLong(at + PROTOCOL_RESERVED0, value);
        return this;
    }

    /** The requester's. */
    public long protocolReserved1() {
        return buffer.getLong(at + PROTOCOL_RESERVED1);
    }

    public OidRequest protocolReserved1(long value) {
        buffer.putLong(at + PROTOCOL_RESERVED1, value);
        return this;
    }
}
