// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** CACHED variables of a TCP connection (2.4). */
public final class TcpCached extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 44;

    static final int LENGTH = 0;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int FLAGS = 8;
    static final int INITIAL_RCV_WND = 12;
    static final int RCV_INDICATION_SIZE = 16;
    static final int KA_PROBE_COUNT = 20;
    static final int KA_TIMEOUT = 24;
    static final int KA_INTERVAL = 28;
    static final int MAX_RT = 32;
    static final int FLOW_LABEL = 36;
    static final int TTL_OR_HOP_LIMIT = 40;
    static final int TOS_OR_TRAFFIC_CLASS = 41;
    static final int USER_PRIORITY = 42;

    public TcpCached(Memory memory) {
        super(memory);
    }

    @Override
    public TcpCached wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public TcpCached length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public TcpCached recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** FLAG_* bits. */
    public int flags() {
        return buffer.getShort(at + FLAGS) & 0xffff;
    }

    public TcpCached flags(int value) {
        buffer.putShort(at + FLAGS, (short) value);
        return this;
    }

    /** Bytes: SO_RCVBUF. */
    public int initialRcvWnd() {
        return buffer.getInt(at + INITIAL_RCV_WND);
    }

    public TcpCached initialRcvWnd(int value) {
        buffer.putInt(at + INITIAL_RCV_WND, value);
        return this;
    }

    /** Bytes, a hint; 0 = as much as there is. */
    public int rcvIndicationSize() {
        return buffer.getInt(at + RCV_INDICATION_SIZE);
    }

    public TcpCached rcvIndicationSize(int value) {
        buffer.putInt(at + RCV_INDICATION_SIZE, value);
        return this;
    }

    /** Keepalive probes to try. */
    public int kaProbeCount() {
        return buffer.get(at + KA_PROBE_COUNT) & 0xff;
    }

    public TcpCached kaProbeCount(int value) {
        buffer.put(at + KA_PROBE_COUNT, (byte) value);
        return this;
    }

    /** Ticks. */
    public int kaTimeout() {
        return buffer.getInt(at + KA_TIMEOUT);
    }

    public TcpCached kaTimeout(int value) {
        buffer.putInt(at + KA_TIMEOUT, value);
        return this;
    }

    /** Ticks. */
    public int kaInterval() {
        return buffer.getInt(at + KA_INTERVAL);
    }

    public TcpCached kaInterval(int value) {
        buffer.putInt(at + KA_INTERVAL, value);
        return this;
    }

    /** Ticks; 0 = by count, -1 = no limit. */
    public int maxRt() {
        return buffer.getInt(at + MAX_RT);
    }

    public TcpCached maxRt(int value) {
        buffer.putInt(at + MAX_RT, value);
        return this;
    }

    /** Lower 20 bits. */
    public int flowLabel() {
        return buffer.getInt(at + FLOW_LABEL);
    }

    public TcpCached flowLabel(int value) {
        buffer.putInt(at + FLOW_LABEL, value);
        return this;
    }

    /** 1..255. */
    public int ttlOrHopLimit() {
        return buffer.get(at + TTL_OR_HOP_LIMIT) & 0xff;
    }

    public TcpCached ttlOrHopLimit(int value) {
        buffer.put(at + TTL_OR_HOP_LIMIT, (byte) value);
        return this;
    }

    /** DSCP and ECN bits. */
    public int tosOrTrafficClass() {
        return buffer.get(at + TOS_OR_TRAFFIC_CLASS) & 0xff;
    }

    public TcpCached tosOrTrafficClass(int value) {
        buffer.put(at + TOS_OR_TRAFFIC_CLASS, (byte) value);
        return this;
    }

    /** Lower 3 bits. */
    public int userPriority() {
        return buffer.get(at + USER_PRIORITY) & 0xff;
    }

    public TcpCached userPriority(int value) {
        buffer.put(at + USER_PRIORITY, (byte) value);
        return this;
    }

    public static final int FLAG_KEEP_ALIVE_ENABLED = 0x01;
    public static final int FLAG_NAGLING_ENABLED = 0x02;
    public static final int FLAG_KEEP_ALIVE_RESTART = 0x04;
    public static final int FLAG_MAX_RT_RESTART = 0x08;
    public static final int FLAG_UPDATE_RCV_WND = 0x10;

    /** Zero it and write the header. */
    public TcpCached clear() {
        clearState(BYTES);
        return this;
    }
}
