// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.script.Ground;
import dev.flue.testkit.script.IpVersion;
import dev.flue.testkit.script.JavaStackSubject;
import dev.flue.testkit.script.MiniportSubject;

/** Engines as the subjects of wire scripts, each on a wire of its own. */
final class EngineSubjects {
    private EngineSubjects() {}

    /** An engine alone; a bare protocol plays its host. */
    static MiniportSubject engine(IpVersion version) {
        Ground ground = ground(version);
        return new MiniportSubject("engine", version, ground);
    }

    /**
     * A host stack over an engine; the connection is with the stack at first, or with the engine.
     */
    static JavaStackSubject hosted(IpVersion version, boolean offloaded) {
        String name = offloaded ? "engine below a stack" : "stack above an engine";
        return new JavaStackSubject(name, version, () -> ground(version), offloaded);
    }

    private static Ground ground(IpVersion version) {
        NativeMemory memory = NativeMemory.heap();
        Wire wire = new Wire(WireConfig.builder().mtu(version.mtu()).buffers(512).build());
        EngineConfig config =
                EngineConfig.builder()
                        .maxConnections(16)
                        .maxSends(1024)
                        .maxReceives(512)
                        .maxFrames(512)
                        .submissionCapacity(512)
                        .upCapacity(1024)
                        .build();
        NativeOffloadTarget target =
                new NativeOffloadTarget(config, wire.port(0, version.local().mac()), memory);
        NativeOffloadTarget peer =
                new NativeOffloadTarget(config, wire.port(1, version.peer().mac()), memory);
        return new Ground(
                memory,
                new MiniportAdapter(memory, target),
                new MiniportAdapter(memory, peer),
                wire::nextEvent,
                () -> {
                    target.close();
                    peer.close();
                    wire.close();
                });
    }
}
