// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import dev.flue.data.BurstHandler;
import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.SendClaim;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.im.PassThroughDriver;
import dev.flue.offload.MiniportAdapter;
import java.util.ArrayList;
import java.util.List;

/**
 * Application to application: two host stacks over two engines on a wire without faults, drivers
 * between each stack and its engine, one offloaded connection, virtual time, one thread.
 */
final class BurstPair implements AutoCloseable {
    private static final int PORT = 7000;
    private static final int MTU = 1500;
    private static final int TURNS = 100_000;
    private static final long TURN_NANOS = 1_000;
    private static final long MAC = 0x0200c6120001L;
    private static final int DRIVER_OBJECTS = 64;

    /** Sends by claims, keeps what it receives until its next turn. */
    private static final class End implements ConnectionHandler {
        final SendClaim claim = new SendClaim();
        final LoanedBuffer kept = new LoanedBuffer();
        final BurstHandler handler = this::take;
        OffloadConnection connection;
        long received;

        @Override
        public void onConnected(OffloadConnection value) {
            connection = value;
        }

        @Override
        public void onReadable(OffloadConnection value) {
            value.poll(handler, Integer.MAX_VALUE);
        }

        private void take(LoanedBuffer loan) {
            received += loan.length();
            if (kept.isOpen()) {
                kept.release();
            }
            loan.moveTo(kept);
        }
    }

    private final Wire wire = new Wire(WireConfig.builder().mtu(MTU).build());
    private final List<NativeOffloadTarget> targets = new ArrayList<>();
    private final List<PassThroughDriver> drivers = new ArrayList<>();
    private final UserHostStack[] stacks = new UserHostStack[2];
    private final End client = new End();
    private final End server = new End();
    private final int burst;
    private final int bytes;
    private long now = 1_000_000;

    /**
     * @param between drivers between each stack and its engine
     * @param burst claims in one turn
     * @param bytes of each
     */
    BurstPair(int between, int burst, int bytes) {
        this.burst = burst;
        this.bytes = bytes;
        NativeMemory memory = NativeMemory.heap();
        for (int i = 0; i < 2; i++) {
            EngineConfig config = EngineConfig.builder().maxConnections(64).seed(i).build();
            NativeOffloadTarget target =
                    new NativeOffloadTarget(config, wire.port(i, MAC + i), memory);
            targets.add(target);
            MiniportAdapter adapter = new MiniportAdapter(memory, target);
            for (int driver = 0; driver < between; driver++) {
                drivers.add(new PassThroughDriver(memory, adapter, DRIVER_OBJECTS));
                adapter = new MiniportAdapter(memory, drivers.get(drivers.size() - 1).upper());
            }
            HostStackConfig stack =
                    HostStackConfig.builder()
                            .address("198.18.0." + (i + 1))
                            .mtu(MTU)
                            .seed(i + 1)
                            .maxConnections(64)
                            .build();
            stacks[i] = new UserHostStack(stack, memory, adapter);
        }
        stacks[1].listen(PORT, 4, () -> server);
        stacks[0].connect(IpAddress.of("198.18.0.2"), PORT, client);
        for (int i = 0; !offloaded(client) || !offloaded(server); i++) {
            turn(i);
        }
    }

    private static boolean offloaded(End end) {
        return end.connection != null && end.connection.offloaded();
    }

    private void turn(int count) {
        if (count > TURNS) {
            throw new IllegalStateException(
                    "no end after " + TURNS + " turns: " + targets.get(0).counters());
        }
        now += TURN_NANOS;
        int work = stacks[0].doWork(now) + stacks[1].doWork(now);
        if (work == 0) {
            long next = Math.min(stacks[0].nextDeadline(), stacks[1].nextDeadline());
            next = Math.min(next, wire.nextEvent());
            if (next != Long.MAX_VALUE) {
                now = Math.max(now, next - TURN_NANOS);
            }
        }
    }

    /** Claim, fill and commit one burst; returns when it was received and acknowledged. */
    long exchange() {
        long goal = server.received + (long) burst * bytes;
        int room = client.connection.sendRoom();
        for (int i = 0; i < burst; i++) {
            if (!client.connection.tryClaim(bytes, client.claim)) {
                throw new IllegalStateException("no room for a claim");
            }
            client.claim.buffer().putLong(goal);
            client.claim.commit();
        }
        for (int i = 0; server.received < goal || client.connection.sendRoom() < room; i++) {
            turn(i);
        }
        return server.received;
    }

    @Override
    public void close() {
        for (UserHostStack stack : stacks) {
            stack.close();
        }
        drivers.forEach(PassThroughDriver::close);
        targets.forEach(NativeOffloadTarget::close);
        wire.close();
    }
}
