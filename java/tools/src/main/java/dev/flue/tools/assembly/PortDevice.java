// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.EngineGroup;
import dev.flue.bindings.EngineResource;
import dev.flue.bindings.Link;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.NativePort;
import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import dev.flue.offload.StatusIndication;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * A device that may be lost, or taken away by an operator, and be had again, while all else runs.
 * When it goes, everything offloaded there is given back first; then its ports are closed, and
 * opened again once it is back, which is looked for now and then. What takes time there is done on
 * a thread of its own; all calls here are those of the duty cycle's thread.
 */
final class PortDevice implements AutoCloseable {
    private static final long FIRST_WAIT_NANOS = 50_000_000;
    private static final long LONGEST_WAIT_NANOS = 1_000_000_000;
    private static final int NOWHERE_BUFFERS = 64;

    /** Where it stands. */
    private enum State {
        RUNNING,
        /** Gone, or to go: what is offloaded is given back. */
        LEAVING,
        CLOSING,
        ABSENT,
        OPENING
    }

    private final PortSource source;
    private final EngineConfig engine;
    private final NativeMemory memory;
    private final List<String> names = new ArrayList<>();
    private final List<Wire> nowhere = new ArrayList<>(); // While there is no device.
    private final List<NativePort> nowherePorts = new ArrayList<>();
    private final List<PortSlot> slots = new ArrayList<>();
    private final Map<String, Long> countersBefore = new LinkedHashMap<>();
    private final ExecutorService helper =
            Executors.newSingleThreadExecutor(PortDevice::helperThread);
    private List<NativePort> ports;
    private long lostBefore;
    private EngineGroup group; // Of the engines on several queues, or null.
    private int firstOfGroup;
    private Polling polling = new Polling(false);
    private int firstThread;
    private State state = State.RUNNING;
    private boolean removed; // By an operator.
    private boolean wasRemoved; // Before he wanted it back.
    private Consumer<String> answer; // To him; null = nobody waits.
    private Future<List<NativePort>> underWay;
    private int timesOpened = 1;
    private long tryAt;
    private long wait;

    PortDevice(PortSource source, EngineConfig engine, NativeMemory memory) {
        this.source = source;
        this.engine = engine;
        this.memory = memory;
        this.ports = source.ports();
        try {
            for (NativePort port : ports) {
                names.add(port.name());
                slots.add(new PortSlot(new NativeOffloadTarget(engine, port, memory)));
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            close();
            throw e;
        }
    }

    private static Thread helperThread(Runnable work) {
        Thread thread = new Thread(work, "flue-ports");
        thread.setDaemon(true);
        return thread;
    }

    String name() {
        return source.device();
    }

    /** Whether it is meant: as the command names it, or by the name of its interface. */
    boolean isCalled(String name) {
        return name.equals(name()) || names.contains(name) || name.equals(DeviceNames.of(name()));
    }

    /** A miniport for each of its queues. */
    List<PortSlot> slots() {
        return slots;
    }

    NativePort port(int queue) {
        return ports().get(queue);
    }

    /** What the port of a queue is called, also while it is away. */
    String name(int queue) {
        return names.get(queue);
    }

    /** Its engines are of a group, from this number on, now and whenever it is opened again. */
    void join(EngineGroup value, int first) {
        group = value;
        firstOfGroup = first;
        for (int i = 0; i < slots.size(); i++) {
            slots.get(i).target().join(group, first + i);
        }
    }

    /**
     * Where that is wanted its engines poll on threads of their own, now and whenever it is opened
     * again.
     *
     * @param first number of its first engine among all
     */
    void startThreads(Polling value, int first) {
        polling = value;
        firstThread = first;
        polling.start(slots.stream().map(PortSlot::target).toList(), first);
    }

    /** "up", "down", "gone", or "removed" by an operator. */
    String link(int queue) {
        if (removed || wasRemoved) {
            return "removed";
        }
        Link link = state == State.RUNNING ? slots.get(queue).target().link() : Link.GONE;
        return link.name().toLowerCase(Locale.ROOT);
    }

    /** Frames that its ports have lost, those of earlier times too. */
    long framesLost() {
        return lostBefore + ports().stream().mapToLong(NativePort::framesLost).sum();
    }

    long buffersHeld() {
        return ports().stream().mapToLong(NativePort::buffersHeld).sum();
    }

    private List<NativePort> ports() {
        return state == State.RUNNING || state == State.LEAVING ? ports : nowherePorts;
    }

    /** Adds what its engines have counted, those of earlier times too. */
    void counters(Map<String, Long> sum) {
        countersBefore.forEach((name, count) -> sum.merge(name, count, Long::sum));
        slots.forEach(
                slot ->
                        slot.target()
                                .counters()
                                .forEach((name, count) -> sum.merge(name, count, Long::sum)));
    }

    /**
     * An operator takes it away: everything offloaded there is given back, then it is closed.
     *
     * @param done hears "", or what is wrong
     */
    void remove(Consumer<String> done) {
        if (answer != null) {
            done.accept("another request for " + name() + " is under way");
        } else if (removed) {
            done.accept(name() + " is removed already");
        } else {
            removed = true;
            answer = done;
        }
    }

    /**
     * An operator wants it back.
     *
     * @param done hears "" once it is there, or why it cannot be had
     */
    void add(Consumer<String> done) {
        if (answer != null) {
            done.accept("another request for " + name() + " is under way");
        } else if (state == State.RUNNING) {
            done.accept(name() + " is there already");
        } else {
            wasRemoved = removed;
            removed = false;
            answer = done;
        }
    }

    // ---- The duty cycle.

    /** One turn; never waits. How much was done. */
    int doWork(long nowNanos) {
        State before = state;
        switch (state) {
            case RUNNING -> {
                if (removed || gone()) {
                    leave();
                }
            }
            case LEAVING -> {
                if (slots.stream().allMatch(slot -> idle(slot.target()))) {
                    detach();
                }
            }
            case CLOSING -> {
                if (underWay.isDone()) {
                    state = State.ABSENT;
                    wait = FIRST_WAIT_NANOS;
                    tryAt = nowNanos + wait;
                }
            }
            case ABSENT -> absent(nowNanos);
            case OPENING -> {
                if (underWay.isDone()) {
                    opened(nowNanos);
                }
            }
        }
        return state == before ? 0 : 1;
    }

    private boolean gone() {
        for (int i = 0; i < slots.size(); i++) {
            if (slots.get(i).target().link() == Link.GONE) {
                return true;
            }
        }
        return false;
    }

    private void leave() {
        for (PortSlot slot : slots) {
            if (polling.ownThread()) {
                slot.target().stop();
            }
            slot.tell(StatusIndication.MEDIA_DISCONNECT);
            slot.tell(StatusIndication.UPLOAD_ALL);
        }
        state = State.LEAVING;
    }

    private static boolean idle(NativeOffloadTarget target) {
        if (target.submissionsOutstanding() + target.submissionsWaiting() > 0) {
            return false;
        }
        for (EngineResource resource : EngineResource.values()) {
            if (target.held(resource) > 0) {
                return false;
            }
        }
        return true;
    }

    private void detach() {
        for (int i = 0; i < slots.size(); i++) {
            NativeOffloadTarget before = slots.get(i).exchange(toNowhere(ports.get(i)));
            before.counters()
                    .forEach((name, count) -> countersBefore.merge(name, count, Long::sum));
            before.close();
        }
        lostBefore += ports.stream().mapToLong(NativePort::framesLost).sum();
        List<NativePort> closing = ports;
        underWay =
                helper.submit(
                        () -> {
                            closing.forEach(NativePort::close);
                            return List.of();
                        });
        state = State.CLOSING;
    }

    /** A target whose port has no link, and never gets one. */
    private NativeOffloadTarget toNowhere(NativePort like) {
        Wire wire =
                new Wire(
                        WireConfig.builder()
                                .ports(2)
                                .mtu(like.mtu())
                                .buffers(NOWHERE_BUFFERS)
                                .build());
        nowhere.add(wire);
        NativePort port = wire.port(0, like.macAddress());
        wire.setLink(0, false);
        nowherePorts.add(port);
        EngineConfig least = EngineConfig.builder().maxConnections(1).build();
        return new NativeOffloadTarget(least, port, memory);
    }

    private void closeNowhere() {
        nowherePorts.forEach(NativePort::close);
        nowherePorts.clear();
        nowhere.forEach(Wire::close);
        nowhere.clear();
    }

    private void absent(long nowNanos) {
        if (removed) {
            reply("");
        } else if (answer != null || nowNanos - tryAt >= 0) {
            boolean asked = answer != null;
            int times = timesOpened;
            underWay = helper.submit(() -> source.again().open(times, asked));
            state = State.OPENING;
        }
    }

    private void opened(long nowNanos) {
        List<NativePort> found = List.of();
        String problem = "there is no such device";
        try {
            found = underWay.get();
        } catch (ExecutionException e) {
            problem = e.getCause().getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (found.size() == slots.size()) {
            try {
                attach(found);
                reply("");
                return;
            } catch (RuntimeException | OutOfMemoryError e) {
                problem = e.getMessage();
            }
        }
        found.forEach(NativePort::close);
        wait = Math.min(2 * wait, LONGEST_WAIT_NANOS);
        tryAt = nowNanos + wait;
        state = State.ABSENT;
        if (answer != null) {
            removed = wasRemoved;
            wasRemoved = false;
            reply(problem);
        }
    }

    private void attach(List<NativePort> found) {
        List<NativeOffloadTarget> targets = new ArrayList<>();
        try {
            for (NativePort port : found) {
                targets.add(new NativeOffloadTarget(engine, port, memory));
            }
            for (int i = 0; group != null && i < targets.size(); i++) {
                targets.get(i).join(group, firstOfGroup + i);
            }
            polling.start(targets, firstThread);
        } catch (RuntimeException | OutOfMemoryError e) {
            targets.forEach(NativeOffloadTarget::close);
            throw e;
        }
        for (int i = 0; i < targets.size(); i++) {
            slots.get(i).exchange(targets.get(i)).close();
            slots.get(i).returned();
        }
        closeNowhere();
        ports = found;
        wasRemoved = false;
        timesOpened++;
        state = State.RUNNING;
    }

    private void reply(String text) {
        if (answer != null) {
            Consumer<String> done = answer;
            answer = null;
            done.accept(text);
        }
    }

    // ---- The end.

    /** Closes the targets; what they had must be given back. */
    void closeTargets() {
        slots.forEach(slot -> slot.target().close());
    }

    /** Closes the ports too. Idempotent. */
    @Override
    public void close() {
        closeTargets();
        if (underWay != null && state == State.OPENING) {
            try {
                underWay.get().forEach(NativePort::close);
            } catch (ExecutionException | InterruptedException e) {
                // There are none.
            }
        }
        helper.shutdown();
        ports.forEach(NativePort::close);
        closeNowhere();
    }
}
