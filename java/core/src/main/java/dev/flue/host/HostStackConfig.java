// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.data.CongestionAlgorithm;
import dev.flue.data.IpAddress;
import dev.flue.host.chimney.OffloadParameters;
import dev.flue.host.chimney.OffloadPolicy;
import dev.flue.host.ip.Ipv6;
import dev.flue.host.ip.Routes;
import dev.flue.host.tcp.SynCookieUse;
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

    /** Our IPv4 address, its network and gateway; null = IPv4 is not spoken. */
    public Routes ipv4() {
        return values.ipv4();
    }

    /** Our IPv6 address, its network and gateway; null = IPv6 is not spoken. */
    public Routes ipv6() {
        return values.ipv6();
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

    /**
     * Bytes of one send buffer, the unit that is lent to a target. From 2048 on there are small
     * ones, too, of 288 bytes, for a message that goes by itself.
     */
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

    /** When listeners answer SYNs with cookies. */
    public SynCookieUse synCookies() {
        return values.synCookies;
    }

    /** Whether selective acknowledgments are agreed on (RFC 2018). */
    public boolean sack() {
        return values.sack;
    }

    /** Whether timestamps are agreed on (RFC 7323). */
    public boolean timestamps() {
        return values.timestamps;
    }

    /** Whether window scaling is agreed on (RFC 7323). */
    public boolean windowScaling() {
        return values.windowScaling;
    }

    /** Whether to ask for ECN when we open (RFC 3168); a peer that asks is answered anyway. */
    public boolean ecn() {
        return values.ecn;
    }

    /** Of connections that say nothing else. */
    public CongestionAlgorithm congestion() {
        return values.congestion;
    }

    /** How long an ACK may wait for the next segment. */
    public long ackDelayNanos() {
        return values.ackDelayNanos;
    }

    /** Whether to ask, at the start, who else has our IPv6 addresses. */
    public boolean detectDuplicates() {
        return values.detectDuplicates;
    }

    /** Whether to offload at all. */
    public boolean chimney() {
        return values.chimney;
    }

    /** Receives kept posted for each offloaded connection; 0 = the target indicates. */
    public int postedReceives() {
        return values.postedReceives;
    }

    /** Whether a posted receive comes back when the peer pushes, not only when it is full. */
    public boolean receivePush() {
        return values.receivePush;
    }

    /** What is offloaded without being asked for; {@link #autoOffload} unless one was given. */
    public OffloadPolicy offloadPolicy() {
        if (values.offloadPolicy != null) {
            return values.offloadPolicy;
        }
        return values.autoOffload ? OffloadPolicy.all() : OffloadPolicy.none();
    }

    /** How targets are to run TCP. */
    public OffloadParameters offloadParameters() {
        return values.offloadParameters;
    }

    TcpSettings tcp() {
        return new TcpSettings(
                values.maxConnections,
                values.receiveBuffer,
                values.sendBuffer,
                values.sendChunk,
                values.firstPort,
                values.lastPort,
                values.seed,
                values.mslNanos,
                values.rtoMinNanos,
                values.synCookies,
                new TcpSettings.Features(
                        values.sack,
                        values.timestamps,
                        values.windowScaling,
                        values.ecn,
                        values.congestion,
                        values.ackDelayNanos));
    }

    /** Values, with defaults for all but the address. */
    public static final class Builder {
        private IpAddress address4;
        private int prefixLength4 = 24;
        private IpAddress gateway4;
        private IpAddress address6;
        private int prefixLength6 = 64;
        private IpAddress gateway6;
        private long macAddress;
        private int mtu = 1500;
        private int maxConnections = 4096;
        private int receiveBuffer = 262_144;
        private int sendBuffer = 262_144;
        private int sendChunk = 16_384;
        private int firstPort = 32_768;
        private int lastPort = 60_999;
        private long seed = 1;
        private boolean autoOffload = true;
        private long mslNanos = 30_000_000_000L;
        private long rtoMinNanos = 200_000_000L;
        private SynCookieUse synCookies = SynCookieUse.WHEN_FULL;
        private boolean sack = true;
        private boolean timestamps = true;
        private boolean windowScaling = true;
        private boolean ecn;
        private CongestionAlgorithm congestion = CongestionAlgorithm.CUBIC;
        private long ackDelayNanos = 40_000_000L;
        private boolean detectDuplicates = true;
        private boolean chimney = true;
        private int postedReceives;
        private boolean receivePush = true;
        private OffloadPolicy offloadPolicy;
        private OffloadParameters offloadParameters = OffloadParameters.DEFAULTS;

        private Builder() {}

        private Builder copy() {
            Builder copy = new Builder();
            copy.address4 = address4;
            copy.prefixLength4 = prefixLength4;
            copy.gateway4 = gateway4;
            copy.address6 = address6;
            copy.prefixLength6 = prefixLength6;
            copy.gateway6 = gateway6;
            copy.macAddress = macAddress;
            copy.mtu = mtu;
            copy.maxConnections = maxConnections;
            copy.receiveBuffer = receiveBuffer;
            copy.sendBuffer = sendBuffer;
            copy.sendChunk = sendChunk;
            copy.firstPort = firstPort;
            copy.lastPort = lastPort;
            copy.seed = seed;
            copy.autoOffload = autoOffload;
            copy.mslNanos = mslNanos;
            copy.rtoMinNanos = rtoMinNanos;
            copy.synCookies = synCookies;
            copy.sack = sack;
            copy.timestamps = timestamps;
            copy.windowScaling = windowScaling;
            copy.ecn = ecn;
            copy.congestion = congestion;
            copy.ackDelayNanos = ackDelayNanos;
            copy.detectDuplicates = detectDuplicates;
            copy.chimney = chimney;
            copy.postedReceives = postedReceives;
            copy.receivePush = receivePush;
            copy.offloadPolicy = offloadPolicy;
            copy.offloadParameters = offloadParameters;
            return copy;
        }

        /** Our address of one version of IP, in a network of 24 or 64 bits. */
        public Builder address(IpAddress value) {
            return address(value, value.isIpv4() ? 24 : 64);
        }

        /** The same of "198.18.0.1", or "2001:db8::1". */
        public Builder address(String value) {
            return address(IpAddress.of(value));
        }

        /**
         * Our address of one version of IP; once for each version that is to be spoken.
         *
         * @param prefixLength bits of the address that name the network
         */
        public Builder address(IpAddress value, int prefixLength) {
            if (value.isIpv4()) {
                address4 = value;
                prefixLength4 = prefixLength;
            } else {
                address6 = value;
                prefixLength6 = prefixLength;
            }
            return this;
        }

        /** Next hop to all other networks of its version of IP. */
        public Builder gateway(IpAddress value) {
            if (value.isIpv4()) {
                gateway4 = value;
            } else {
                gateway6 = value;
            }
            return this;
        }

        private Routes ipv4() {
            return address4 == null ? null : new Routes(address4, prefixLength4, gateway4);
        }

        private Routes ipv6() {
            return address6 == null ? null : new Routes(address6, prefixLength6, gateway6);
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

        /** Of connections that are opened and name no port; who shares our address takes others. */
        public Builder ephemeralPorts(int first, int last) {
            firstPort = first;
            lastPort = last;
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

        public Builder synCookies(SynCookieUse value) {
            synCookies = value;
            return this;
        }

        public Builder sack(boolean value) {
            sack = value;
            return this;
        }

        public Builder timestamps(boolean value) {
            timestamps = value;
            return this;
        }

        public Builder windowScaling(boolean value) {
            windowScaling = value;
            return this;
        }

        public Builder ecn(boolean value) {
            ecn = value;
            return this;
        }

        public Builder congestion(CongestionAlgorithm value) {
            congestion = value;
            return this;
        }

        /** Less than half a second (RFC 9293, MUST-40). */
        public Builder ackDelayNanos(long value) {
            ackDelayNanos = value;
            return this;
        }

        public Builder detectDuplicates(boolean value) {
            detectDuplicates = value;
            return this;
        }

        public Builder chimney(boolean value) {
            chimney = value;
            return this;
        }

        public Builder postedReceives(int value) {
            postedReceives = value;
            return this;
        }

        public Builder receivePush(boolean value) {
            receivePush = value;
            return this;
        }

        public Builder offloadPolicy(OffloadPolicy value) {
            offloadPolicy = value;
            return this;
        }

        public Builder offloadParameters(OffloadParameters value) {
            offloadParameters = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException when a value is out of its range
         */
        public HostStackConfig build() {
            check(address4 != null || address6 != null, "an address is needed");
            check(prefixLength4 >= 1 && prefixLength4 <= 32, "prefix length 1..32");
            check(prefixLength6 >= 1 && prefixLength6 <= 128, "prefix length 1..128");
            check(oneHost(address4) && oneHost(address6), "an address of one host");
            check(mtu >= 576 && mtu <= 9000, "mtu 576..9000");
            check(address6 == null || mtu >= Ipv6.LEAST_MTU, "mtu 1280 or more for IPv6");
            check(maxConnections >= 1 && maxConnections <= 1 << 20, "maxConnections 1..2^20");
            check(receiveBuffer >= 2048 && receiveBuffer <= 1 << 28, "receiveBuffer 2048..2^28");
            check(sendBuffer >= 2048 && sendBuffer <= 1 << 28, "sendBuffer 2048..2^28");
            check(sendChunk >= 256 && sendChunk <= 1 << 20, "sendChunk 256..2^20");
            check(firstPort >= 1 && firstPort <= lastPort && lastPort <= 65_535, "ports 1..65535");
            check(postedReceives >= 0 && postedReceives <= 64, "postedReceives 0..64");
            check(congestion != null, "a congestion control");
            check(ackDelayNanos >= 0 && ackDelayNanos < 500_000_000, "ackDelayNanos below 0.5 s");
            check(mslNanos > 0 && rtoMinNanos > 0, "times are positive");
            return new HostStackConfig(this);
        }

        private static boolean oneHost(IpAddress address) {
            return address == null || !address.isUnspecified() && !address.isMulticast();
        }

        private static void check(boolean right, String rule) {
            if (!right) {
                throw new IllegalArgumentException("host stack: " + rule);
            }
        }
    }
}
