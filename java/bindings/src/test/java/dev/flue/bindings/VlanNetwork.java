// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.host.UserHostStack;
import dev.flue.im.UpperInterface;
import dev.flue.im.VerifierDriver;
import dev.flue.im.VlanDriver;
import dev.flue.im.VlanSettings;
import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.conformance.Network;
import dev.flue.testkit.conformance.NetworkConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Two engines on a wire with a third socket, a VLAN driver over each, and on each of its faces a
 * host stack: stack n is on engine n % 2 and in VLAN n / 2. Verifiers above and below the drivers.
 */
final class VlanNetwork implements Network {
    static final int ENGINES = 2;
    private static final int OBJECTS = 4096;

    final List<VlanDriver> drivers = new ArrayList<>();
    private final Wire wire;
    private final List<NativePort> ports = new ArrayList<>();
    private final List<NativeOffloadTarget> targets = new ArrayList<>();
    private final List<VerifierDriver> verifiers = new ArrayList<>();
    private final UserHostStack[] stacks;

    VlanNetwork(NetworkConfig config, VlanSettings... vlans) {
        NativeMemory memory = NativeMemory.heap();
        wire =
                new Wire(
                        WireConfig.builder()
                                .ports(ENGINES + 1)
                                .mtu(config.mtu())
                                .seed(config.seed())
                                .dropPpm(config.faults().dropPpm())
                                .delayNanos(config.faults().delayNanos())
                                .build());
        stacks = new UserHostStack[ENGINES * vlans.length];
        for (int i = 0; i < ENGINES; i++) {
            NativePort port = wire.port(i, config.mac(i));
            ports.add(port);
            EngineConfig engine =
                    EngineConfig.builder().maxConnections(256).seed(config.seed() + i).build();
            NativeOffloadTarget target = new NativeOffloadTarget(engine, port, memory);
            targets.add(target);
            UpperInterface below = verified(new MiniportAdapter(memory, target), "below " + i);
            VlanDriver driver =
                    new VlanDriver(
                            memory, new MiniportAdapter(memory, below), OBJECTS, OBJECTS, vlans[0]);
            drivers.add(driver);
            for (int v = 0; v < vlans.length; v++) {
                int host = v * ENGINES + i;
                UpperInterface face = v == 0 ? driver.upper() : driver.openVlan(vlans[v]);
                UpperInterface above = verified(new MiniportAdapter(memory, face), "above " + host);
                stacks[host] =
                        new UserHostStack(
                                config.stack(host).toBuilder().macAddress(config.mac(i)).build(),
                                memory,
                                new MiniportAdapter(memory, above));
            }
        }
    }

    private UpperInterface verified(MiniportAdapter lower, String name) {
        VerifierDriver verifier = new VerifierDriver(NativeMemory.heap(), lower, OBJECTS, name);
        verifiers.add(verifier);
        return verifier.upper();
    }

    /** Somebody on the third socket. */
    FrameHost stranger(long mac) {
        NativePort port = wire.port(ENGINES, mac);
        ports.add(port);
        return new FrameHost(
                new NativeOffloadTarget(EngineConfig.builder().build(), port, NativeMemory.heap()));
    }

    @Override
    public String name() {
        return "Java stacks in VLANs over engines on a wire";
    }

    @Override
    public int hosts() {
        return stacks.length;
    }

    @Override
    public UserHostStack stack(int host) {
        return stacks[host];
    }

    @Override
    public long nextEvent() {
        return wire.nextEvent();
    }

    @Override
    public long traceHash() {
        return wire.traceHash();
    }

    @Override
    public void setDrop(int ppm) {
        wire.setDrop(ppm);
    }

    @Override
    public boolean offloads() {
        return true;
    }

    @Override
    public List<VerifierDriver> verifiers() {
        return verifiers;
    }

    @Override
    public Map<String, Long> held() {
        Map<String, Long> held = new LinkedHashMap<>();
        for (int i = 0; i < ENGINES; i++) {
            for (EngineResource resource : EngineResource.values()) {
                held.put("engine " + i + " " + resource, targets.get(i).held(resource));
            }
            held.put("port " + i + " buffers", (long) ports.get(i).buffersHeld());
            for (Map.Entry<String, Integer> each : drivers.get(i).held().entrySet()) {
                held.put("driver " + i + " " + each.getKey(), (long) each.getValue());
            }
        }
        return held;
    }

    @Override
    public void close() {
        drivers.forEach(VlanDriver::close);
        verifiers.forEach(VerifierDriver::close);
        targets.forEach(NativeOffloadTarget::close);
        wire.close();
    }
}
