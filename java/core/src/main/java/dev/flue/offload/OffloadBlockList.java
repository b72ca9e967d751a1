// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * What both kinds of block list have in common (chimney section 3). 152 bytes; the state structures
 * follow it at the offsets {@link StateOffsets} gives.
 */
public abstract class OffloadBlockList extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 152;

    static final int TYPE = 0;
    static final int REVISION = 1;
    static final int SIZE = 2;
    static final int NEXT_BLOCK = 8;
    static final int DEPENDENT_BLOCK_LIST = 16;
    static final int STATUS = 24;
    static final int PROTOCOL_RESERVED0 = 64;
    static final int PROTOCOL_RESERVED1 = 72;
    static final int MINIPORT_RESERVED0 = 80;
    static final int MINIPORT_RESERVED1 = 88;
    static final int IM_RESERVED0 = 96;
    static final int IM_RESERVED1 = 104;
    static final int SCRATCH0 = 112;
    static final int SCRATCH1 = 120;
    static final int SOURCE_HANDLE = 128;
    static final int PORT_NUMBER = 136;
    static final int NET_BUFFER_LIST_CHAIN = 144;

    OffloadBlockList(Memory memory) {
        super(memory);
    }

    @Override
    public OffloadBlockList wrap(long ref) {
        position(ref);
        return this;
    }

    /** {@link StateType} of what follows the block. */
    public int type() {
        return buffer.get(at + TYPE) & 0xff;
    }

    public OffloadBlockList type(int value) {
        buffer.put(at + TYPE, (byte) value);
        return this;
    }

    /** 1. */
    public int revision() {
        return buffer.get(at + REVISION) & 0xff;
    }

    public OffloadBlockList revision(int value) {
        buffer.put(at + REVISION, (byte) value);
        return this;
    }

    /** 152. */
    public int size() {
        return buffer.getShort(at + SIZE) & 0xffff;
    }

    public OffloadBlockList size(int value) {
        buffer.putShort(at + SIZE, (short) value);
        return this;
    }

    /** Next block of the same layer, or 0. */
    public long nextBlock() {
        return buffer.getLong(at + NEXT_BLOCK);
    }

    public OffloadBlockList nextBlock(long value) {
        buffer.putLong(at + NEXT_BLOCK, value);
        return this;
    }

    /** First block one layer up, or 0. */
    public long dependentBlockList() {
        return buffer.getLong(at + DEPENDENT_BLOCK_LIST);
    }

    public OffloadBlockList dependentBlockList(long value) {
        buffer.putLong(at + DEPENDENT_BLOCK_LIST, value);
        return this;
    }

    /** Code of an {@link OffloadStatus}; written by the target in every block. */
    public int status() {
        return buffer.getInt(at + STATUS);
    }

    public OffloadBlockList status(int value) {
        buffer.putInt(at + STATUS, value);
        return this;
    }

    /** The protocol's own. */
    public long protocolReserved0() {
        return buffer.getLong(at + PROTOCOL_RESERVED0);
    }

    public OffloadBlockList protocolReserved0(long value) {
        buffer.putLong(at + PROTOCOL_RESERVED0, value);
        return this;
    }

    /** The protocol's own. */
    public long protocolReserved1() {
        return buffer.getLong(at + PROTOCOL_RESERVED1);
    }

    public OffloadBlockList protocolReserved1(long value) {
        buffer.putLong(at + PROTOCOL_RESERVED1, value);
        return this;
    }

    /** The target's own. */
    public long miniportReserved0() {
        return buffer.getLong(at + MINIPORT_RESERVED0);
    }

    public OffloadBlockList miniportReserved0(long value) {
        buffer.putLong(at + MINIPORT_RESERVED0, value);
        return this;
    }

    /** The target's own. */
    public long miniportReserved1() {
        return buffer.getLong(at + MINIPORT_RESERVED1);
    }

    public OffloadBlockList miniportReserved1(long value) {
        buffer.putLong(at + MINIPORT_RESERVED1, value);
        return this;
    }

    /** The intermediate driver's: its call entry (I-6). */
    public long imReserved0() {
        return buffer.getLong(at + IM_RESERVED0);
    }

    public OffloadBlockList imReserved0(long value) {
        buffer.putLong(at + IM_RESERVED0, value);
        return this;
    }

    /** The intermediate driver's. */
    public long imReserved1() {
        return buffer.getLong(at + IM_RESERVED1);
    }

    public OffloadBlockList imReserved1(long value) {
        buffer.putLong(at + IM_RESERVED1, value);
        return this;
    }

    /** Whoever holds the block now. */
    public long scratch0() {
        return buffer.getLong(at + SCRATCH0);
    }

    public OffloadBlockList scratch0(long value) {
        buffer.putLong(at + SCRATCH0, value);
        return this;
    }

    /** Whoever holds the block now. */
    public long scratch1() {
        return buffer.getLong(at + SCRATCH1);
    }

    public OffloadBlockList scratch1(long value) {
        buffer.putLong(at + SCRATCH1, value);
        return this;
    }

    /** The binding the operation came through; its completion goes back that way. */
    public long sourceHandle() {
        return buffer.getLong(at + SOURCE_HANDLE);
    }

    public OffloadBlockList sourceHandle(long value) {
        buffer.putLong(at + SOURCE_HANDLE, value);
        return this;
    }

    /** Port of the miniport; 0 = default. */
    public int portNumber() {
        return buffer.getInt(at + PORT_NUMBER);
    }

    public OffloadBlockList portNumber(int value) {
        buffer.putInt(at + PORT_NUMBER, value);
        return this;
    }

    /** Outstanding send data; initiate and terminate only. */
    public long netBufferListChain() {
        return buffer.getLong(at + NET_BUFFER_LIST_CHAIN);
    }

    public OffloadBlockList netBufferListChain(long value) {
        buffer.putLong(at + NET_BUFFER_LIST_CHAIN, value);
        return this;
    }

    /** Make this a fresh block: everything zero but type, revision and size. */
    public void clear(StateType type) {
        for (int i = 0; i < BYTES; i += Long.BYTES) {
            buffer.putLong(at + i, 0);
        }
        buffer.put(at + TYPE, (byte) type.code());
        buffer.put(at + REVISION, (byte) 1);
        buffer.putShort(at + SIZE, (short) BYTES);
    }
}
