// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * What a host stack wants of a target (8.2). A set enables what it names and nothing else (T-10).
 */
public final class TcpConnectionOffloadParameters extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 56;

    static final int TYPE = 0;
    static final int REVISION = 1;
    static final int SIZE = 2;
    static final int IPV4_ENABLED = 4;
    static final int IPV4_ENCAPSULATION_TYPE = 8;
    static final int IPV4_HEADER_SIZE = 12;
    static final int IPV6_ENABLED = 16;
    static final int IPV6_ENCAPSULATION_TYPE = 20;
    static final int IPV6_HEADER_SIZE = 24;
    static final int TICKS_PER_SECOND = 28;
    static final int TCP_ACK_FREQUENCY = 32;
    static final int TCP_DELAYED_ACK_TICKS = 33;
    static final int TCP_MAXIMUM_RETRANSMISSIONS = 34;
    static final int TCP_DOUBT_REACHABILITY_RETRANSMISSIONS = 35;
    static final int TCP_SWS_PREVENTION_TICKS = 36;
    static final int TCP_DUPLICATE_ACK_THRESHOLD = 40;
    static final int TCP_PUSH_TICKS = 44;
    static final int NCE_STALE_TICKS = 48;
    static final int CONGESTION_ALGORITHM = 52;

    public TcpConnectionOffloadParameters(Memory memory) {
        super(memory);
    }

    @Override
    public TcpConnectionOffloadParameters wrap(long ref) {
        position(ref);
        return this;
    }

    /** Zero it and write the header. */
    public TcpConnectionOffloadParameters clear() {
        clearObject(BYTES);
        return this;
    }

    /** 0 or 1. */
    public int ipv4Enabled() {
        return buffer.getInt(at + IPV4_ENABLED);
    }

    public TcpConnectionOffloadParameters ipv4Enabled(int value) {
        buffer.putInt(at + IPV4_ENABLED, value);
        return this;
    }

    /** 0x02 IEEE 802.3. */
    public int ipv4EncapsulationType() {
        return buffer.getInt(at + IPV4_ENCAPSULATION_TYPE);
    }

    public TcpConnectionOffloadParameters ipv4EncapsulationType(int value) {
        buffer.putInt(at + IPV4_ENCAPSULATION_TYPE, value);
        return this;
    }

    /** Bytes; 0 = that of the type. */
    public int ipv4HeaderSize() {
        return buffer.getInt(at + IPV4_HEADER_SIZE);
    }

    public TcpConnectionOffloadParameters ipv4HeaderSize(int value) {
        buffer.putInt(at + IPV4_HEADER_SIZE, value);
        return this;
    }

    /** 0 or 1. */
    public int ipv6Enabled() {
        return buffer.getInt(at + IPV6_ENABLED);
    }

    public TcpConnectionOffloadParameters ipv6Enabled(int value) {
        buffer.putInt(at + IPV6_ENABLED, value);
        return this;
    }

    /** 0x02 IEEE 802.3. */
    public int ipv6EncapsulationType() {
        return buffer.getInt(at + IPV6_ENCAPSULATION_TYPE);
    }

    public TcpConnectionOffloadParameters ipv6EncapsulationType(int value) {
        buffer.putInt(at + IPV6_ENCAPSULATION_TYPE, value);
        return this;
    }

    /** Bytes; 0 = that of the type. */
    public int ipv6HeaderSize() {
        return buffer.getInt(at + IPV6_HEADER_SIZE);
    }

    public TcpConnectionOffloadParameters ipv6HeaderSize(int value) {
        buffer.putInt(at + IPV6_HEADER_SIZE, value);
        return this;
    }

    /** 10, 100 or 1000: the unit of every tick-valued member. */
    public int ticksPerSecond() {
        return buffer.getInt(at + TICKS_PER_SECOND);
    }

    public TcpConnectionOffloadParameters ticksPerSecond(int value) {
        buffer.putInt(at + TICKS_PER_SECOND, value);
        return this;
    }

    /** Most segments received before an ACK; 1 = each. */
    public int tcpAckFrequency() {
        return Byte.toUnsignedInt(buffer.get(at + TCP_ACK_FREQUENCY));
    }

    public TcpConnectionOffloadParameters tcpAckFrequency(int value) {
        buffer.put(at + TCP_ACK_FREQUENCY, (byte) value);
        return this;
    }

    /** Delayed-ACK timer, ticks. */
    public int tcpDelayedAckTicks() {
        return Byte.toUnsignedInt(buffer.get(at + TCP_DELAYED_ACK_TICKS));
    }

    public TcpConnectionOffloadParameters tcpDelayedAckTicks(int value) {
        buffer.put(at + TCP_DELAYED_ACK_TICKS, (byte) value);
        return this;
    }

    /** Of one segment; then upload. */
    public int tcpMaximumRetransmissions() {
        return Byte.toUnsignedInt(buffer.get(at + TCP_MAXIMUM_RETRANSMISSIONS));
    }

    public TcpConnectionOffloadParameters tcpMaximumRetransmissions(int value) {
        buffer.put(at + TCP_MAXIMUM_RETRANSMISSIONS, (byte) value);
        return this;
    }

    /** Retransmissions after which a black hole is suspected; 0 = never. */
    public int tcpDoubtReachabilityRetransmissions() {
        return Byte.toUnsignedInt(buffer.get(at + TCP_DOUBT_REACHABILITY_RETRANSMISSIONS));
    }

    public TcpConnectionOffloadParameters tcpDoubtReachabilityRetransmissions(int value) {
        buffer.put(at + TCP_DOUBT_REACHABILITY_RETRANSMISSIONS, (byte) value);
        return this;
    }

    /** Silly-window timer, ticks. */
    public int tcpSwsPreventionTicks() {
        return buffer.getInt(at + TCP_SWS_PREVENTION_TICKS);
    }

    public TcpConnectionOffloadParameters tcpSwsPreventionTicks(int value) {
        buffer.putInt(at + TCP_SWS_PREVENTION_TICKS, value);
        return this;
    }

    /** Duplicate ACKs that trigger fast retransmit. */
    public int tcpDuplicateAckThreshold() {
        return buffer.getInt(at + TCP_DUPLICATE_ACK_THRESHOLD);
    }

    public TcpConnectionOffloadParameters tcpDuplicateAckThreshold(int value) {
        buffer.putInt(at + TCP_DUPLICATE_ACK_THRESHOLD, value);
        return this;
    }

    /** Push timer, ticks. */
    public int tcpPushTicks() {
        return buffer.getInt(at + TCP_PUSH_TICKS);
    }

    public TcpConnectionOffloadParameters tcpPushTicks(int value) {
        buffer.putInt(at + TCP_PUSH_TICKS, value);
        return this;
    }

    /** Neighbor reachability counts as stale after these. */
    public int nceStaleTicks() {
        return buffer.getInt(at + NCE_STALE_TICKS);
    }

    public TcpConnectionOffloadParameters nceStaleTicks(int value) {
        buffer.putInt(at + NCE_STALE_TICKS, value);
        return this;
    }

    /** Reserved, 0. */
    public int congestionAlgorithm() {
        return buffer.getInt(at + CONGESTION_ALGORITHM);
    }

    public TcpConnectionOffloadParameters congestionAlgorithm(int value) {
        buffer.putInt(at + CONGESTION_ALGORITHM, value);
        return this;
    }
}
