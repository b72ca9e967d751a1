// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.data.IpAddress;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.Verifiers;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Two host stacks over two engines on given ports, turned by this thread with the real clock. */
final class StackPair implements AutoCloseable {
    private static final int ADDRESS = 0xc6120001;
    private static final int PORT = 7000;
    private static final long LIMIT_NANOS = 60_000_000_000L;

    final NativeOffloadTarget[] targets = new NativeOffloadTarget[2];
    final VerifierDriver[] verifiers = new VerifierDriver[2];
    final UserHostStack[] stacks = new UserHostStack[2];
    final List<PatternEnd> ends = new ArrayList<>();

    StackPair(NativePort port0, NativePort port1) {
        this(port0, port1, Arena.HEAP);
    }

    /** With the engines' context areas there. */
    StackPair(NativePort port0, NativePort port1, Arena arena) {
        NativeMemory memory = NativeMemory.heap();
        NativePort[] ports = {port0, port1};
        for (int i = 0; i < 2; i++) {
            EngineConfig config =
                    EngineConfig.builder()
                            .maxConnections(256)
                            .arena(arena)
                            .nicShare(2)
                            .seed(i)
                            .build();
            targets[i] = new NativeOffloadTarget(config, ports[i], memory);
            HostStackConfig stack =
                    HostStackConfig.builder()
                            .address(IpAddress.ofIpv4(ADDRESS + i))
                            .mtu(ports[i].mtu())
                            .seed(i + 1)
                            .mslNanos(1_000_000)
                            .build();
            MiniportAdapter lowest = new MiniportAdapter(memory, targets[i]);
            verifiers[i] = new VerifierDriver(memory, lowest, 1024, "verifier " + i);
            stacks[i] =
                    new UserHostStack(
                            stack, memory, new MiniportAdapter(memory, verifiers[i].upper()));
        }
    }

    /** Let native threads poll the engines. */
    StackPair ownThreads() {
        targets[0].start(-1);
        targets[1].start(-1);
        return this;
    }

    /** One connection with so many bytes each way. */
    void connect(long bytes) {
        int number = ends.size();
        PatternEnd server = new PatternEnd(bytes, number + 1, number);
        PatternEnd client = new PatternEnd(bytes, number, number + 1);
        stacks[1].listen(PORT + number, 16, () -> server);
        stacks[0].connect(IpAddress.ofIpv4(ADDRESS + 1), PORT + number, client);
        ends.add(client);
        ends.add(server);
    }

    int turn() {
        long now = System.nanoTime();
        return stacks[0].doWork(now) + stacks[1].doWork(now);
    }

    void until(String what, BooleanSupplier condition) {
        long limit = System.nanoTime() + LIMIT_NANOS;
        while (!condition.getAsBoolean()) {
            if (turn() == 0) {
                Thread.yield();
            }
            if (System.nanoTime() - limit > 0) {
                throw new AssertionError("in a minute not: " + what + "; " + targets[0].counters());
            }
        }
    }

    void untilDone() {
        until("all transfers", () -> ends.stream().allMatch(PatternEnd::done));
    }

    /** Everything back to the stacks, and all connections gone. */
    void quiet() {
        for (UserHostStack stack : stacks) {
            stack.uploadAll();
        }
        until("uploaded", () -> stacks[0].quiescent() && stacks[1].quiescent());
        until(
                "no connections",
                () -> stacks[0].connectionCount() + stacks[1].connectionCount() == 0);
    }

    @Override
    public void close() {
        for (int i = 0; i < 2; i++) {
            stacks[i].close();
            verifiers[i].close();
            targets[i].close();
        }
        Verifiers.assertNoBreach(List.of(verifiers));
    }
}
