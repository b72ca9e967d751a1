// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/**
 * What a {@link Wire} is like: sockets, delay, and faults, all drawn from the seed per frame and
 * receiving port. Probabilities are in one in a million, times in nanoseconds. Immutable.
 */
public final class WireConfig {
    private final Builder values;

    private WireConfig(Builder values) {
        this.values = values;
    }

    /** No faults, no delay, 2 ports, MTU 1500, 4096 buffers a port. */
    public static Builder builder() {
        return new Builder();
    }

    public int ports() {
        return values.ports;
    }

    public int mtu() {
        return values.mtu;
    }

    public int buffers() {
        return values.buffers;
    }

    public int dropPpm() {
        return values.dropPpm;
    }

    public int duplicatePpm() {
        return values.duplicatePpm;
    }

    public int corruptPpm() {
        return values.corruptPpm;
    }

    public int reorderPpm() {
        return values.reorderPpm;
    }

    public long seed() {
        return values.seed;
    }

    public long delayNanos() {
        return values.delayNanos;
    }

    public long jitterNanos() {
        return values.jitterNanos;
    }

    public long reorderNanos() {
        return values.reorderNanos;
    }

    @Override
    public String toString() {
        return ports()
                + " ports, MTU "
                + mtu()
                + ", seed "
                + seed()
                + ", drop "
                + dropPpm()
                + " ppm, delay "
                + delayNanos()
                + " ns + 0.."
                + jitterNanos()
                + " ns";
    }

    /** Collects the values; the wire checks their ranges when it is made. */
    public static final class Builder implements Cloneable {
        private int ports = 2;
        private int mtu = 1500;
        private int buffers = 4096;
        private int dropPpm;
        private int duplicatePpm;
        private int corruptPpm;
        private int reorderPpm;
        private long seed;
        private long delayNanos;
        private long jitterNanos;
        private long reorderNanos;

        private Builder() {}

        /** Sockets, 2..16. */
        public Builder ports(int value) {
            ports = value;
            return this;
        }

        /** Largest IP packet, bytes, 576..9000. */
        public Builder mtu(int value) {
            mtu = value;
            return this;
        }

        /** Packet buffers of each port, 64..65536. */
        public Builder buffers(int value) {
            buffers = value;
            return this;
        }

        public Builder dropPpm(int value) {
            dropPpm = value;
            return this;
        }

        public Builder duplicatePpm(int value) {
            duplicatePpm = value;
            return this;
        }

        /** One bit flipped. */
        public Builder corruptPpm(int value) {
            corruptPpm = value;
            return this;
        }

        /** Held back by {@link #reorderNanos(long)} more. */
        public Builder reorderPpm(int value) {
            reorderPpm = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** Delay of every frame. */
        public Builder delayNanos(long value) {
            delayNanos = value;
            return this;
        }

        /** Uniform 0..value on top of the delay; may reorder. */
        public Builder jitterNanos(long value) {
            jitterNanos = value;
            return this;
        }

        public Builder reorderNanos(long value) {
            reorderNanos = value;
            return this;
        }

        public WireConfig build() {
            return new WireConfig(clone());
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
