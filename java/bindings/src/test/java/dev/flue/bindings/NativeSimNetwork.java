// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.host.UserHostStack;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.sim.FrameObserver;
import dev.flue.testkit.sim.JavaSimNetwork;
import dev.flue.testkit.sim.SimNetwork;
import dev.flue.testkit.sim.SimPlan;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Two host stacks, each over an engine of its own polled inline, on libflue's wire. */
final class NativeSimNetwork implements SimNetwork {
    private static final int MAX_CONNECTIONS = 16;
    private static final int VERIFIED_OBJECTS = 64;
    private static final int WIRE_BUFFERS = 512;
    private static final int MANY_WIRE_BUFFERS = 8_192;
    private static final int OBSERVED_BYTES = 2 << 20;
    private static final int RECORD_BYTES = 16;

    private final Wire wire;
    private final FrameObserver observer;
    private final List<NativePort> ports = new ArrayList<>();
    private final List<NativeOffloadTarget> targets = new ArrayList<>();
    private final List<VerifierDriver> verifiers = new ArrayList<>();
    private final List<UserHostStack> stacks = new ArrayList<>();

    NativeSimNetwork(SimPlan plan, FrameObserver observer) {
        this.observer = observer;
        NativeMemory memory = NativeMemory.heap();
        wire =
                new Wire(
                        WireConfig.builder()
                                .mtu(plan.wireMtu())
                                .buffers(observer == null ? MANY_WIRE_BUFFERS : WIRE_BUFFERS)
                                .seed(plan.seed())
                                .build());
        if (observer != null) {
            wire.observe(OBSERVED_BYTES);
        }
        for (int host = 0; host < 2; host++) {
            NativePort port = wire.port(host, JavaSimNetwork.mac(host));
            ports.add(port);
            EngineConfig engine =
                    EngineConfig.builder()
                            .maxConnections(MAX_CONNECTIONS)
                            .seed(plan.seed() * 31 + host)
                            .build();
            NativeOffloadTarget target = new NativeOffloadTarget(engine, port, memory);
            targets.add(target);
            VerifierDriver verifier =
                    new VerifierDriver(
                            memory,
                            new MiniportAdapter(memory, target),
                            VERIFIED_OBJECTS,
                            "below " + host);
            verifiers.add(verifier);
            stacks.add(
                    new UserHostStack(
                            JavaSimNetwork.stack(plan, host),
                            memory,
                            new MiniportAdapter(memory, verifier.upper())));
        }
    }

    @Override
    public void setFaults(int from, int to, LinkFaults f) {
        wire.setFaults(
                from,
                to,
                new WireFaults(
                        f.dropPpm(),
                        f.duplicatePpm(),
                        f.corruptPpm(),
                        f.reorderPpm(),
                        f.burstEnterPpm(),
                        f.burstLeavePpm(),
                        f.burstDropPpm(),
                        f.mtu(),
                        f.delayNanos(),
                        f.jitterNanos(),
                        f.reorderNanos(),
                        f.bitsPerSecond(),
                        f.queueBytes()));
    }

    @Override
    public void flushObserved() {
        if (observer == null) {
            return;
        }
        ByteBuffer records = wire.observed();
        int at = 0;
        while (at < records.limit()) {
            byte[] frame = new byte[records.getInt(at + 8)];
            records.get(at + RECORD_BYTES, frame);
            int port = records.getShort(at + 12);
            boolean received = records.getShort(at + 14) != 0;
            observer.onFrame(records.getLong(at), port, received, frame);
            at += RECORD_BYTES + (frame.length + 7 & -8);
        }
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
    public List<VerifierDriver> verifiers() {
        return verifiers;
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
        return held;
    }

    @Override
    public void close() {
        verifiers.forEach(VerifierDriver::close);
        targets.forEach(NativeOffloadTarget::close);
        wire.close();
    }
}
