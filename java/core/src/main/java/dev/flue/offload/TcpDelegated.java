// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** DELEGATED variables of a TCP connection (2.5). */
public final class TcpDelegated extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 128;

    static final int LENGTH = 0;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int STATE = 8;
    static final int FLAGS = 12;
    static final int RCV_NXT = 16;
    static final int RCV_WND = 20;
    static final int SND_UNA = 24;
    static final int SND_NXT = 28;
    static final int SND_MAX = 32;
    static final int SND_WND = 36;
    static final int MAX_SND_WND = 40;
    static final int SEND_WL1 = 44;
    static final int CWND = 48;
    static final int SSTHRESH = 52;
    static final int SRTT = 56;
    static final int RTTVAR = 58;
    static final int TS_RECENT = 60;
    static final int TS_RECENT_AGE = 64;
    static final int TS_TIME = 68;
    static final int TOTAL_RT = 72;
    static final int DUP_ACK_COUNT = 76;
    static final int SND_WND_PROBE_COUNT = 77;
    static final int KA_PROBE_COUNT = 80;
    static final int KA_TIMEOUT_DELTA = 84;
    static final int RETRANSMIT_COUNT = 88;
    static final int RETRANSMIT_TIMEOUT_DELTA = 92;
    static final int SEND_DATA_HEAD = 96;
    static final int SEND_DATA_TAIL = 104;
    static final int SEND_BACKLOG_SIZE = 96;
    static final int BUFFERED_DATA = 112;
    static final int RECEIVE_BACKLOG_SIZE = 112;
    static final int DWND = 120;

    public TcpDelegated(Memory memory) {
        super(memory);
    }

    @Override
    public TcpDelegated wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public TcpDelegated length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public TcpDelegated recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** Code of a {@link TcpState}. */
    public int state() {
        return buffer.getInt(at + STATE);
    }

    public TcpDelegated state(int value) {
        buffer.putInt(at + STATE, value);
        return this;
    }

    /** Reserved. */
    public int flags() {
        return buffer.getShort(at + FLAGS) & 0xffff;
    }

    public TcpDelegated flags(int value) {
        buffer.putShort(at + FLAGS, (short) value);
        return this;
    }

    /** Next sequence number expected. */
    public int rcvNxt() {
        return buffer.getInt(at + RCV_NXT);
    }

    public TcpDelegated rcvNxt(int value) {
        buffer.putInt(at + RCV_NXT, value);
        return this;
    }

    /** Bytes from rcvNxt to the promised right edge. */
    public int rcvWnd() {
        return buffer.getInt(at + RCV_WND);
    }

    public TcpDelegated rcvWnd(int value) {
        buffer.putInt(at + RCV_WND, value);
        return this;
    }

    /** First unacknowledged. */
    public int sndUna() {
        return buffer.getInt(at + SND_UNA);
    }

    public TcpDelegated sndUna(int value) {
        buffer.putInt(at + SND_UNA, value);
        return this;
    }

    /** Next to send. */
    public int sndNxt() {
        return buffer.getInt(at + SND_NXT);
    }

    public TcpDelegated sndNxt(int value) {
        buffer.putInt(at + SND_NXT, value);
        return this;
    }

    /** Highest sent + 1. */
    public int sndMax() {
        return buffer.getInt(at + SND_MAX);
    }

    public TcpDelegated sndMax(int value) {
        buffer.putInt(at + SND_MAX, value);
        return this;
    }

    /** Bytes from sndUna. */
    public int sndWnd() {
        return buffer.getInt(at + SND_WND);
    }

    public TcpDelegated sndWnd(int value) {
        buffer.putInt(at + SND_WND, value);
        return this;
    }

    /** Largest window seen. */
    public int maxSndWnd() {
        return buffer.getInt(at + MAX_SND_WND);
    }

    public TcpDelegated maxSndWnd(int value) {
        buffer.putInt(at + MAX_SND_WND, value);
        return this;
    }

    /** Sequence number of the last window update. */
    public int sendWl1() {
        return buffer.getInt(at + SEND_WL1);
    }

    public TcpDelegated sendWl1(int value) {
        buffer.putInt(at + SEND_WL1, value);
        return this;
    }

    /** Bytes. */
    public int cwnd() {
        return buffer.getInt(at + CWND);
    }

    public TcpDelegated cwnd(int value) {
        buffer.putInt(at + CWND, value);
        return this;
    }

    /** Bytes. */
    public int ssthresh() {
        return buffer.getInt(at + SSTHRESH);
    }

    public TcpDelegated ssthresh(int value) {
        buffer.putInt(at + SSTHRESH, value);
        return this;
    }

    /** Ticks x 8. */
    public int srtt() {
        return buffer.getShort(at + SRTT) & 0xffff;
    }

    public TcpDelegated srtt(int value) {
        buffer.putShort(at + SRTT, (short) value);
        return this;
    }

    /** Ticks x 4. */
    public int rttvar() {
        return buffer.getShort(at + RTTVAR) & 0xffff;
    }

    public TcpDelegated rttvar(int value) {
        buffer.putShort(at + RTTVAR, (short) value);
        return this;
    }

    /** TS.Recent. */
    public int tsRecent() {
        return buffer.getInt(at + TS_RECENT);
    }

    public TcpDelegated tsRecent(int value) {
        buffer.putInt(at + TS_RECENT, value);
        return this;
    }

    /** Ticks. */
    public int tsRecentAge() {
        return buffer.getInt(at + TS_RECENT_AGE);
    }

    public TcpDelegated tsRecentAge(int value) {
        buffer.putInt(at + TS_RECENT_AGE, value);
        return this;
    }

    /** The giver's timestamp clock, now. */
    public int tsTime() {
        return buffer.getInt(at + TS_TIME);
    }

    public TcpDelegated tsTime(int value) {
        buffer.putInt(at + TS_TIME, value);
        return this;
    }

    /** Ticks spent retransmitting the current segment. */
    public int totalRt() {
        return buffer.getInt(at + TOTAL_RT);
    }

    public TcpDelegated totalRt(int value) {
        buffer.putInt(at + TOTAL_RT, value);
        return this;
    }

    /** Duplicate ACKs seen. */
    public int dupAckCount() {
        return buffer.get(at + DUP_ACK_COUNT) & 0xff;
    }

    public TcpDelegated dupAckCount(int value) {
        buffer.put(at + DUP_ACK_COUNT, (byte) value);
        return this;
    }

    /** Zero-window probe round. */
    public int sndWndProbeCount() {
        return buffer.get(at + SND_WND_PROBE_COUNT) & 0xff;
    }

    public TcpDelegated sndWndProbeCount(int value) {
        buffer.put(at + SND_WND_PROBE_COUNT, (byte) value);
        return this;
    }

    /** Unanswered keepalive probes. */
    public int kaProbeCount() {
        return buffer.get(at + KA_PROBE_COUNT) & 0xff;
    }

    public TcpDelegated kaProbeCount(int value) {
        buffer.put(at + KA_PROBE_COUNT, (byte) value);
        return this;
    }

    /** Ticks; {@link #TIMER_STOPPED}. */
    public int kaTimeoutDelta() {
        return buffer.getInt(at + KA_TIMEOUT_DELTA);
    }

    public TcpDelegated kaTimeoutDelta(int value) {
        buffer.putInt(at + KA_TIMEOUT_DELTA, value);
        return this;
    }

    /** Retransmissions of the current segment. */
    public int retransmitCount() {
        return buffer.get(at + RETRANSMIT_COUNT) & 0xff;
    }

    public TcpDelegated retransmitCount(int value) {
        buffer.put(at + RETRANSMIT_COUNT, (byte) value);
        return this;
    }

    /** Ticks; {@link #TIMER_STOPPED}. */
    public int retransmitTimeoutDelta() {
        return buffer.getInt(at + RETRANSMIT_TIMEOUT_DELTA);
    }

    public TcpDelegated retransmitTimeoutDelta(int value) {
        buffer.putInt(at + RETRANSMIT_TIMEOUT_DELTA, value);
        return this;
    }

    /** Initiate, terminate: first NBL with send data. */
    public long sendDataHead() {
        return buffer.getLong(at + SEND_DATA_HEAD);
    }

    public TcpDelegated sendDataHead(long value) {
        buffer.putLong(at + SEND_DATA_HEAD, value);
        return this;
    }

    /** Last one. */
    public long sendDataTail() {
        return buffer.getLong(at + SEND_DATA_TAIL);
    }

    public TcpDelegated sendDataTail(long value) {
        buffer.putLong(at + SEND_DATA_TAIL, value);
        return this;
    }

    /** Query only; -1 = not supported. */
    public int sendBacklogSize() {
        return buffer.getInt(at + SEND_BACKLOG_SIZE);
    }

    public TcpDelegated sendBacklogSize(int value) {
        buffer.putInt(at + SEND_BACKLOG_SIZE, value);
        return this;
    }

    /** Initiate, terminate: chain of NBLs. */
    public long bufferedData() {
        return buffer.getLong(at + BUFFERED_DATA);
    }

    public TcpDelegated bufferedData(long value) {
        buffer.putLong(at + BUFFERED_DATA, value);
        return this;
    }

    /** Query only; -1 = not supported. */
    public int receiveBacklogSize() {
        return buffer.getInt(at + RECEIVE_BACKLOG_SIZE);
    }

    public TcpDelegated receiveBacklogSize(int value) {
        buffer.putInt(at + RECEIVE_BACKLOG_SIZE, value);
        return this;
    }

    /** Not used. */
    public int dwnd() {
        return buffer.getInt(at + DWND);
    }

    public TcpDelegated dwnd(int value) {
        buffer.putInt(at + DWND, value);
        return this;
    }

    /** A stopped timer. */
    public static final int TIMER_STOPPED = -1;

    /** In recognizedOptions: a {@link TcpStateExt} follows. */
    public static final int OPTION_EXT = 1;

    /** Zero it and write the header. */
    public TcpDelegated clear() {
        clearState(BYTES);
        return this;
    }
}
