// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.nio.file.Path;

/** Limits and settings of an engine and its channel. Immutable. */
public final class EngineConfig {
    private final Builder values;

    private EngineConfig(Builder values) {
        this.values = values;
    }

    /** 16384 connections, heap arena, minimum retransmission timeout 200 ms. */
    public static Builder builder() {
        return new Builder();
    }

    public Arena arena() {
        return values.arena;
    }

    /** Engines that are to find room in the same NIC memory. */
    public int nicShare() {
        return values.nicShare;
    }

    public long arenaBytes() {
        return values.arenaBytes;
    }

    public int maxConnections() {
        return values.maxConnections;
    }

    public int maxPaths() {
        return values.maxPaths;
    }

    public int maxNeighbors() {
        return values.maxNeighbors;
    }

    public int maxSends() {
        return values.maxSends;
    }

    public int maxReceives() {
        return values.maxReceives;
    }

    public int maxFrames() {
        return values.maxFrames;
    }

    public int rtoMinMicros() {
        return values.rtoMinMicros;
    }

    public int rtoMaxMicros() {
        return values.rtoMaxMicros;
    }

    public int ticksPerSecond() {
        return values.ticksPerSecond;
    }

    public int maxReceiveWindow() {
        return values.maxReceiveWindow;
    }

    public int receiveWindowLimit() {
        return values.receiveWindowLimit;
    }

    public int maxExtras() {
        return values.maxExtras;
    }

    public int maxRetransmissions() {
        return values.maxRetransmissions;
    }

    public boolean chimneyProfile() {
        return values.chimneyProfile;
    }

    public CongestionControl congestionControl() {
        return values.congestionControl;
    }

    public UploadThresholds uploadThresholds() {
        return values.uploadThresholds;
    }

    public AddressLimits addressLimits() {
        return values.addressLimits;
    }

    public long seed() {
        return values.seed;
    }

    public int submissionCapacity() {
        return values.submissionCapacity;
    }

    public int upCapacity() {
        return values.upCapacity;
    }

    public int pollBudget() {
        return values.pollBudget;
    }

    /** Null: in a region of the engine's own. */
    public Path countersFile() {
        return values.countersFile;
    }

    /**
     * Collects the values; the engine checks their ranges when it is made. 0 in a limit means what
     * the engine makes of {@link #maxConnections(int)}.
     */
    public static final class Builder implements Cloneable {
        private Arena arena = Arena.HEAP;
        private int nicShare = 1;
        private long arenaBytes;
        private int maxConnections = 16384;
        private int maxPaths;
        private int maxNeighbors;
        private int maxSends;
        private int maxReceives;
        private int maxFrames;
        private int rtoMinMicros = 200_000;
        private int rtoMaxMicros = 60_000_000;
        private int ticksPerSecond = 1000;
        private int maxReceiveWindow;
        private int receiveWindowLimit;
        private int maxExtras;
        private int maxRetransmissions = 15;
        private boolean chimneyProfile;
        private CongestionControl congestionControl = CongestionControl.CUBIC;
        private UploadThresholds uploadThresholds = UploadThresholds.NONE;
        private AddressLimits addressLimits = AddressLimits.DEFAULT;
        private long seed;
        private int submissionCapacity = 4096;
        private int upCapacity = 16384;
        private int pollBudget = 32;
        private Path countersFile;

        private Builder() {}

        /** Where context areas are to lie. In ordinary pages by default. */
        public Builder arena(Arena value) {
            arena = value;
            return this;
        }

        /** Of NIC memory the engine takes no more than one of so many equal parts; 1 by default. */
        public Builder nicShare(int value) {
            nicShare = value;
            return this;
        }

        /** Size of the arena; 0 = what the limits need. */
        public Builder arenaBytes(long value) {
            arenaBytes = value;
            return this;
        }

        /** 1..4194304. */
        public Builder maxConnections(int value) {
            maxConnections = value;
            return this;
        }

        public Builder maxPaths(int value) {
            maxPaths = value;
            return this;
        }

        public Builder maxNeighbors(int value) {
            maxNeighbors = value;
            return this;
        }

        /**
         * Pieces of send data held, over all connections; 65536 by default. Half as many sends can
         * be under way; more wait in Java. A send is until its peer has acknowledged it.
         */
        public Builder maxSends(int value) {
            maxSends = value;
            return this;
        }

        /** Receive indications out at a time. */
        public Builder maxReceives(int value) {
            maxReceives = value;
            return this;
        }

        /** Raw frames out at a time. */
        public Builder maxFrames(int value) {
            maxFrames = value;
            return this;
        }

        /** Floor of the retransmission timeout. */
        public Builder rtoMinMicros(int value) {
            rtoMinMicros = value;
            return this;
        }

        public Builder rtoMaxMicros(int value) {
            rtoMaxMicros = value;
            return this;
        }

        /** Of tick-valued state: 10, 100 or 1000. */
        public Builder ticksPerSecond(int value) {
            ticksPerSecond = value;
            return this;
        }

        /** Connections that ask for a larger window are refused; bytes. */
        public Builder maxReceiveWindow(int value) {
            maxReceiveWindow = value;
            return this;
        }

        /**
         * Up to how many bytes the window of a connection may grow by itself, beyond what its host
         * asked for, while its peer fills it in every round trip; 0, the default, = never.
         */
        public Builder receiveWindowLimit(int value) {
            receiveWindowLimit = value;
            return this;
        }

        /**
         * Connections that at a time may need more than their context of 256 bytes: that lose
         * something, have data behind a hole or end. Who finds no record does without: it recovers
         * as NewReno, drops what is out of order. 0, the default, = all up to 65536, then one in 16
         * where that is more.
         */
        public Builder maxExtras(int value) {
            maxExtras = value;
            return this;
        }

        /** Of one segment; then the connection is given back. */
        public Builder maxRetransmissions(int value) {
            maxRetransmissions = value;
            return this;
        }

        /**
         * The chimney's own numbers where RFCs have others: RTO 300 ms to 60 s, congestion window
         * and blind-reset table as certified then. Off by default.
         */
        public Builder chimneyProfile(boolean value) {
            chimneyProfile = value;
            return this;
        }

        /** Of connections whose host names no algorithm the engine knows. CUBIC by default. */
        public Builder congestionControl(CongestionControl value) {
            congestionControl = value;
            return this;
        }

        /** VLANs, source MACs and local addresses that are taken. */
        public Builder addressLimits(AddressLimits value) {
            addressLimits = value;
            return this;
        }

        /** When connections that could go on ask to be taken back; none by default. */
        public Builder uploadThresholds(UploadThresholds value) {
            uploadThresholds = value;
            return this;
        }

        /** Of everything random in the engine. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** Entries of the submission ring, a power of two, 64..65536. */
        public Builder submissionCapacity(int value) {
            submissionCapacity = value;
            return this;
        }

        /**
         * Entries of the up-ring, a power of two, 64..65536. Half of them are for completions: so
         * many submissions but sends can be under way; more wait in Java.
         */
        public Builder upCapacity(int value) {
            upCapacity = value;
            return this;
        }

        /**
         * Most packets received in one inline turn, of which the port hands out 32 at a time. What
         * they bring and what is answered is then still in the processor's near caches: more are no
         * faster for few connections, and slower for streams and for thousands.
         */
        public Builder pollBudget(int value) {
            pollBudget = value;
            return this;
        }

        /** A new file of mode 0600 that other processes can map and read; null = none. */
        public Builder countersFile(Path value) {
            countersFile = value;
            return this;
        }

        public EngineConfig build() {
            return new EngineConfig(clone());
        }

        @Override
        protected Builder clone() {
            try {
                return (Builder) super.clone();
            } catch (CloneNotSupportedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
