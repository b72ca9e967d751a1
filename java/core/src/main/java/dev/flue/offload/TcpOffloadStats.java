// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** TCP_OFFLOAD_STATS: offloaded traffic of one IP version (8.4); counters wrap. */
public final class TcpOffloadStats extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 40;

    static final int IN_SEGMENTS = 0;
    static final int OUT_SEGMENTS = 8;
    static final int CURRENTLY_ESTABLISHED = 16;
    static final int RESET_ESTABLISHED = 20;
    static final int RETRANSMITTED_SEGMENTS = 24;
    static final int IN_ERRORS = 28;
    static final int OUT_RESETS = 32;

    public TcpOffloadStats(Memory memory) {
        super(memory);
    }

    @Override
    public TcpOffloadStats wrap(long ref) {
        position(ref);
        return this;
    }

    /** Zero it. */
    public TcpOffloadStats clear() {
        zero(BYTES);
        return this;
    }

    /** Received, errored ones too. */
    public long inSegments() {
        return buffer.getLong(at + IN_SEGMENTS);
    }

    public TcpOffloadStats inSegments(long value) {
        buffer.putLong(at + IN_SEGMENTS, value);
        return this;
    }

    /** Sent, without pure retransmissions. */
    public long outSegments() {
        return buffer.getLong(at + OUT_SEGMENTS);
    }

    public TcpOffloadStats outSegments(long value) {
        buffer.putLong(at + OUT_SEGMENTS, value);
        return this;
    }

    /** Connections in ESTABLISHED or CLOSE-WAIT, now. */
    public int currentlyEstablished() {
        return buffer.getInt(at + CURRENTLY_ESTABLISHED);
    }

    public TcpOffloadStats currentlyEstablished(int value) {
        buffer.putInt(at + CURRENTLY_ESTABLISHED, value);
        return this;
    }

    /** Straight to CLOSED from those two. */
    public int resetEstablished() {
        return buffer.getInt(at + RESET_ESTABLISHED);
    }

    public TcpOffloadStats resetEstablished(int value) {
        buffer.putInt(at + RESET_ESTABLISHED, value);
        return this;
    }

    /** Segments sent again. */
    public int retransmittedSegments() {
        return buffer.getInt(at + RETRANSMITTED_SEGMENTS);
    }

    public TcpOffloadStats retransmittedSegments(int value) {
        buffer.putInt(at + RETRANSMITTED_SEGMENTS, value);
        return this;
    }

    /** Received in error. */
    public int inErrors() {
        return buffer.getInt(at + IN_ERRORS);
    }

    public TcpOffloadStats inErrors(int value) {
        buffer.putInt(at + IN_ERRORS, value);
        return this;
    }

    /** Segments sent with RST. */
    public int outResets() {
        return buffer.getInt(at + OUT_RESETS);
    }

    public TcpOffloadStats outResets(int value) {
        buffer.putInt(at + OUT_RESETS, value);
        return this;
    }
}
