// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.im.UpperInterface;
import dev.flue.im.VlanDriver;
import dev.flue.im.VlanSettings;
import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.conformance.NetworkConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Two engines on a wire with a third socket, a VLAN driver over each, and on each of its faces a
 * host stack: stack n is on engine n % 2 and in VLAN n / 2. Verifiers above and below the drivers.
 */
final class VlanNetwork extends WireNetwork {
    static final int ENGINES = 2;
    private static final int OBJECTS = 4096;

    final List<VlanDriver> drivers = new ArrayList<>();
    private final NativeMemory memory;

    VlanNetwork(NetworkConfig config, VlanSettings... vlans) {
        this(NativeMemory.heap(), config, vlans);
    }

    private VlanNetwork(NativeMemory memory, NetworkConfig config, VlanSettings... vlans) {
        super(memory, wireConfig(config), OBJECTS);
        this.memory = memory;
        for (int i = 0; i < ENGINES; i++) {
            EngineConfig engine =
                    EngineConfig.builder().maxConnections(256).seed(config.seed() + i).build();
            MiniportAdapter below =
                    verified(memory, engine(i, config.mac(i), engine), "below " + i);
            drivers.add(own(new VlanDriver(memory, below, OBJECTS, OBJECTS, vlans[0])));
        }
        for (int host = 0; host < ENGINES * vlans.length; host++) {
            VlanDriver driver = drivers.get(host % ENGINES);
            UpperInterface face =
                    host < ENGINES ? driver.upper() : driver.openVlan(vlans[host / ENGINES]);
            HostStackConfig stack =
                    config.stack(host).toBuilder().macAddress(config.mac(host % ENGINES)).build();
            MiniportAdapter above =
                    verified(memory, new MiniportAdapter(memory, face), "above " + host);
            add(new UserHostStack(stack, memory, above));
        }
    }

    private static WireConfig wireConfig(NetworkConfig config) {
        return WireConfig.builder()
                .ports(ENGINES + 1)
                .mtu(config.mtu())
                .seed(config.seed())
                .dropPpm(config.faults().dropPpm())
                .delayNanos(config.faults().delayNanos())
                .build();
    }

    /** Somebody on the third socket. */
    FrameHost stranger(long mac) {
        EngineConfig engine = EngineConfig.builder().build();
        return new FrameHost(new NativeOffloadTarget(engine, wire().port(ENGINES, mac), memory));
    }
}
