// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.script.MiniportSubject;
import dev.flue.testkit.script.WireScript;
import dev.flue.testkit.script.WireScriptRunner;
import dev.flue.testkit.script.WireSubject;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the engine puts on the wire, segment by segment, as the scripts want it. */
@RequiresFlue
class EngineScriptTest {

    static List<String> scripts() {
        return WireScript.names();
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void theEngineBehavesAsTheScriptSays(String name) {
        WireScriptRunner.runAll(WireScript.load(name), EngineScriptTest::subject);
    }

    private static WireSubject subject() {
        NativeMemory memory = NativeMemory.heap();
        Wire wire = new Wire(WireConfig.builder().buffers(512).build());
        EngineConfig config = EngineConfig.builder().maxConnections(16).build();
        NativeOffloadTarget target =
                new NativeOffloadTarget(config, wire.port(0, MiniportSubject.targetMac()), memory);
        NativeOffloadTarget peer =
                new NativeOffloadTarget(config, wire.port(1, MiniportSubject.peerMac()), memory);
        return new MiniportSubject(
                "engine",
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
