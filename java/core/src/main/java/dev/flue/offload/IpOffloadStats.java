// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** IP_OFFLOAD_STATS: offloaded traffic of one IP version (8.4); octets include the IP header. */
public final class IpOffloadStats extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 64;

    static final int IN_RECEIVES = 0;
    static final int IN_OCTETS = 8;
    static final int IN_DELIVERS = 16;
    static final int OUT_REQUESTS = 24;
    static final int OUT_OCTETS = 32;
    static final int IN_HEADER_ERRORS = 40;
    static final int IN_TRUNCATED_PACKETS = 44;
    static final int IN_DISCARDS = 48;
    static final int OUT_DISCARDS = 52;
    static final int OUT_NO_ROUTES = 56;

    public IpOffloadStats(Memory memory) {
        super(memory);
    }

    @Override
    public IpOffloadStats wrap(long ref) {
        position(ref);
        return this;
    }

    /** Zero it. */
    public IpOffloadStats clear() {
        zero(BYTES);
        return this;
    }

    /** Packets received. */
    public long inReceives() {
        return buffer.getLong(at + IN_RECEIVES);
    }

    public IpOffloadStats inReceives(long value) {
        buffer.putLong(at + IN_RECEIVES, value);
        return this;
    }

    /** Bytes received. */
    public long inOctets() {
        return buffer.getLong(at + IN_OCTETS);
    }

    public IpOffloadStats inOctets(long value) {
        buffer.putLong(at + IN_OCTETS, value);
        return this;
    }

    /** Packets given to TCP. */
    public long inDelivers() {
        return buffer.getLong(at + IN_DELIVERS);
    }

    public IpOffloadStats inDelivers(long value) {
        buffer.putLong(at + IN_DELIVERS, value);
        return this;
    }

    /** Packets sent. */
    public long outRequests() {
        return buffer.getLong(at + OUT_REQUESTS);
    }

    public IpOffloadStats outRequests(long value) {
        buffer.putLong(at + OUT_REQUESTS, value);
        return this;
    }

    /** Bytes sent. */
    public long outOctets() {
        return buffer.getLong(at + OUT_OCTETS);
    }

    public IpOffloadStats outOctets(long value) {
        buffer.putLong(at + OUT_OCTETS, value);
        return this;
    }

    /** Discarded for their header. */
    public int inHeaderErrors() {
        return buffer.getInt(at + IN_HEADER_ERRORS);
    }

    public IpOffloadStats inHeaderErrors(int value) {
        buffer.putInt(at + IN_HEADER_ERRORS, value);
        return this;
    }

    /** Shorter than they say. */
    public int inTruncatedPackets() {
        return buffer.getInt(at + IN_TRUNCATED_PACKETS);
    }

    public IpOffloadStats inTruncatedPackets(int value) {
        buffer.putInt(at + IN_TRUNCATED_PACKETS, value);
        return this;
    }

    /** Discarded for want of memory. */
    public int inDiscards() {
        return buffer.getInt(at + IN_DISCARDS);
    }

    public IpOffloadStats inDiscards(int value) {
        buffer.putInt(at + IN_DISCARDS, value);
        return this;
    }

    /** Not sent for want of memory. */
    public int outDiscards() {
        return buffer.getInt(at + OUT_DISCARDS);
    }

    public IpOffloadStats outDiscards(int value) {
        buffer.putInt(at + OUT_DISCARDS, value);
        return this;
    }

    /** Not sent for want of a neighbor. */
    public int outNoRoutes() {
        return buffer.getInt(at + OUT_NO_ROUTES);
    }

    public IpOffloadStats outNoRoutes(int value) {
        buffer.putInt(at + OUT_NO_ROUTES, value);
        return this;
    }
}
