// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * What the layout of the specification has no place for; follows DELEGATED. Versioned: a receiver
 * that does not know the version starts conservatively.
 */
public final class TcpStateExt extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 128;

    static final int LENGTH = 0;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int VERSION = 8;
    static final int FLAGS = 12;
    static final int RCV_ADV = 16;
    static final int RECOVER = 20;
    static final int SRTT_US = 24;
    static final int RTTVAR_US = 28;
    static final int MIN_RTT_US = 32;
    static final int RTO_US = 36;
    static final int LAST_ACK_SENT = 40;
    static final int SND_WL2 = 44;
    static final int BYTES_IN = 48;
    static final int BYTES_OUT = 56;
    static final int RETRANSMITS = 64;
    static final int CC_ALGORITHM = 68;
    static final int RETRANSMIT_TIMEOUT_US = 72;

    public TcpStateExt(Memory memory) {
        super(memory);
    }

    @Override
    public TcpStateExt wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public TcpStateExt length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public TcpStateExt recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** {@link #CURRENT_VERSION}. */
    public int version() {
        return buffer.getInt(at + VERSION);
    }

    public TcpStateExt version(int value) {
        buffer.putInt(at + VERSION, value);
        return this;
    }

    /** FLAG_* bits. */
    public int flags() {
        return buffer.getInt(at + FLAGS);
    }

    public TcpStateExt flags(int value) {
        buffer.putInt(at + FLAGS, value);
        return this;
    }

    /** Promised right edge. */
    public int rcvAdv() {
        return buffer.getInt(at + RCV_ADV);
    }

    public TcpStateExt rcvAdv(int value) {
        buffer.putInt(at + RCV_ADV, value);
        return this;
    }

    /** Recovery point. */
    public int recover() {
        return buffer.getInt(at + RECOVER);
    }

    public TcpStateExt recover(int value) {
        buffer.putInt(at + RECOVER, value);
        return this;
    }

    /** Microseconds. */
    public int srttUs() {
        return buffer.getInt(at + SRTT_US);
    }

    public TcpStateExt srttUs(int value) {
        buffer.putInt(at + SRTT_US, value);
        return this;
    }

    /** Microseconds. */
    public int rttvarUs() {
        return buffer.getInt(at + RTTVAR_US);
    }

    public TcpStateExt rttvarUs(int value) {
        buffer.putInt(at + RTTVAR_US, value);
        return this;
    }

    /** Microseconds; 0 = unknown. */
    public int minRttUs() {
        return buffer.getInt(at + MIN_RTT_US);
    }

    public TcpStateExt minRttUs(int value) {
        buffer.putInt(at + MIN_RTT_US, value);
        return this;
    }

    /** Microseconds, backed off. */
    public int rtoUs() {
        return buffer.getInt(at + RTO_US);
    }

    public TcpStateExt rtoUs(int value) {
        buffer.putInt(at + RTO_US, value);
        return this;
    }

    /** rcvNxt of the last ACK sent. */
    public int lastAckSent() {
        return buffer.getInt(at + LAST_ACK_SENT);
    }

    public TcpStateExt lastAckSent(int value) {
        buffer.putInt(at + LAST_ACK_SENT, value);
        return this;
    }

    /** ACK number of the last window update. */
    public int sndWl2() {
        return buffer.getInt(at + SND_WL2);
    }

    public TcpStateExt sndWl2(int value) {
        buffer.putInt(at + SND_WL2, value);
        return this;
    }

    /** Payload received in order since establishment. */
    public long bytesIn() {
        return buffer.getLong(at + BYTES_IN);
    }

    public TcpStateExt bytesIn(long value) {
        buffer.putLong(at + BYTES_IN, value);
        return this;
    }

    /** Payload acknowledged since establishment. */
    public long bytesOut() {
        return buffer.getLong(at + BYTES_OUT);
    }

    public TcpStateExt bytesOut(long value) {
        buffer.putLong(at + BYTES_OUT, value);
        return this;
    }

    /** Segments retransmitted since establishment. */
    public int retransmits() {
        return buffer.getInt(at + RETRANSMITS);
    }

    public TcpStateExt retransmits(int value) {
        buffer.putInt(at + RETRANSMITS, value);
        return this;
    }

    /** 0 = Reno. */
    public int ccAlgorithm() {
        return buffer.getInt(at + CC_ALGORITHM);
    }

    public TcpStateExt ccAlgorithm(int value) {
        buffer.putInt(at + CC_ALGORITHM, value);
        return this;
    }

    /** DELEGATED's retransmit timer in microseconds, rounded down; 0 = not given. */
    public int retransmitTimeoutUs() {
        return buffer.getInt(at + RETRANSMIT_TIMEOUT_US);
    }

    public TcpStateExt retransmitTimeoutUs(int value) {
        buffer.putInt(at + RETRANSMIT_TIMEOUT_US, value);
        return this;
    }

    public static final int CURRENT_VERSION = 1;
    public static final int FLAG_FIN_SENT = 0x1;
    public static final int FLAG_FIN_QUEUED = 0x2;
    public static final int FLAG_FIN_RECEIVED = 0x4;
    public static final int FLAG_IN_RECOVERY = 0x8;

    /** Zero it and write the header. */
    public TcpStateExt clear() {
        clearState(BYTES);
        return this;
    }
}
