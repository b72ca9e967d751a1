// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import dev.flue.bindings.WireCounter;
import dev.flue.host.ConnectionInfo;
import dev.flue.host.UserHostStack;
import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.assembly.Cidr;
import dev.flue.tools.assembly.Polling;
import dev.flue.tools.assembly.StackSettings;
import dev.flue.tools.assembly.TargetOptions;
import dev.flue.tools.inspect.DriverReport;
import dev.flue.tools.inspect.InspectServer;
import dev.flue.tools.inspect.Inspectable;
import dev.flue.tools.inspect.PortReport;
import dev.flue.tools.run.Turn;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Two stacks, each with drivers, target and engine of its own, on a wire in memory. */
final class OffloadedStage implements Stage, Inspectable {
    private static final int BUFFERS = 8192;

    private final Wire wire;
    private final InspectServer inspect;
    private final Assembly client;
    private final Assembly server;

    /**
     * @throws dev.flue.bindings.FlueException what it takes is not there
     */
    OffloadedStage(TargetOptions options, int mtu, int dropPpm, long seed, PrintWriter err) {
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
            first = assembly("client", 0, CLIENT, options, mtu, seed);
            server = assembly("server", 1, SERVER, options, mtu, seed + 1);
            client = first;
            inspect = InspectServer.openOrWarn(this, err);
        } catch (RuntimeException e) {
            if (first != null) {
                first.close();
            }
            wire.close();
            throw e;
        }
    }

    private Assembly assembly(
            String party,
            int socket,
            List<Cidr> addresses,
            TargetOptions options,
            int mtu,
            long seed) {
        long mac = StackSettings.macOf(addresses.get(0).address());
        StackSettings settings =
                new StackSettings(
                        addresses,
                        List.of(),
                        mac,
                        mtu,
                        options.maxConnections(),
                        options.arena(),
                        new Polling(options.ownThread()),
                        1,
                        options.drivers(),
                        seed);
        return new Assembly(List.of(wire.port(socket, mac)), settings, party);
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
        return List.of(client, server, inspect);
    }

    @Override
    public boolean offloads() {
        return true;
    }

    @Override
    public String arena() {
        return client.arena();
    }

    Map<String, Long> wireCounters() {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (WireCounter counter : WireCounter.values()) {
            counters.put(counter.name().toLowerCase(Locale.ROOT), wire.count(counter));
        }
        return counters;
    }

    /** The client's connections, then the server's. */
    @Override
    public void query(Consumer<List<ConnectionInfo>> done) {
        client.query(
                ofClient ->
                        server.query(
                                ofServer -> {
                                    List<ConnectionInfo> all = new ArrayList<>(ofClient);
                                    all.addAll(ofServer);
                                    done.accept(all);
                                }));
    }

    @Override
    public Map<String, Long> held() {
        return both(client.held(), server.held());
    }

    @Override
    public Map<String, Long> counters() {
        return both(client.counters(), server.counters());
    }

    @Override
    public List<DriverReport> driverReports() {
        List<DriverReport> all = new ArrayList<>(client.driverReports());
        all.addAll(server.driverReports());
        return all;
    }

    @Override
    public List<PortReport> portReports() {
        List<PortReport> all = new ArrayList<>(client.portReports());
        all.addAll(server.portReports());
        return all;
    }

    private static Map<String, Long> both(Map<String, Long> client, Map<String, Long> server) {
        Map<String, Long> both = new LinkedHashMap<>();
        client.forEach((name, value) -> both.put("client." + name, value));
        server.forEach((name, value) -> both.put("server." + name, value));
        return both;
    }

    @Override
    public boolean giveBack() {
        return client.giveBack() & server.giveBack();
    }

    @Override
    public void close() {
        inspect.close();
        client.close();
        server.close();
        wire.close();
    }
}
