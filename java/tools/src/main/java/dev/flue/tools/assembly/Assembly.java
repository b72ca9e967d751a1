// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.ArenaInfo;
import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.EngineGroup;
import dev.flue.bindings.EngineResource;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.NativePort;
import dev.flue.data.OffloadConnection;
import dev.flue.host.ConnectionInfo;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.host.chimney.OffloadPolicy;
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

    /** Everything is offloaded, and goes on with the host stack while no port has a link. */
    private static final class BackWithoutLink implements OffloadPolicy {
        @Override
        public Verdict decide(OffloadConnection connection, Situation situation) {
            return Verdict.yes();
        }

        @Override
        public boolean uploadsOnLinkLoss() {
            return true;
        }
    }

    private final List<PortDevice> devices = new ArrayList<>();
    private final PortDevice kernelDevice; // Or null: the kernel's interface beside the others.
    private final String party;
    private final LinkReport links;
    private final DriverChain drivers;
    private final UserHostStack stack;
    private EngineGroup group; // Of engines on the queues of one device, or null.
    private boolean closed;

    /**
     * Builds on ports, and owns them from now on, also when building fails.
     *
     * @param party its name in messages, one of several; "" = the only one
     * @throws ToolException what it takes is not there
     * @throws dev.flue.bindings.FlueException likewise
     */
    public Assembly(List<NativePort> ports, StackSettings settings, String party) {
        this(once(ports), null, settings, party);
    }

    /**
     * The same of devices that may go and come back.
     *
     * @param kernel the kernel's interface beside them, which is owned too; null = none
     */
    public Assembly(List<PortSource> sources, KernelPort kernel, StackSettings settings) {
        this(sources, kernel, settings, "");
    }

    private Assembly(
            List<PortSource> sources, KernelPort kernel, StackSettings settings, String party) {
        this(
                sources,
                kernel,
                engineOf(settings, sources.stream().mapToInt(each -> each.ports().size()).sum()),
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
        this(once(ports), null, engine, host, drivers, party);
    }

    private Assembly(
            List<PortSource> sources,
            KernelPort kernel,
            EngineConfig engine,
            HostStackConfig host,
            List<String> drivers,
            String party) {
        this.party = party;
        List<PortSource> notTaken = new ArrayList<>(sources);
        if (kernel != null) {
            notTaken.add(kernel.source());
        }
        PortDevice besides = null;
        try {
            NativeMemory memory = NativeMemory.heap();
            while (notTaken.size() > (kernel == null ? 0 : 1)) {
                devices.add(new PortDevice(notTaken.get(0), engine, memory));
                notTaken.remove(0);
            }
            if (kernel != null) {
                besides = new PortDevice(kernel.source(), kernelEngine(), memory);
                notTaken.clear();
                devices.add(besides);
            }
            kernelDevice = besides;
            links = new LinkReport(devices);
            // Every connection may have a path and a neighbor of its own. A driver holds as many as
            // the host stack can offer, not as the target takes: it is the target that says what is
            // full.
            int objects = 3 * host.maxConnections();
            List<Miniport> lowest = List.copyOf(slots());
            this.drivers = DriverChain.over(lowest, memory, drivers, objects, party);
            long mac = devices.get(0).port(0).macAddress();
            HostStackConfig.Builder addressed = host.toBuilder().macAddress(mac);
            if (kernel != null) {
                Miniport side = besides.slots().get(0);
                this.drivers.besides(memory, side, kernel.settings(mac), objects);
                int[] ours = kernel.ephemeralPorts();
                addressed.ephemeralPorts(ours[0], ours[1]);
            }
            stack = new UserHostStack(addressed.build(), memory, this.drivers.top());
            this.drivers.claims(stack::claims);
        } catch (OutOfMemoryError e) {
            closeAll();
            notTaken.forEach(each -> each.ports().forEach(NativePort::close));
            throw new ToolException("not enough memory: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            closeAll();
            notTaken.forEach(each -> each.ports().forEach(NativePort::close));
            throw e;
        }
    }

    private static List<PortSource> once(List<NativePort> ports) {
        return ports.stream().map(PortSource::once).toList();
    }

    /** Of the network, not the kernel's. */
    private List<PortSlot> slots() {
        List<PortSlot> slots = new ArrayList<>();
        for (PortDevice device : devices) {
            if (device != kernelDevice) {
                slots.addAll(device.slots());
            }
        }
        return slots;
    }

    private List<NativeOffloadTarget> targets() {
        return slots().stream().map(PortSlot::target).toList();
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
            int queues = slots().size();
            long connections = (long) queues * maxConnections;
            int entries = (int) Math.min(connections, EngineGroup.MAX_CONNECTIONS);
            group = new EngineGroup(queues, entries, mtu);
            int first = 0;
            for (PortDevice device : devices) {
                if (device != kernelDevice) {
                    device.join(group, first);
                    first += device.slots().size();
                }
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
            int first = 0;
            for (PortDevice device : devices) {
                if (device != kernelDevice) {
                    device.startThreads(polling, first);
                    first += device.slots().size();
                }
            }
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
                .offloadPolicy(new BackWithoutLink())
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
        return targets().get(0).arena();
    }

    /** Of all targets, where they differ. */
    @Override
    public String arena() {
        return targets().stream()
                .map(target -> target.arena().where())
                .distinct()
                .collect(Collectors.joining(" or "));
    }

    @Override
    public int doWork(long nowNanos) {
        int work = stack.doWork(nowNanos);
        for (int i = 0; i < devices.size(); i++) {
            work += devices.get(i).doWork(nowNanos);
        }
        return work + links.doWork();
    }

    @Override
    public void query(Consumer<List<ConnectionInfo>> done) {
        stack.query(done);
    }

    @Override
    public Map<String, Long> held() {
        Map<String, Long> held = new LinkedHashMap<>();
        for (EngineResource resource : EngineResource.values()) {
            long sum =
                    devices.stream()
                            .flatMap(device -> device.slots().stream())
                            .mapToLong(slot -> slot.target().held(resource))
                            .sum();
            held.put("engine." + resource.name().toLowerCase(Locale.ROOT), sum);
        }
        stack.held().forEach((name, count) -> held.put("stack." + name, count.longValue()));
        long buffers = devices.stream().mapToLong(PortDevice::buffersHeld).sum();
        held.put("port.buffers", buffers);
        return held;
    }

    /** Those of all targets added up. */
    @Override
    public Map<String, Long> counters() {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (PortDevice device : devices) {
            if (device != kernelDevice) {
                device.counters(counters);
            }
        }
        stack.counters().asMap().forEach((name, count) -> counters.put("stack." + name, count));
        long lost = devices.stream().mapToLong(PortDevice::framesLost).sum();
        counters.put("port.frames_lost", lost);
        if (slots().size() > 1) {
            counters.put("team.moved", drivers.moved());
        }
        return counters;
    }

    @Override
    public List<PortReport> portReports() {
        List<PortReport> reports = new ArrayList<>();
        for (PortDevice device : devices) {
            for (int queue = 0; queue < device.slots().size(); queue++) {
                NativePort port = device.port(queue);
                reports.add(
                        new PortReport(
                                (party.isEmpty() ? "" : party + ".") + device.name(queue),
                                device.link(queue),
                                Offloads.names(port.offloads()),
                                Offloads.names(port.offloadsOffered()),
                                port.counts()));
            }
        }
        return reports;
    }

    @Override
    public void remove(String port, Consumer<String> done) {
        PortDevice device = device(port);
        if (device == null) {
            done.accept(noSuch(port));
        } else {
            device.remove(done);
        }
    }

    @Override
    public void add(String port, Consumer<String> done) {
        PortDevice device = device(port);
        if (device == null) {
            done.accept(noSuch(port));
        } else {
            device.add(done);
        }
    }

    private PortDevice device(String name) {
        return devices.stream().filter(each -> each.isCalled(name)).findFirst().orElse(null);
    }

    private String noSuch(String port) {
        List<String> names = devices.stream().map(PortDevice::name).toList();
        return "it has no port " + port + "; it has " + String.join(", ", names);
    }

    @Override
    public Map<String, Map<String, Long>> deviceCounts() {
        Map<String, Map<String, Long>> counts = new LinkedHashMap<>();
        for (PortDevice device : devices) {
            for (int queue = 0; queue < device.slots().size(); queue++) {
                counts.put(device.name(queue), device.port(queue).deviceCounts());
            }
        }
        return counts;
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
        devices.forEach(PortDevice::closeTargets);
        if (group != null) {
            group.close();
        }
        devices.forEach(PortDevice::close);
    }
}
