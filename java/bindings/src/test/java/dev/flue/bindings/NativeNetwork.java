// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.conformance.NetworkConfig;
import java.util.function.UnaryOperator;

/** Host stacks, each over an engine of its own polled inline, on libflue's wire. */
final class NativeNetwork extends WireNetwork {
    private static final int DRIVER_OBJECTS = 4096;

    NativeNetwork(NetworkConfig config) {
        this(config, UnaryOperator.identity());
    }

    /** {@code limits}: what is to be different about the engines. */
    NativeNetwork(NetworkConfig config, UnaryOperator<EngineConfig.Builder> limits) {
        this(config, limits, UnaryOperator.identity());
    }

    /** {@code tune}: what is to be different about the stacks. */
    NativeNetwork(
            NetworkConfig config,
            UnaryOperator<EngineConfig.Builder> limits,
            UnaryOperator<HostStackConfig.Builder> tune) {
        this(config, limits, tune, UnaryOperator.identity());
    }

    /** {@code own} makes the memory of the stacks; the engines keep theirs. */
    NativeNetwork(
            NetworkConfig config,
            UnaryOperator<EngineConfig.Builder> limits,
            UnaryOperator<HostStackConfig.Builder> tune,
            UnaryOperator<Memory> own) {
        this(config, limits, tune, own, NativeMemory.heap());
    }

    private NativeNetwork(
            NetworkConfig config,
            UnaryOperator<EngineConfig.Builder> limits,
            UnaryOperator<HostStackConfig.Builder> tune,
            UnaryOperator<Memory> own,
            NativeMemory memory) {
        super(memory, wireConfig(config), DRIVER_OBJECTS);
        for (int host = 0; host < config.hosts(); host++) {
            EngineConfig.Builder engine =
                    EngineConfig.builder()
                            .maxConnections(NetworkConfig.MAX_CONNECTIONS)
                            .seed(config.seed() * 31 + host);
            MiniportAdapter lowest = engine(host, config.mac(host), limits.apply(engine).build());
            MiniportAdapter top = chain(memory, lowest, config.drivers(), host);
            HostStackConfig stack = tune.apply(config.stack(host).toBuilder()).build();
            add(new UserHostStack(stack, own.apply(memory), top));
        }
    }

    private static WireConfig wireConfig(NetworkConfig config) {
        LinkFaults faults = config.faults();
        return WireConfig.builder()
                .ports(Math.max(2, config.hosts()))
                .mtu(config.mtu())
                .seed(config.seed())
                .dropPpm(faults.dropPpm())
                .duplicatePpm(faults.duplicatePpm())
                .corruptPpm(faults.corruptPpm())
                .reorderPpm(faults.reorderPpm())
                .delayNanos(faults.delayNanos())
                .jitterNanos(faults.jitterNanos())
                .reorderNanos(faults.reorderNanos())
                .build();
    }
}
