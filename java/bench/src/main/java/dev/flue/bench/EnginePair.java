// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.bindings.AddressLimits;
import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.NativePort;
import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Two engines on a wire without faults, polled inline in virtual time, and one connection. */
public final class EnginePair implements AutoCloseable {
    private static final long MAC = 0x0200c6120001L;
    private static final int MTU = 1500;
    private static final int TURNS = 100_000;
    private static final long TURN_NANOS = 1_000;

    final EngineSide client;
    final EngineSide server;
    final OffloadTree clientTree;
    final OffloadTree serverTree;
    private final Wire wire;
    private final int burst;
    private final int bytes;
    private long now = 1_000_000;

    /**
     * @param burst lists in one send
     * @param bytes payload of each
     */
    public EnginePair(int burst, int bytes) {
        this(burst, bytes, Between.NOTHING);
    }

    /** The same, with drivers at both ends. */
    public EnginePair(int burst, int bytes, Between between) {
        this.burst = burst;
        this.bytes = bytes;
        EngineConfig config =
                EngineConfig.builder()
                        .maxConnections(64)
                        .addressLimits(new AddressLimits(List.of(), 16, 1, 256))
                        .build();
        wire = new Wire(WireConfig.builder().ports(2 * between.engines()).mtu(MTU).build());
        client = new EngineSide(ports(0, between.engines()), config, burst, bytes, between);
        server = new EngineSide(ports(1, between.engines()), config, burst, bytes, between);
        clientTree = new OffloadTree(client, 0, MAC + 1, MTU);
        serverTree = new OffloadTree(server, 1, MAC, MTU);
        clientTree.initiate();
        serverTree.initiate();
        until(() -> client.operationsComplete == 1 && server.operationsComplete == 1);
        if (!clientTree.succeeded() || !serverTree.succeeded()) {
            throw new IllegalStateException(
                    "initiate: " + clientTree.statuses() + ", " + serverTree.statuses());
        }
    }

    /** Every other socket is of one end. */
    private List<NativePort> ports(int end, int count) {
        List<NativePort> ports = new ArrayList<>();
        for (int socket = end; socket < 2 * count; socket += 2) {
            ports.add(wire.port(socket, MAC + socket));
        }
        return ports;
    }

    /** One turn of both ends; time passes to the next event when there was nothing to do. */
    public int turn() {
        now += TURN_NANOS;
        int work = client.turn(now) + server.turn(now);
        if (work == 0) {
            long next = Math.min(client.nextDeadline(), server.nextDeadline());
            next = Math.min(next, wire.nextEvent());
            if (next != Long.MAX_VALUE) {
                now = Math.max(now, next - TURN_NANOS);
            }
        }
        return work;
    }

    /** One turn of the client only. */
    public int clientTurn() {
        now += TURN_NANOS;
        return client.turn(now);
    }

    /** Send one burst from client to server; returns when it is received and acknowledged. */
    public long sendBurst() {
        int complete = client.sendsComplete + burst;
        long received = server.received + (long) burst * bytes;
        client.send(clientTree.tcpHandle);
        for (int i = 0; client.sendsComplete < complete || server.received < received; i++) {
            if (i > TURNS) {
                throw stuck();
            }
            turn();
        }
        return server.received;
    }

    /** Take the client's connection back and hand it over again. */
    public int uploadAndOffload() {
        int done = client.operationsComplete;
        clientTree.terminate();
        for (int i = 0; client.operationsComplete == done; i++) {
            if (i > TURNS) {
                throw stuck();
            }
            turn();
        }
        if (!clientTree.succeeded()) {
            throw new IllegalStateException("terminate: " + clientTree.statuses());
        }
        clientTree.forgetToken();
        clientTree.initiate();
        for (int i = 0; client.operationsComplete == done + 1; i++) {
            if (i > TURNS) {
                throw stuck();
            }
            turn();
        }
        if (!clientTree.succeeded()) {
            throw new IllegalStateException("initiate again: " + clientTree.statuses());
        }
        return client.operationsComplete;
    }

    /** Put one entry on the submission ring: a return of nothing. */
    public void submit() {
        client.target.returnNetBufferLists(0);
    }

    private void until(BooleanSupplier done) {
        for (int i = 0; !done.getAsBoolean(); i++) {
            if (i > TURNS) {
                throw stuck();
            }
            turn();
        }
    }

    private IllegalStateException stuck() {
        return new IllegalStateException(
                "no end after "
                        + TURNS
                        + " turns: client "
                        + client.target.counters()
                        + ", server "
                        + server.target.counters());
    }

    @Override
    public void close() {
        client.close();
        server.close();
        clientTree.close();
        serverTree.close();
        wire.close();
    }
}
