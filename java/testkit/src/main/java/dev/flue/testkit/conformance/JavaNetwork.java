// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.host.UserHostStack;
import dev.flue.im.PassThroughDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import dev.flue.testkit.MemorySwitch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Host stacks over a switch in memory: nothing native, nothing to offload to. */
public final class JavaNetwork implements Network {
    private static final int DRIVER_OBJECTS = 64;

    private final HeapMemory memory = new HeapMemory();
    private final MemorySwitch wire;
    private final List<MemorySwitch.Port> ports = new ArrayList<>();
    private final List<PassThroughDriver> drivers = new ArrayList<>();
    private final List<VerifierDriver> verifiers = new ArrayList<>();
    private final List<UserHostStack> stacks = new ArrayList<>();

    public JavaNetwork(NetworkConfig config) {
        wire =
                new MemorySwitch(
                        memory, config.hosts(), config.mtu(), config.seed(), config.faults());
        for (int host = 0; host < config.hosts(); host++) {
            MemorySwitch.Port port = wire.port(host, config.mac(host));
            ports.add(port);
            MiniportAdapter adapter =
                    verified(memory, new MiniportAdapter(memory, port), "below " + host);
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
            stacks.add(new UserHostStack(config.stack(host), memory, adapter));
        }
    }

    /** For tests that look at the wire. */
    public MemorySwitch wire() {
        return wire;
    }

    private MiniportAdapter verified(HeapMemory in, MiniportAdapter lower, String name) {
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
        return "Java stacks over a switch in memory";
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
        return false;
    }

    @Override
    public Map<String, Long> held() {
        Map<String, Long> held = new TreeMap<>();
        for (int i = 0; i < ports.size(); i++) {
            for (Map.Entry<String, Integer> each : ports.get(i).heldByName().entrySet()) {
                held.put("port " + i + " " + each.getKey(), (long) each.getValue());
            }
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
        wire.close();
    }
}
