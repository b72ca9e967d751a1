// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/** What a {@link Wire} counts. The order is that of flue_wire_count(). */
public enum WireCounter {
    /** Frames given to the wire. */
    SENT,
    /** Frames a port received. */
    DELIVERED,
    /** Lost by chance. */
    DROPPED,
    DUPLICATED,
    CORRUPTED,
    REORDERED,
    /** Lost because a port's buffers were used up. */
    NO_BUFFER,
    /** Lost because the queue of a link was full. */
    QUEUE_FULL
}
