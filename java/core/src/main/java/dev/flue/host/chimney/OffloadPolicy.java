// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.offload.Capabilities;

/** Whether connections may be offloaded now, and if not, why. */
final class OffloadPolicy {
    private final ChimneyContext context;
    private final boolean allowed;
    private final int receiveBuffer;
    private boolean paused;
    private boolean stopped;

    /**
     * @param allowed by configuration
     * @param receiveBuffer InitialRcvWnd of every connection
     */
    OffloadPolicy(ChimneyContext context, boolean allowed, int receiveBuffer) {
        this.context = context;
        this.allowed = allowed;
        this.receiveBuffer = receiveBuffer;
    }

    /** PAUSE and UPLOAD_ALL on, RESUME off (H-32). */
    void paused(boolean value) {
        paused = value;
    }

    /** For good. */
    void stop() {
        stopped = true;
    }

    boolean stopped() {
        return stopped;
    }

    /** Why a connection to this destination may not be offloaded now, or null. */
    String objection(IpAddress destination) {
        Capabilities can = context.capabilities;
        if (!allowed) {
            return "offload is switched off";
        }
        if (!can.chimney()) {
            return can.unavailabilityCause();
        }
        if (!(destination.isIpv4() ? can.ipv4() : can.ipv6())) {
            return "the target takes no IPv" + (destination.isIpv4() ? 4 : 6) + " connections";
        }
        if (stopped) {
            return "the stack is giving up offloading";
        }
        if (paused) {
            return "the target pauses offloading";
        }
        if (can.maxReceiveWindow() > 0 && receiveBuffer > can.maxReceiveWindow()) {
            return "receiveBuffer " + receiveBuffer + " > " + can.maxReceiveWindow();
        }
        int mtu = context.ip.pathMtu(destination, context.now);
        if (can.maxPathMtu() > 0 && mtu > can.maxPathMtu()) {
            return "path MTU " + mtu + " > " + can.maxPathMtu();
        }
        if (context.refusals.pausing(context.now)) {
            context.counters.backedOff++;
            return context.refusals.lastCause();
        }
        return null;
    }
}
