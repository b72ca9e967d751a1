// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.script.IpVersion;
import dev.flue.testkit.script.MiniportSubject;
import dev.flue.testkit.script.WireScript;
import dev.flue.testkit.script.WireScriptRunner;
import dev.flue.testkit.script.WireSubject;
import java.util.List;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the engine puts on the wire of either IP, segment by segment, as the scripts want it. */
@RequiresFlue
@ParameterizedClass
@EnumSource(IpVersion.class)
class EngineScriptTest {
    @Parameter IpVersion version;

    static List<String> scripts() {
        return WireScript.names();
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void theEngineBehavesAsTheScriptSays(String name) {
        WireScriptRunner.runAll(WireScript.load(name), this::subject);
    }

    private WireSubject subject() {
        NativeMemory memory = NativeMemory.heap();
        Wire wire = new Wire(WireConfig.builder().mtu(version.mtu()).buffers(512).build());
        EngineConfig config = EngineConfig.builder().maxConnections(16).build();
        NativeOffloadTarget target =
                new NativeOffloadTarget(config, wire.port(0, version.local().mac()), memory);
        NativeOffloadTarget peer =
                new NativeOffloadTarget(config, wire.port(1, version.peer().mac()), memory);
        return new MiniportSubject(
                "engine",
                version,
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
