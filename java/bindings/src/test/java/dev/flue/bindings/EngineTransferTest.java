// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.testkit.conformance.Network;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferConformance;

/** Transfers over engines on a wire, polled inline, in virtual time. */
@RequiresFlue
class EngineTransferTest extends TransferConformance {
    @Override
    protected Network network(NetworkConfig config) {
        return new NativeNetwork(config);
    }
}
