// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.Capabilities;

/**
 * What an engine can do now. Changed by the owner, with a RESUME or when the engine failed; read by
 * any thread.
 */
final class EngineCapabilities {
    // FLUE_ENABLED_* of flue_oid.h; the capacity is in the upper half of the same word.
    private static final int ENABLED_IPV4 = 0x1;
    private static final int ENABLED_IPV6 = 0x2;
    private static final int ENABLED_SACK = 0x4;

    private volatile Capabilities now;

    EngineCapabilities(Capabilities first) {
        now = first;
    }

    static Capabilities of(EngineConfig config, NativePort port) {
        return new Capabilities(
                true,
                "",
                true,
                true,
                true,
                config.maxConnections(),
                NativeEngine.maxReceiveWindow(config),
                port.mtu(),
                port.macAddress(),
                "engine on " + port.name() + ", " + config.arena() + " arena");
    }

    Capabilities now() {
        return now;
    }

    /** {@code enabled}: arg1 of the entry; 0 = nothing is said, nothing has changed. */
    void resumed(long enabled) {
        Capabilities was = now;
        int capacity = (int) (enabled >>> 32);
        if (enabled == 0 || !was.unavailabilityCause().isEmpty() && was.maxConnections() == 0) {
            return;
        }
        boolean ipv4 = (enabled & ENABLED_IPV4) != 0;
        boolean ipv6 = (enabled & ENABLED_IPV6) != 0;
        now =
                new Capabilities(
                        ipv4 || ipv6,
                        ipv4 || ipv6 ? "" : "offload of IPv4 and of IPv6 is switched off",
                        ipv4,
                        ipv6,
                        (enabled & ENABLED_SACK) != 0,
                        capacity,
                        was.maxReceiveWindow(),
                        was.maxPathMtu(),
                        was.macAddress(),
                        was.name());
    }

    void failed(String cause) {
        Capabilities was = now;
        now =
                new Capabilities(
                        false,
                        cause,
                        was.ipv4(),
                        was.ipv6(),
                        was.sack(),
                        0,
                        was.maxReceiveWindow(),
                        was.maxPathMtu(),
                        was.macAddress(),
                        was.name());
    }
}
