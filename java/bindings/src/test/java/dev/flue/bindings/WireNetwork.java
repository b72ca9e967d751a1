// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.conformance.StackedNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A network on libflue's wire, each host with an engine of its own polled inline. */
abstract class WireNetwork extends StackedNetwork {
    private final NativeMemory memory;
    private final Wire wire;
    private final List<NativePort> ports = new ArrayList<>();
    private final List<NativeOffloadTarget> targets = new ArrayList<>();

    WireNetwork(NativeMemory memory, WireConfig config, int driverObjects) {
        super("Java stacks over engines on a wire", driverObjects);
        this.memory = memory;
        this.wire = new Wire(config);
    }

    /** The adapter of a host's engine. */
    final MiniportAdapter engine(int host, long mac, EngineConfig config) {
        NativePort port = wire.port(host, mac);
        ports.add(port);
        NativeOffloadTarget target = new NativeOffloadTarget(config, port, memory);
        targets.add(target);
        return new MiniportAdapter(memory, target);
    }

    final NativeOffloadTarget target(int host) {
        return targets.get(host);
    }

    final Wire wire() {
        return wire;
    }

    @Override
    public final long nextEvent() {
        return wire.nextEvent();
    }

    @Override
    public final long traceHash() {
        return wire.traceHash();
    }

    @Override
    public final void setDrop(int ppm) {
        wire.setDrop(ppm);
    }

    @Override
    public final boolean offloads() {
        return true;
    }

    @Override
    protected final void held(Map<String, Long> into) {
        for (int i = 0; i < targets.size(); i++) {
            for (EngineResource resource : EngineResource.values()) {
                into.put("engine " + i + " " + resource, targets.get(i).held(resource));
            }
            into.put("target " + i + " waiting", (long) targets.get(i).submissionsWaiting());
            into.put("target " + i + " credit", (long) targets.get(i).submissionsOutstanding());
            into.put("port " + i + " buffers", (long) ports.get(i).buffersHeld());
        }
    }

    @Override
    protected final void closeWire() {
        targets.forEach(NativeOffloadTarget::close);
        wire.close();
    }
}
