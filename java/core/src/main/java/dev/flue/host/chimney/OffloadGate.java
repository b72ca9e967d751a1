// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.offload.Capabilities;

/** Whether connections may be offloaded at all now, and if not, why. */
final class OffloadGate {
    private final ChimneyContext context;
    private final boolean allowed;
    private boolean paused;
    private boolean stopped;
    private boolean linkLost;
    private boolean lowPower;
    private boolean refused;
    private boolean ipv4 = true;
    private boolean ipv6 = true;

    /**
     * @param allowed by configuration
     */
    OffloadGate(ChimneyContext context, boolean allowed) {
        this.context = context;
        this.allowed = allowed;
    }

    /** PAUSE and UPLOAD_ALL on, RESUME off (H-32). */
    void paused(boolean value) {
        paused = value;
    }

    /** For good. */
    void stop() {
        stopped = true;
    }

    void linkLost(boolean value) {
        linkLost = value;
    }

    void lowPower(boolean value) {
        lowPower = value;
    }

    /** The target did not take our parameters: it is not ours (H-49). */
    void refused(boolean value) {
        refused = value;
    }

    /** What an administrator wants. */
    void enable(boolean wantIpv4, boolean wantIpv6) {
        ipv4 = wantIpv4;
        ipv6 = wantIpv6;
    }

    boolean ipv4() {
        return allowed && ipv4;
    }

    boolean ipv6() {
        return allowed && ipv6;
    }

    /** Why a connection may not be offloaded now, or null. */
    String objection(TcpConnection connection) {
        String closed = closed(connection.remoteAddress());
        if (closed != null) {
            return closed;
        }
        Capabilities can = context.capabilities;
        int window = connection.receiveBuffer();
        if (can.maxReceiveWindow() > 0 && window > can.maxReceiveWindow()) {
            return "receiveBuffer " + window + " > " + can.maxReceiveWindow();
        }
        int mtu = context.ip.pathMtu(connection.remoteAddress(), context.now);
        if (can.maxPathMtu() > 0 && mtu > can.maxPathMtu()) {
            return "path MTU " + mtu + " > " + can.maxPathMtu();
        }
        if (context.refusals.pausing(context.now)) {
            context.counters.backedOff++;
            return context.refusals.lastCause();
        }
        return null;
    }

    private String closed(IpAddress destination) {
        Capabilities can = context.capabilities;
        boolean four = destination.isIpv4();
        if (!allowed) {
            return "offload is switched off";
        }
        if (!can.chimney()) {
            return can.unavailabilityCause();
        }
        if (four ? !can.ipv4() : !can.ipv6()) {
            return "the target takes no " + (four ? "IPv4" : "IPv6") + " connections";
        }
        if (four ? !ipv4 : !ipv6) {
            return "offload of " + (four ? "IPv4" : "IPv6") + " connections is switched off";
        }
        if (stopped) {
            return "the stack is giving up offloading";
        }
        if (paused) {
            return "the target pauses offloading";
        }
        if (refused) {
            return "the target refused the offload parameters";
        }
        if (lowPower) {
            return "the port is in low power";
        }
        return linkLost ? "the link is down" : null;
    }
}
