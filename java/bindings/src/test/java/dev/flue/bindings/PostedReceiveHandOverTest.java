// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.testkit.conformance.HandOverConformance;
import dev.flue.testkit.conformance.Network;
import dev.flue.testkit.conformance.NetworkConfig;
import java.util.function.UnaryOperator;

/**
 * All moves again, with stacks that keep receives posted: filled, half filled and not at all.
 * Without push only where the stream ends by itself: what is not full stays with the engine until
 * then.
 */
@RequiresFlue
class PostedReceiveHandOverTest extends HandOverConformance {
    @Override
    protected Network network(NetworkConfig config) {
        return new NativeNetwork(
                config,
                UnaryOperator.identity(),
                stack -> stack.postedReceives(2).receivePush(config.seed() > 3));
    }
}
