// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.testkit.conformance.HandOverConformance;
import dev.flue.testkit.conformance.Network;
import dev.flue.testkit.conformance.NetworkConfig;

/** Connections that move between stacks and engines on a wire, in virtual time. */
@RequiresFlue
class EngineHandOverTest extends HandOverConformance {
    @Override
    protected Network network(NetworkConfig config) {
        return new NativeNetwork(config);
    }
}
