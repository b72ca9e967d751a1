// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.ArenaInfo;
import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.EngineGroup;
import dev.flue.bindings.EngineResource;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.NativePort;
import dev.flue.host.ConnectionInfo;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import dev.flue.tools.inspect.DriverReport;
import dev.flue.tools.inspect.Inspectable;
import dev.flue.tools.inspect.PortReport;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.ToolException;
import dev.flue.tools.run.Turn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Everything from ports up to a host stack: an offload target on each port, intermediate drivers,
 * of which one makes one face of several targets, host stack. Owns all of it. Turned, asked and
 * closed by one thread.
 */
public final class Assembly implements Turn, Inspectable, AutoCloseable {
    private static final int MIN_STACK_CONNECTIONS = 4096;
    private static final long GIVE_BACK_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final List<NativePort> ports;
    private final List<NativeOffloadTarget> targets = new ArrayList<>();
    private final String party;
    private final LinkReport links;
    private final DriverChain drivers;
    private final UserHostStack stack;
    private final KernelPort kernel; // Or null.
    private NativeOffloadTarget kernelTarget; // Likewise.
    private EngineGroup group; // Of engines on the queues of one device, or null.
    private boolean closed;

    /**
     * Builds on ports, and owns them from now on, also when building fails.
     *
     * @throws ToolException what it takes is not there
     * @throws dev.flue.bindings.FlueException likewise
     */
    public Assembly(List<NativePort> ports, StackSettings settings) {
        this(ports, null, settings, "");
    }

    /** The same with the kernel's interface beside the ports, which is owned too. */
    public Assembly(List<NativePort> ports, KernelPort kernel, StackSettings settings) {
        this(ports, kernel, settings, "");
    }

    /** The same, one of several: {@code party} is its name in messages. */
    public Assembly(List<NativePort> ports, StackSettings settings, String party) {
        this(ports, null, settings, party);
    }

    private Assembly(
            List<NativePort> ports, KernelPort kernel, StackSettings settings, String party) {
        this(
                ports,
                kernel,
                engineOf(settings, ports.size()),
                hostOf(settings),
                settings.drivers(),
                party);
        if (settings.queues() > 1) {
            joinQueues(settings.maxConnections(), settings.mtu());
        }
        startThreads(settings.polling());
    }

    /**
     * The same of engine and host stack as somebody configured them.
     *
     * @param drivers intermediate drivers, from the targets upwards, by name
     */
    public Assembly(
            List<NativePort> ports,
            EngineConfig engine,
            HostStackConfig host,
            List<String> drivers,
            String party) {
        this(ports, null, engine, host, drivers, party);
    }

    private Assembly(
            List<NativePort> ports,
            KernelPort kernel,
            EngineConfig engine,
            HostStackConfig host,
            List<String> drivers,
            String party) {
        this.ports = List.copyOf(ports);
        this.kernel = kernel;
        this.party = party;
        try {
            NativeMemory memory = NativeMemory.heap();
            for (NativePort port : ports) {
                targets.add(new NativeOffloadTarget(engine, port, memory));
            }
            links = new LinkReport(this.ports, targets);
            // Every connection may have a path and a neighbor of its own. A driver holds as many as
            // the host stack can offer, not as the target takes: it is the target that says what is
            // full.
            int objects = 3 * host.maxConnections();
            List<Miniport> lowest = List.copyOf(targets);
            this.drivers = DriverChain.over(lowest, memory, drivers, objects, party);
            long mac = ports.get(0).macAddress();
            if (kernel != null) {
                kernelTarget = new NativeOffloadTarget(kernelEngine(), kernel.port(), memory);
                this.drivers.besides(memory, kernelTarget, kernel.settings(mac), objects);
            }
            HostStackConfig.Builder addressed = host.toBuilder().macAddress(mac);
            if (kernel != null) {
                int[] ours = kernel.ephemeralPorts();
                addressed.ephemeralPorts(ours[0], ours[1]);
            }
            stack = new UserHostStack(addressed.build(), memory, this.drivers.top());
            this.drivers.claims(stack::claims);
        } catch (OutOfMemoryError e) {
            closeAll();
            throw new ToolException("not enough memory: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            closeAll();
            throw e;
        }
    }

    /**
     * The ports are the queues of one device: what that brings to the wrong one reaches its
     * connection all the same. Once, before anything is offloaded.
     *
     * @param maxConnections of each engine
     * @param mtu of the device
     */
    public void joinQueues(int maxConnections, int mtu) {
        try {
            long connections = (long) targets.size() * maxConnections;
            int entries = (int) Math.min(connections, EngineGroup.MAX_CONNECTIONS);
            group = new EngineGroup(targets.size(), entries, mtu);
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).join(group, i);
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Where that is wanted, engines poll on threads of their own from now on, not in {@link
     * #doWork}.
     */
    private void startThreads(Polling polling) {
        try {
            polling.start(targets);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static EngineConfig engineOf(StackSettings settings, int engines) {
        return EngineConfig.builder()
                .arena(settings.arena())
                .nicShare(engines)
                .maxConnections(settings.maxConnections())
                .submissionCapacity(settings.polling().ringEntries())
                .upCapacity(4 * settings.polling().ringEntries())
                .seed(settings.seed())
                .build();
    }

    /** It carries frames, nothing else. */
    private static EngineConfig kernelEngine() {
        return EngineConfig.builder().maxConnections(1).build();
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

    /** The drivers between targets and stack. */
    public DriverChain drivers() {
        return drivers;
    }

    /** Of the first target. */
    public ArenaInfo arenaInfo() {
        return targets.get(0).arena();
    }

    /** Of all targets, where they differ. */
    @Override
    public String arena() {
        return targets.stream()
                .map(target -> target.arena().where())
                .distinct()
                .collect(Collectors.joining(" or "));
    }

    @Override
    public int doWork(long nowNanos) {
        return stack.doWork(nowNanos) + links.doWork();
    }

    @Override
    public void query(Consumer<List<ConnectionInfo>> done) {
        stack.query(done);
    }

    @Override
    public Map<String, Long> held() {
        Map<String, Long> held = new LinkedHashMap<>();
        for (EngineResource resource : EngineResource.values()) {
            long sum = targets.stream().mapToLong(target -> target.held(resource)).sum();
            sum += kernelTarget == null ? 0 : kernelTarget.held(resource);
            held.put("engine." + resource.name().toLowerCase(Locale.ROOT), sum);
        }
        stack.held().forEach((name, count) -> held.put("stack." + name, count.longValue()));
        long buffers = ports.stream().mapToLong(NativePort::buffersHeld).sum();
        buffers += kernel == null ? 0 : kernel.port().buffersHeld();
        held.put("port.buffers", buffers);
        return held;
    }

    /** Those of all targets added up. */
    @Override
    public Map<String, Long> counters() {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (NativeOffloadTarget target : targets) {
            target.counters().forEach((name, count) -> counters.merge(name, count, Long::sum));
        }
        stack.counters().asMap().forEach((name, count) -> counters.put("stack." + name, count));
        counters.put("port.frames_lost", ports.stream().mapToLong(NativePort::framesLost).sum());
        if (targets.size() > 1) {
            counters.put("team.moved", drivers.moved());
        }
        return counters;
    }

    @Override
    public List<PortReport> portReports() {
        List<PortReport> reports = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            NativePort port = ports.get(i);
            reports.add(
                    new PortReport(
                            (party.isEmpty() ? "" : party + ".") + port.name(),
                            targets.get(i).link().name().toLowerCase(Locale.ROOT),
                            Offloads.names(port.offloads()),
                            Offloads.names(port.offloadsOffered()),
                            port.counts()));
        }
        return reports;
    }

    @Override
    public List<DriverReport> driverReports() {
        return drivers.reports();
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

    /** Gives everything back, resets what is connected, frees stack, targets, ports. Idempotent. */
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
            closeAll();
        }
    }

    private void closeAll() {
        targets.forEach(NativeOffloadTarget::close);
        if (kernelTarget != null) {
            kernelTarget.close();
        }
        if (group != null) {
            group.close();
        }
        ports.forEach(NativePort::close);
        if (kernel != null) {
            kernel.port().close();
        }
    }
}
