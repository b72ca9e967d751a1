// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import dev.flue.bindings.WireCounter;
import dev.flue.host.UserHostStack;
import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.assembly.Cidr;
import dev.flue.tools.assembly.StackSettings;
import dev.flue.tools.assembly.TargetOptions;
import dev.flue.tools.assembly.Turn;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Two stacks, each with drivers, target and engine of its own, on a wire in memory. */
final class OffloadedStage implements Stage {
    private static final int BUFFERS = 8192;

    private final Wire wire;
    private final Assembly client;
    private final Assembly server;

    /**
     * @throws dev.flue.bindings.FlueException what it takes is not there
     */
    OffloadedStage(TargetOptions options, int mtu, int dropPpm, long seed) {
        wire =
                new Wire(
                        WireConfig.builder()
                                .ports(2)
                                .mtu(mtu)
                                .buffers(BUFFERS)
                                .dropPpm(dropPpm)
                                .seed(seed)
                                .build());
        Assembly first = null;
        try {
            first = assembly(0, CLIENT, options, mtu, seed);
            server = assembly(1, SERVER, options, mtu, seed + 1);
            client = first;
        } catch (RuntimeException e) {
            if (first != null) {
                first.close();
            }
            wire.close();
            throw e;
        }
    }

    private Assembly assembly(int socket, Cidr address, TargetOptions options, int mtu, long seed) {
        long mac = StackSettings.macOf(address.address());
        StackSettings settings =
                new StackSettings(
                        address,
                        0,
                        mac,
                        mtu,
                        options.maxConnections(),
                        options.hugepages(),
                        options.ownThread(),
                        options.drivers(),
                        seed);
        return new Assembly(wire.port(socket, mac), settings);
    }

    Assembly clientAssembly() {
        return client;
    }

    Assembly serverAssembly() {
        return server;
    }

    @Override
    public UserHostStack client() {
        return client.stack();
    }

    @Override
    public UserHostStack server() {
        return server.stack();
    }

    @Override
    public List<Turn> parts() {
        return List.of(client, server);
    }

    @Override
    public boolean offloads() {
        return true;
    }

    Map<String, Long> wireCounters() {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (WireCounter counter : WireCounter.values()) {
            counters.put(counter.name().toLowerCase(Locale.ROOT), wire.count(counter));
        }
        return counters;
    }

    @Override
    public boolean giveBack() {
        return client.giveBack() & server.giveBack();
    }

    @Override
    public void close() {
        client.close();
        server.close();
        wire.close();
    }
}
