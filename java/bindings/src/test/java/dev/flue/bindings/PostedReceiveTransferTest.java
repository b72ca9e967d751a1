// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.host.chimney.ChimneyCounters;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.Network;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferConformance;
import dev.flue.testkit.conformance.TransferEnd;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** All transfers again, with stacks that keep receives posted to their engines. */
@RequiresFlue
class PostedReceiveTransferTest extends TransferConformance {
    private static final int BUFFER = 4096;

    @Override
    protected Network network(NetworkConfig config) {
        return network(config, 4, config.seed() % 3 != 0);
    }

    private static Network network(NetworkConfig config, int posts, boolean push) {
        return new NativeNetwork(
                config,
                UnaryOperator.identity(),
                stack -> stack.postedReceives(posts).receivePush(push));
    }

    @Test
    void withoutPushWholeBuffersComeAndAnUploadBringsWhatAHalfFilledOneHas() {
        NetworkConfig config = NetworkConfig.simple(77);
        try (ConformanceRun run = new ConformanceRun(each -> network(each, 64, false), config)) {
            TransferEnd[] ends =
                    run.connect(0, 1, TransferPlan.of(77, 500_001), TransferPlan.of(78, 0));
            ChimneyCounters counters = run.network().stack(1).counters().chimney;
            run.until("most came in them", () -> counters.bytesInPosted > 300_000);
            assertThat(counters.bytesInPosted % BUFFER).isZero();
            ends[1].connection().upload();
            run.untilFinished();
            run.finish();
        }
    }
}
