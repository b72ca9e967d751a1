// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;
import java.util.Objects;

/**
 * What the layout of the specification has no place for; follows DELEGATED. Versioned: a receiver
 * that does not know the version starts conservatively.
 */
public final class TcpStateExt extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 512;

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
    static final int PRR_DELIVERED = 76;
    static final int PRR_OUT = 80;
    static final int RECOVER_FLIGHT = 84;
    static final int RACK_RTT_US = 88;
    static final int RACK_AGE_US = 92;
    static final int RACK_END = 96;
    static final int RACK_FACK = 100;
    static final int RACK_REO_MULT = 104;
    static final int RACK_REO_PERSIST = 108;
    static final int TLP_END = 112;
    static final int ECN_RECOVER = 116;
    static final int CC_STATE = 120;
    static final int RUN_COUNT = 152;
    static final int RUNS = 156;

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

    /** CC_*. */
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

    /** Bytes delivered in this recovery (PRR). */
    public int prrDelivered() {
        return buffer.getInt(at + PRR_DELIVERED);
    }

    public TcpStateExt prrDelivered(int value) {
        buffer.putInt(at + PRR_DELIVERED, value);
        return this;
    }

    /** Bytes sent in this recovery (PRR). */
    public int prrOut() {
        return buffer.getInt(at + PRR_OUT);
    }

    public TcpStateExt prrOut(int value) {
        buffer.putInt(at + PRR_OUT, value);
        return this;
    }

    /** Bytes in flight when recovery began (RecoverFS). */
    public int recoverFlight() {
        return buffer.getInt(at + RECOVER_FLIGHT);
    }

    public TcpStateExt recoverFlight(int value) {
        buffer.putInt(at + RECOVER_FLIGHT, value);
        return this;
    }

    /** RACK.rtt, microseconds; 0 = RACK has no state. */
    public int rackRttUs() {
        return buffer.getInt(at + RACK_RTT_US);
    }

    public TcpStateExt rackRttUs(int value) {
        buffer.putInt(at + RACK_RTT_US, value);
        return this;
    }

    /** Microseconds since RACK.xmit_ts. */
    public int rackAgeUs() {
        return buffer.getInt(at + RACK_AGE_US);
    }

    public TcpStateExt rackAgeUs(int value) {
        buffer.putInt(at + RACK_AGE_US, value);
        return this;
    }

    /** RACK.end_seq. */
    public int rackEnd() {
        return buffer.getInt(at + RACK_END);
    }

    public TcpStateExt rackEnd(int value) {
        buffer.putInt(at + RACK_END, value);
        return this;
    }

    /** RACK.fack: highest sequence number delivered. */
    public int rackFack() {
        return buffer.getInt(at + RACK_FACK);
    }

    public TcpStateExt rackFack(int value) {
        buffer.putInt(at + RACK_FACK, value);
        return this;
    }

    /** RACK.reo_wnd_mult; 0 counts as 1. */
    public int rackReoMult() {
        return buffer.getInt(at + RACK_REO_MULT);
    }

    public TcpStateExt rackReoMult(int value) {
        buffer.putInt(at + RACK_REO_MULT, value);
        return this;
    }

    /** Recoveries for which it still holds. */
    public int rackReoPersist() {
        return buffer.getInt(at + RACK_REO_PERSIST);
    }

    public TcpStateExt rackReoPersist(int value) {
        buffer.putInt(at + RACK_REO_PERSIST, value);
        return this;
    }

    /** TLP.end_seq, with {@link #FLAG_TLP}. */
    public int tlpEnd() {
        return buffer.getInt(at + TLP_END);
    }

    public TcpStateExt tlpEnd(int value) {
        buffer.putInt(at + TLP_END, value);
        return this;
    }

    /** No second cut before SND.UNA is beyond. */
    public int ecnRecover() {
        return buffer.getInt(at + ECN_RECOVER);
    }

    public TcpStateExt ecnRecover(int value) {
        buffer.putInt(at + ECN_RECOVER, value);
        return this;
    }

    /** Word 0 to {@link #CC_WORDS} - 1 of what is private to the algorithm. */
    public int ccState(int index) {
        return buffer.getInt(at + CC_STATE + Objects.checkIndex(index, CC_WORDS) * Integer.BYTES);
    }

    public TcpStateExt ccState(int index, int value) {
        buffer.putInt(at + CC_STATE + Objects.checkIndex(index, CC_WORDS) * Integer.BYTES, value);
        return this;
    }

    /** How many runs of the scoreboard follow; 0 = nothing is known of what is in flight. */
    public int runCount() {
        return buffer.getInt(at + RUN_COUNT);
    }

    public TcpStateExt runCount(int value) {
        buffer.putInt(at + RUN_COUNT, value);
        return this;
    }

    /** Sequence number behind a run; it begins where the one before ends, the first at SND.UNA. */
    public int runEnd(int index) {
        return buffer.getInt(at + run(index));
    }

    /** RUN_* of a run. */
    public int runFlags(int index) {
        return buffer.getInt(at + run(index) + Integer.BYTES) & RUN_FLAGS;
    }

    /** Microseconds since a run was sent last, or {@link #AGE_UNKNOWN}. */
    public int runAgeUs(int index) {
        return buffer.getInt(at + run(index) + Integer.BYTES) >>> RUN_AGE_SHIFT;
    }

    /** Write a run. An age beyond {@link #AGE_UNKNOWN} counts as that. */
    public TcpStateExt run(int index, int end, int runFlags, long ageUs) {
        int age = (int) Math.min(Math.max(ageUs, 0), AGE_UNKNOWN);
        buffer.putInt(at + run(index), end);
        buffer.putInt(at + run(index) + Integer.BYTES, runFlags | age << RUN_AGE_SHIFT);
        return this;
    }

    private static int run(int index) {
        return RUNS + Objects.checkIndex(index, MAX_RUNS) * 2 * Integer.BYTES;
    }

    public static final int CURRENT_VERSION = 2;

    /** Words of {@link #ccState}. */
    public static final int CC_WORDS = 8;

    /** Runs that find room. */
    public static final int MAX_RUNS = 44;

    /** The peer has it. */
    public static final int RUN_SACKED = 0x1;

    /** It is to be sent again. */
    public static final int RUN_LOST = 0x2;

    /** It was sent more than once. */
    public static final int RUN_RETRANSMITTED = 0x4;

    private static final int RUN_FLAGS = 0x7;
    private static final int RUN_AGE_SHIFT = 3;

    /** Nobody knows when. */
    public static final int AGE_UNKNOWN = 0x1fffffff;

    public static final int CC_RENO = 0;
    public static final int CC_CUBIC = 1;
    public static final int CC_DCTCP = 2;
    public static final int FLAG_FIN_SENT = 0x1;
    public static final int FLAG_FIN_QUEUED = 0x2;
    public static final int FLAG_FIN_RECEIVED = 0x4;
    public static final int FLAG_IN_RECOVERY = 0x8;
    public static final int FLAG_REORDERING = 0x10;
    public static final int FLAG_TLP = 0x20;
    public static final int FLAG_TLP_RETRANS = 0x40;
    public static final int FLAG_ECN = 0x80;
    public static final int FLAG_ECE_OWED = 0x100;
    public static final int FLAG_CWR_OWED = 0x200;
    public static final int FLAG_CE_LAST = 0x400;
    public static final int FLAG_RTO_RECOVERY = 0x800;

    /** Zero it and write the header. */
    public TcpStateExt clear() {
        clearState(BYTES);
        return this;
    }
}
