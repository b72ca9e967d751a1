// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** CONST variables of a TCP connection (2.3). */
public final class TcpConst extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 24;

    static final int LENGTH = 0;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int FLAGS = 8;
    static final int REMOTE_PORT = 10;
    static final int LOCAL_PORT = 12;
    static final int WIND_SCALE = 14;
    static final int REMOTE_MSS = 16;
    static final int HASH_VALUE = 20;

    public TcpConst(Memory memory) {
        super(memory);
    }

    @Override
    public TcpConst wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public TcpConst length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public TcpConst recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** FLAG_* bits. */
    public int flags() {
        return buffer.getShort(at + FLAGS) & 0xffff;
    }

    public TcpConst flags(int value) {
        buffer.putShort(at + FLAGS, (short) value);
        return this;
    }

    /** As a number; stored in network byte order. */
    public int remotePort() {
        return Short.reverseBytes(buffer.getShort(at + REMOTE_PORT)) & 0xffff;
    }

    public TcpConst remotePort(int value) {
        buffer.putShort(at + REMOTE_PORT, Short.reverseBytes((short) value));
        return this;
    }

    /** As a number; stored in network byte order. */
    public int localPort() {
        return Short.reverseBytes(buffer.getShort(at + LOCAL_PORT)) & 0xffff;
    }

    public TcpConst localPort(int value) {
        buffer.putShort(at + LOCAL_PORT, Short.reverseBytes((short) value));
        return this;
    }

    /** Low nibble SndWindScale, high nibble RcvWindScale. */
    public int windScale() {
        return buffer.get(at + WIND_SCALE) & 0xff;
    }

    public TcpConst windScale(int value) {
        buffer.put(at + WIND_SCALE, (byte) value);
        return this;
    }

    /** As the peer announced it. */
    public int remoteMss() {
        return buffer.getShort(at + REMOTE_MSS) & 0xffff;
    }

    public TcpConst remoteMss(int value) {
        buffer.putShort(at + REMOTE_MSS, (short) value);
        return this;
    }

    /** RSS hash. */
    public int hashValue() {
        return buffer.getInt(at + HASH_VALUE);
    }

    public TcpConst hashValue(int value) {
        buffer.putInt(at + HASH_VALUE, value);
        return this;
    }

    public static final int FLAG_TIMESTAMPS = 0x01;
    public static final int FLAG_SACK = 0x02;
    public static final int FLAG_WINDOW_SCALING = 0x04;

    /** Zero it and write the header. */
    public TcpConst clear() {
        clearState(BYTES);
        return this;
    }
}
