// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.ArenaInfo;
import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.EngineResource;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.NativePort;
import dev.flue.host.ConnectionInfo;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import dev.flue.tools.inspect.Inspectable;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.ToolException;
import dev.flue.tools.run.Turn;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Everything from a port up to a host stack: port, offload target, intermediate drivers, host
 * stack. Owns all of it. Turned, asked and closed by one thread.
 */
public final class Assembly implements Turn, Inspectable, AutoCloseable {
    private static final int MIN_STACK_CONNECTIONS = 4096;
    private static final long GIVE_BACK_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final NativePort port;
    private final NativeOffloadTarget target;
    private final DriverChain drivers;
    private final UserHostStack stack;
    private boolean closed;

    /**
     * Builds on a port, and owns it from now on, also when building fails.
     *
     * @throws ToolException what it takes is not there
     * @throws dev.flue.bindings.FlueException likewise
     */
    public Assembly(NativePort port, StackSettings settings) {
        this(port, settings, "");
    }

    /** The same, one of several: {@code party} is its name in messages. */
    public Assembly(NativePort port, StackSettings settings, String party) {
        this(port, engineOf(settings), hostOf(settings), settings.drivers(), party);
        if (settings.ownThread()) {
            ownThread();
        }
    }

    /**
     * The same of engine and host stack as somebody configured them.
     *
     * @param drivers intermediate drivers, from the target upwards, by name
     */
    public Assembly(
            NativePort port,
            EngineConfig engine,
            HostStackConfig host,
            List<String> drivers,
            String party) {
        this.port = port;
        NativeOffloadTarget opened = null;
        try {
            NativeMemory memory = NativeMemory.heap();
            opened = new NativeOffloadTarget(engine, port, memory);
            target = opened;
            // Every connection may have a path and a neighbor of its own. A driver holds as many as
            // the host stack can offer, not as the target takes: it is the target that says what is
            // full.
            int objects = 3 * host.maxConnections();
            this.drivers = DriverChain.over(target, memory, drivers, objects, party);
            HostStackConfig addressed = host.toBuilder().macAddress(port.macAddress()).build();
            stack = new UserHostStack(addressed, memory, this.drivers.top());
        } catch (OutOfMemoryError e) {
            closeAll(opened, port);
            throw new ToolException("not enough memory: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            closeAll(opened, port);
            throw e;
        }
    }

    /** The engine polls on a thread of its own from now on, not in {@link #doWork}. */
    private void ownThread() {
        try {
            target.start(-1);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static EngineConfig engineOf(StackSettings settings) {
        return EngineConfig.builder()
                .hugepages(settings.hugepages())
                .maxConnections(settings.maxConnections())
                .seed(settings.seed())
                .build();
    }

    private static HostStackConfig hostOf(StackSettings settings) {
        HostStackConfig.Builder network = HostStackConfig.builder();
        settings.addresses().forEach(each -> network.address(each.address(), each.prefix()));
        settings.gateways().forEach(network::gateway);
        return network.mtu(settings.mtu())
                .maxConnections(Math.max(MIN_STACK_CONNECTIONS, settings.maxConnections()))
                .seed(settings.seed())
                .build();
    }

    /** A host stack over anything. */
    public static UserHostStack stackOver(
            MiniportAdapter lower, Memory memory, StackSettings settings, long mac) {
        HostStackConfig config = hostOf(settings).toBuilder().macAddress(mac).build();
        return new UserHostStack(config, memory, lower);
    }

    public UserHostStack stack() {
        return stack;
    }

    /** The drivers between target and stack. */
    public DriverChain drivers() {
        return drivers;
    }

    public NativePort port() {
        return port;
    }

    public ArenaInfo arena() {
        return target.arena();
    }

    @Override
    public int doWork(long nowNanos) {
        return stack.doWork(nowNanos);
    }

    @Override
    public void query(Consumer<List<ConnectionInfo>> done) {
        stack.query(done);
    }

    @Override
    public Map<String, Long> held() {
        Map<String, Long> held = new LinkedHashMap<>();
        for (EngineResource resource : EngineResource.values()) {
            held.put("engine." + resource.name().toLowerCase(Locale.ROOT), target.held(resource));
        }
        stack.held().forEach((name, count) -> held.put("stack." + name, count.longValue()));
        held.put("port.buffers", (long) port.buffersHeld());
        return held;
    }

    @Override
    public Map<String, Long> counters() {
        Map<String, Long> counters = new LinkedHashMap<>(target.counters());
        stack.counters().asMap().forEach((name, count) -> counters.put("stack." + name, count));
        return counters;
    }

    /** Everything is given back: no connection is offloaded, no operation under way. */
    public boolean quiescent() {
        return stack.quiescent();
    }

    /**
     * Takes everything back to the host stack, for a bounded time.
     *
     * @return whether nothing is offloaded any more
     */
    public boolean giveBack() {
        stack.uploadAll();
        return new DutyCycle(List.of(this)).runUntil(this::quiescent, GIVE_BACK_NANOS);
    }

    /** Gives everything back, resets what is connected, frees stack, target, port. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            giveBack();
            stack.close();
            drivers.close();
        } finally {
            closeAll(target, port);
        }
    }

    private static void closeAll(NativeOffloadTarget target, NativePort port) {
        if (target != null) {
            target.close();
        }
        port.close();
    }
}
