// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import dev.flue.testkit.MemorySwitch;

/** Host stacks over a switch in memory. */
public final class JavaNetwork extends SwitchNetwork {
    private static final int DRIVER_OBJECTS = 64;

    public JavaNetwork(NetworkConfig config) {
        this(config, new HeapMemory());
    }

    private JavaNetwork(NetworkConfig config, Memory memory) {
        super(
                memory,
                new MemorySwitch(
                        memory, config.hosts(), config.mtu(), config.seed(), config.faults()),
                DRIVER_OBJECTS);
        for (int host = 0; host < config.hosts(); host++) {
            MiniportAdapter port = port(host, config.mac(host));
            MiniportAdapter top = chain(memory, port, config.drivers(), host);
            add(new UserHostStack(config.stack(host), memory, top));
        }
    }
}
