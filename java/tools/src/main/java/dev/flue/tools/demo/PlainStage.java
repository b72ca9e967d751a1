// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.bindings.Arena;
import dev.flue.host.UserHostStack;
import dev.flue.host.link.MemoryLink;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.assembly.Polling;
import dev.flue.tools.assembly.StackSettings;
import dev.flue.tools.run.Turn;
import java.util.List;

/** Two stacks on a link in Java memory: where there is no native library. Nothing is offloaded. */
final class PlainStage implements Stage {
    private static final long[] LINK_MACS = {0x0200_0000_0001L, 0x0200_0000_0002L};

    private final MemoryLink link;
    private final UserHostStack client;
    private final UserHostStack server;

    PlainStage(int mtu, int dropPpm, long seed) {
        HeapMemory memory = new HeapMemory();
        link = new MemoryLink(memory, seed);
        link.drop(dropPpm);
        client = stack(memory, 0, mtu, seed);
        server = stack(memory, 1, mtu, seed + 1);
    }

    private UserHostStack stack(HeapMemory memory, int end, int mtu, long seed) {
        StackSettings settings =
                new StackSettings(
                        end == 0 ? CLIENT : SERVER,
                        List.of(),
                        LINK_MACS[end],
                        mtu,
                        64,
                        Arena.HEAP,
                        new Polling(false),
                        1,
                        List.of(),
                        seed);
        MiniportAdapter port = new MiniportAdapter(memory, link.end(end));
        return Assembly.stackOver(port, memory, settings, LINK_MACS[end]);
    }

    @Override
    public UserHostStack client() {
        return client;
    }

    @Override
    public UserHostStack server() {
        return server;
    }

    @Override
    public List<Turn> parts() {
        return List.of(client::doWork, server::doWork);
    }

    @Override
    public boolean offloads() {
        return false;
    }

    @Override
    public boolean giveBack() {
        return true;
    }

    @Override
    public void close() {
        client.close();
        server.close();
        link.close();
    }
}
