// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.testkit.conformance.Network;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferConformance;
import java.util.function.UnaryOperator;

/** All transfers again, with stacks that keep receives posted to their engines. */
@RequiresFlue
class PostedReceiveTransferTest extends TransferConformance {
    @Override
    protected Network network(NetworkConfig config) {
        boolean push = config.seed() % 3 != 0;
        return new NativeNetwork(
                config,
                UnaryOperator.identity(),
                stack -> stack.postedReceives(4).receivePush(push));
    }
}
