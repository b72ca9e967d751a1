// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.sim.FrameObserver;
import dev.flue.testkit.sim.JavaSimNetwork;
import dev.flue.testkit.sim.SimNetwork;
import dev.flue.testkit.sim.SimPlan;
import java.nio.ByteBuffer;

/** Two host stacks, each over an engine of its own polled inline, on libflue's wire. */
final class NativeSimNetwork extends WireNetwork implements SimNetwork {
    private static final int MAX_CONNECTIONS = 16;
    private static final int VERIFIED_OBJECTS = 64;
    private static final int WIRE_BUFFERS = 512;
    private static final int MANY_WIRE_BUFFERS = 8_192;
    private static final int OBSERVED_BYTES = 2 << 20;
    private static final int RECORD_BYTES = 16;

    private final FrameObserver observer;

    NativeSimNetwork(SimPlan plan, FrameObserver observer) {
        this(plan, observer, NativeMemory.heap());
    }

    private NativeSimNetwork(SimPlan plan, FrameObserver observer, NativeMemory memory) {
        super(
                memory,
                WireConfig.builder()
                        .mtu(plan.wireMtu())
                        .buffers(observer == null ? MANY_WIRE_BUFFERS : WIRE_BUFFERS)
                        .seed(plan.seed())
                        .build(),
                VERIFIED_OBJECTS);
        this.observer = observer;
        if (observer != null) {
            wire().observe(OBSERVED_BYTES);
        }
        for (int host = 0; host < 2; host++) {
            EngineConfig engine =
                    EngineConfig.builder()
                            .maxConnections(MAX_CONNECTIONS)
                            .seed(plan.seed() * 31 + host)
                            .build();
            MiniportAdapter lowest = engine(host, JavaSimNetwork.mac(host), engine);
            MiniportAdapter top = chain(memory, lowest, 0, host);
            add(new UserHostStack(JavaSimNetwork.stack(plan, host), memory, top));
        }
    }

    @Override
    public void setFaults(int from, int to, LinkFaults f) {
        wire().setFaults(
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
        ByteBuffer records = wire().observed();
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
}
