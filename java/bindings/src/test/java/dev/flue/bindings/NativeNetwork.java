// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.im.PassThroughDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.conformance.Network;
import dev.flue.testkit.conformance.NetworkConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Host stacks, each over an engine of its own polled inline, on libflue's wire. */
final class NativeNetwork implements Network {
    private static final int DRIVER_OBJECTS = 4096;

    private final Wire wire;
    private final List<NativePort> ports = new ArrayList<>();
    private final List<NativeOffloadTarget> targets = new ArrayList<>();
    private final List<PassThroughDriver> drivers = new ArrayList<>();
    private final List<VerifierDriver> verifiers = new ArrayList<>();
    private final List<UserHostStack> stacks = new ArrayList<>();

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
        NativeMemory memory = NativeMemory.heap();
        wire = new Wire(wireConfig(config));
        for (int host = 0; host < config.hosts(); host++) {
            NativePort port = wire.port(host, config.mac(host));
            ports.add(port);
            EngineConfig.Builder engine =
                    EngineConfig.builder()
                            .maxConnections(NetworkConfig.MAX_CONNECTIONS)
                            .seed(config.seed() * 31 + host);
            NativeOffloadTarget target =
                    new NativeOffloadTarget(limits.apply(engine).build(), port, memory);
            targets.add(target);
            MiniportAdapter adapter =
                    verified(memory, new MiniportAdapter(memory, target), "below " + host);
            for (int i = 0; i < config.drivers(); i++) {
                PassThroughDriver driver = new PassThroughDriver(memory, adapter, DRIVER_OBJECTS);
                drivers.add(driver);
                adapter = new MiniportAdapter(memory, driver.upper());
            }
            if (config.drivers() > 0) {
                VerifierDriver below = verifiers.get(verifiers.size() - 1);
                adapter = verified(memory, adapter, "above " + host);
                verifiers.get(verifiers.size() - 1).compareWith(below);
            }
            HostStackConfig stack = tune.apply(config.stack(host).toBuilder()).build();
            stacks.add(new UserHostStack(stack, own.apply(memory), adapter));
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

    NativeOffloadTarget target(int host) {
        return targets.get(host);
    }

    Wire wire() {
        return wire;
    }

    private MiniportAdapter verified(NativeMemory in, MiniportAdapter lower, String name) {
        VerifierDriver verifier = new VerifierDriver(in, lower, DRIVER_OBJECTS, name);
        verifiers.add(verifier);
        return new MiniportAdapter(in, verifier.upper());
    }

    @Override
    public List<VerifierDriver> verifiers() {
        return verifiers;
    }

    @Override
    public String name() {
        return "Java stacks over engines on a wire";
    }

    @Override
    public int hosts() {
        return stacks.size();
    }

    @Override
    public UserHostStack stack(int host) {
        return stacks.get(host);
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
    public Map<String, Long> held() {
        Map<String, Long> held = new TreeMap<>();
        for (int i = 0; i < targets.size(); i++) {
            for (EngineResource resource : EngineResource.values()) {
                held.put("engine " + i + " " + resource, targets.get(i).held(resource));
            }
            held.put("target " + i + " waiting", (long) targets.get(i).submissionsWaiting());
            held.put("target " + i + " credit", (long) targets.get(i).submissionsOutstanding());
            held.put("port " + i + " buffers", (long) ports.get(i).buffersHeld());
        }
        for (int i = 0; i < drivers.size(); i++) {
            for (Map.Entry<String, Integer> each : drivers.get(i).held().entrySet()) {
                held.put("driver " + i + " " + each.getKey(), (long) each.getValue());
            }
        }
        return held;
    }

    @Override
    public void close() {
        drivers.forEach(PassThroughDriver::close);
        verifiers.forEach(VerifierDriver::close);
        targets.forEach(NativeOffloadTarget::close);
        wire.close();
    }
}
