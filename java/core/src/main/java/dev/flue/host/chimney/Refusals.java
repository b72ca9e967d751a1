// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.OffloadStatus;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a target refused, told once a status; and a pause after it, doubled while it goes on, so
 * that a full target is not asked for every connection.
 */
final class Refusals {
    static final long FIRST_PAUSE_NANOS = 100_000_000L;
    static final long LONGEST_PAUSE_NANOS = 5_000_000_000L;

    private static final Logger LOG = System.getLogger("dev.flue.host");

    private final Set<OffloadStatus> told = EnumSet.noneOf(OffloadStatus.class);
    private long pause = FIRST_PAUSE_NANOS;
    private long until = Long.MIN_VALUE;
    private String lastCause = "";

    /** A connection was refused; why, for people. */
    String refused(OffloadStatus status, String target, long now) {
        String cause = "the target refused it: " + words(status);
        lastCause = cause;
        until = now + pause;
        pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        if (told.add(status)) {
            LOG.log(
                    Level.WARNING,
                    "{0} refused a connection: {1} ({2}). It stays on the host stack, as"
                            + " do others; this is said once.",
                    target,
                    words(status),
                    status);
        }
        return cause;
    }

    /** The target did not take our parameters. */
    void parameters(OffloadStatus status, String target) {
        LOG.log(
                Level.WARNING,
                "{0} refused the offload parameters ({1}): another protocol may have enabled offload"
                        + " on it. Nothing is offloaded.",
                target,
                status);
    }

    /** The target took a connection, or has room again. */
    void relent() {
        pause = FIRST_PAUSE_NANOS;
        until = Long.MIN_VALUE;
    }

    boolean pausing(long now) {
        return until != Long.MIN_VALUE && now < until;
    }

    String lastCause() {
        return lastCause;
    }

    private static String words(OffloadStatus status) {
        return switch (status) {
            case OFFLOAD_TCP_ENTRIES -> "it has no connection entry left";
            case OFFLOAD_PATH_ENTRIES -> "it has no path entry left";
            case OFFLOAD_NEIGHBOR_ENTRIES -> "it has no neighbor entry left";
            case OFFLOAD_IP_ADDRESS_ENTRIES -> "it has no room for our address";
            case OFFLOAD_HW_ADDRESS_ENTRIES -> "it cannot use our MAC address";
            case OFFLOAD_VLAN_ENTRIES, OFFLOAD_VLAN_MISMATCH -> "it cannot use our VLAN";
            case OFFLOAD_TCP_XMIT_BUFFER -> "it has no transmit buffers left";
            case OFFLOAD_TCP_RCV_BUFFER -> "it has no receive buffers left";
            case OFFLOAD_TCP_RCV_WINDOW -> "the receive buffer is larger than it can serve";
            case OFFLOAD_PATH_MTU -> "the path MTU is larger than it can serve";
            case OFFLOAD_CONNECTION_REJECTED -> "it does not want this connection";
            case RESOURCES -> "it is out of memory";
            case NOT_SUPPORTED -> "it does not support this connection";
            default -> "it failed";
        };
    }
}
