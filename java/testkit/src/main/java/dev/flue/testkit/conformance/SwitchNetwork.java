// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import dev.flue.testkit.MemorySwitch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A network over a switch in memory: nothing native, nothing to offload to. */
public abstract class SwitchNetwork extends StackedNetwork {
    private final Memory memory;
    private final MemorySwitch wire;
    private final List<MemorySwitch.Port> ports = new ArrayList<>();

    /** {@code memory} is that of the switch. */
    protected SwitchNetwork(Memory memory, MemorySwitch wire, int driverObjects) {
        super("Java stacks over a switch in memory", driverObjects);
        this.memory = memory;
        this.wire = wire;
    }

    /** The adapter of a host's port. */
    protected final MiniportAdapter port(int host, long mac) {
        MemorySwitch.Port port = wire.port(host, mac);
        ports.add(port);
        return new MiniportAdapter(memory, port);
    }

    /** For tests that look at the wire. */
    public final MemorySwitch wire() {
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
        return false;
    }

    @Override
    protected final void held(Map<String, Long> into) {
        for (int i = 0; i < ports.size(); i++) {
            put(into, "port " + i, ports.get(i).heldByName());
        }
    }

    @Override
    protected final void closeWire() {
        wire.close();
    }
}
