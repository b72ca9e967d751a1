// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/** What an engine's own thread does when a pass found nothing: enum flue_idle. */
public enum EngineIdle {
    /** Spin, then yield, then park for up to 100 microseconds. */
    BACKOFF,
    /** Go on: the least latency, and a whole processor. */
    SPIN,
    /** Let others go first. */
    YIELD,
    /**
     * Sleep until the device interrupts, something is submitted, or a timer is due. Needs a device
     * that can.
     */
    INTERRUPT;

    int code() {
        return ordinal();
    }
}
