// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.im.PassThroughDriver;
import dev.flue.offload.MiniportAdapter;
import java.util.ArrayList;
import java.util.List;

/**
 * Two host stacks over two engines on a wire without faults, drivers between each stack and its
 * engine, virtual time, one thread.
 */
final class StackPair implements AutoCloseable {
    private static final int MTU = 1500;
    private static final long TURN_NANOS = 1_000;
    private static final long MAC = 0x0200c6120001L;
    private static final int DRIVER_OBJECTS = 64;

    private final Wire wire = new Wire(WireConfig.builder().mtu(MTU).build());
    private final List<NativeOffloadTarget> targets = new ArrayList<>();
    private final List<PassThroughDriver> drivers = new ArrayList<>();
    private final UserHostStack[] stacks = new UserHostStack[2];
    private long now = 1_000_000;

    /**
     * @param between drivers between each stack and its engine
     * @param connections at most, of each
     */
    StackPair(int between, int connections) {
        NativeMemory memory = NativeMemory.heap();
        for (int i = 0; i < 2; i++) {
            EngineConfig config =
                    EngineConfig.builder().maxConnections(connections).seed(i).build();
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
                            .maxConnections(connections)
                            .build();
            stacks[i] = new UserHostStack(stack, memory, adapter);
        }
    }

    /** At 198.18.0.1. */
    UserHostStack client() {
        return stacks[0];
    }

    /** At 198.18.0.2. */
    UserHostStack server() {
        return stacks[1];
    }

    /** Both, once; and on to what is due next when there is nothing to do. */
    void turn() {
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

    /** What the client's engine has counted. */
    String counters() {
        return targets.get(0).counters().toString();
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
