// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.host.link.Net;
import dev.flue.host.tcp.TcpSettings;

/** What a {@link UserHostStack} is told once. Immutable; made by {@link #builder}. */
public final class HostStackConfig {
    private final Builder values;

    private HostStackConfig(Builder builder) {
        this.values = builder.copy();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** The same values, to be changed. */
    public Builder toBuilder() {
        return values.copy();
    }

    /** Our IPv4 address, host byte order. */
    public int address() {
        return values.address;
    }

    /** Bits of the address that name the network. */
    public int prefixLength() {
        return values.prefixLength;
    }

    /** Next hop to all other networks; 0 = there is none. */
    public int gateway() {
        return values.gateway;
    }

    /** 0 = the port's own. */
    public long macAddress() {
        return values.macAddress;
    }

    /** Largest IP packet, bytes. */
    public int mtu() {
        return values.mtu;
    }

    /** At a time, TIME_WAIT apart. */
    public int maxConnections() {
        return values.maxConnections;
    }

    /** Bytes a connection may hold unread; its window. */
    public int receiveBuffer() {
        return values.receiveBuffer;
    }

    /** Bytes a connection may hold unacknowledged. */
    public int sendBuffer() {
        return values.sendBuffer;
    }

    /** Bytes of one send buffer, the unit that is lent to a target. */
    public int sendChunk() {
        return values.sendChunk;
    }

    /** Of everything random: sequence numbers, ports, packet ids. Keep it secret. */
    public long seed() {
        return values.seed;
    }

    /** Offload every connection as soon as it is established. */
    public boolean autoOffload() {
        return values.autoOffload;
    }

    /** Maximum segment lifetime; TIME_WAIT lasts two of them. */
    public long mslNanos() {
        return values.mslNanos;
    }

    /** Floor of the retransmission timeout. */
    public long rtoMinNanos() {
        return values.rtoMinNanos;
    }

    /** Whether to offload at all. */
    public boolean chimney() {
        return values.chimney;
    }

    TcpSettings tcp() {
        return new TcpSettings(
                values.maxConnections,
                values.receiveBuffer,
                values.sendBuffer,
                values.sendChunk,
                values.seed,
                values.mslNanos,
                values.rtoMinNanos);
    }

    /** Values, with defaults for all but the address. */
    public static final class Builder {
        private int address;
        private int prefixLength = 24;
        private int gateway;
        private long macAddress;
        private int mtu = 1500;
        private int maxConnections = 4096;
        private int receiveBuffer = 262_144;
        private int sendBuffer = 262_144;
        private int sendChunk = 16_384;
        private long seed = 1;
        private boolean autoOffload = true;
        private long mslNanos = 30_000_000_000L;
        private long rtoMinNanos = 200_000_000L;
        private boolean chimney = true;

        private Builder() {}

        private Builder copy() {
            Builder copy = new Builder();
            copy.address = address;
            copy.prefixLength = prefixLength;
            copy.gateway = gateway;
            copy.macAddress = macAddress;
            copy.mtu = mtu;
            copy.maxConnections = maxConnections;
            copy.receiveBuffer = receiveBuffer;
            copy.sendBuffer = sendBuffer;
            copy.sendChunk = sendChunk;
            copy.seed = seed;
            copy.autoOffload = autoOffload;
            copy.mslNanos = mslNanos;
            copy.rtoMinNanos = rtoMinNanos;
            copy.chimney = chimney;
            return copy;
        }

        public Builder address(int value) {
            address = value;
            return this;
        }

        /** "a.b.c.d" */
        public Builder address(String value) {
            return address(Net.address(value));
        }

        public Builder prefixLength(int value) {
            prefixLength = value;
            return this;
        }

        public Builder gateway(int value) {
            gateway = value;
            return this;
        }

        public Builder macAddress(long value) {
            macAddress = value;
            return this;
        }

        public Builder mtu(int value) {
            mtu = value;
            return this;
        }

        public Builder maxConnections(int value) {
            maxConnections = value;
            return this;
        }

        public Builder receiveBuffer(int value) {
            receiveBuffer = value;
            return this;
        }

        public Builder sendBuffer(int value) {
            sendBuffer = value;
            return this;
        }

        public Builder sendChunk(int value) {
            sendChunk = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public Builder autoOffload(boolean value) {
            autoOffload = value;
            return this;
        }

        public Builder mslNanos(long value) {
            mslNanos = value;
            return this;
        }

        public Builder rtoMinNanos(long value) {
            rtoMinNanos = value;
            return this;
        }

        public Builder chimney(boolean value) {
            chimney = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException when a value is out of its range
         */
        public HostStackConfig build() {
            check(address != 0, "an address is needed");
            check(prefixLength >= 1 && prefixLength <= 32, "prefixLength 1..32");
            check(mtu >= 576 && mtu <= 9000, "mtu 576..9000");
            check(maxConnections >= 1 && maxConnections <= 1 << 20, "maxConnections 1..2^20");
            check(receiveBuffer >= 2048 && receiveBuffer <= 1 << 28, "receiveBuffer 2048..2^28");
            check(sendBuffer >= 2048 && sendBuffer <= 1 << 28, "sendBuffer 2048..2^28");
            check(sendChunk >= 256 && sendChunk <= 1 << 20, "sendChunk 256..2^20");
            check(mslNanos > 0 && rtoMinNanos > 0, "times are positive");
            return new HostStackConfig(this);
        }

        private static void check(boolean right, String rule) {
            if (!right) {
                throw new IllegalArgumentException("host stack: " + rule);
            }
        }
    }
}
