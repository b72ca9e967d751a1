// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.EngineHandle;
import dev.flue.jni.PortHandle;
import dev.flue.jni.flue_engine_config;
import dev.flue.jni.global.flue;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** libflue's engine with one channel. It holds its port until it is destroyed. */
final class NativeEngine implements EngineControl {
    private final NativePort port;
    private final PortHandle portHandle;
    private final NativeMemory memory;
    private final EngineHandle handle = new EngineHandle(null);
    private final Guard guard = new Guard("the engine");
    private final ByteBuffer channel;
    private final long borrower;
    private int countersFile;
    private NicMemory nic; // With state objects, or null.
    private int maxSends;

    /**
     * @throws IllegalArgumentException a value of {@code config} is out of range
     * @throws FlueException no memory or no file; the message says what to do
     */
    NativeEngine(EngineConfig config, NativePort port, NativeMemory memory) {
        this.port = port;
        this.memory = memory;
        NativeMemory.makeRoom();
        portHandle = port.acquire("an engine");
        borrower = NativeMemory.borrowerOpened();
        boolean made = false;
        flue_engine_config c = new flue_engine_config();
        try {
            flue.flue_engine_config_default(c);
            fill(c, config);
            maxSends = c.max_sends();
            int rc = create(c, config);
            if (rc < 0) {
                throw EngineRefusal.of("an engine", config, -rc);
            }
            int region =
                    flue.flue_engine_channel(
                            handle, config.submissionCapacity(), config.upCapacity());
            if (region < 0) {
                throw EngineRefusal.of("a channel", config, -region);
            }
            channel = memory.buffer(region);
            ChannelLayout.check(channel);
            made = true;
        } finally {
            c.close();
            if (!made) {
                destroy();
            }
        }
    }

    /** What goes with state objects in NIC memory lies in hugepages as long as there are any. */
    private int create(flue_engine_config c, EngineConfig config) {
        if (!config.arena().inNic()) {
            return flue.flue_engine_create(c, portHandle, handle);
        }
        nic = NicMemory.acquire(config.arena().nic());
        c.nic_memory(nic.handle());
        c.nic_bytes(config.nicShare() > 1 ? nic.sizeBytes() / config.nicShare() : 0);
        c.arena_kind(flue.FLUE_REGION_HUGEPAGE);
        int rc = flue.flue_engine_create(c, portHandle, handle);
        if (rc == -Errno.ENOMEM) {
            c.arena_kind(flue.FLUE_REGION_HEAP);
            rc = flue.flue_engine_create(c, portHandle, handle);
        }
        return rc;
    }

    private void fill(flue_engine_config c, EngineConfig config) {
        c.abi_version(ChannelLayout.ABI_VERSION);
        c.arena_kind(
                config.arena().hugepages() ? flue.FLUE_REGION_HUGEPAGE : flue.FLUE_REGION_HEAP);
        c.arena_node(config.arena().node());
        c.arena_bytes(config.arenaBytes());
        c.max_connections(config.maxConnections());
        if (config.maxPaths() != 0) {
            c.max_paths(config.maxPaths());
        }
        if (config.maxNeighbors() != 0) {
            c.max_neighbors(config.maxNeighbors());
        }
        if (config.maxSends() != 0) {
            c.max_sends(config.maxSends());
        }
        if (config.maxReceives() != 0) {
            c.max_receives(config.maxReceives());
        }
        if (config.maxFrames() != 0) {
            c.max_frames(config.maxFrames());
        }
        if (config.maxReceiveWindow() != 0) {
            c.max_receive_window(config.maxReceiveWindow());
        }
        c.rto_min_us(config.rtoMinMicros());
        c.rto_max_us(config.rtoMaxMicros());
        c.ticks_per_second(config.ticksPerSecond());
        c.max_retransmissions(config.maxRetransmissions());
        c.chimney_profile(config.chimneyProfile() ? 1 : 0);
        c.receive_window_limit(config.receiveWindowLimit());
        c.max_extras(config.maxExtras());
        c.congestion_control(config.congestionControl().code());
        config.uploadThresholds().fill(c);
        config.addressLimits().fill(c);
        c.seed(config.seed());
        Path file = config.countersFile();
        if (file != null) {
            countersFile = flue.flue_counters_file(file.toString(), System.nanoTime());
            if (countersFile < 0) {
                int errno = -countersFile;
                countersFile = 0;
                throw new FlueException("counters file " + file + ": " + Errno.text(errno), errno);
            }
            c.counters_region(countersFile);
        }
    }

    /** The one the engine will use. */
    static int maxReceiveWindow(EngineConfig config) {
        if (config.maxReceiveWindow() != 0) {
            return config.maxReceiveWindow();
        }
        try (flue_engine_config c = new flue_engine_config()) {
            flue.flue_engine_config_default(c);
            return c.max_receive_window();
        }
    }

    @Override
    public ByteBuffer channel() {
        return channel;
    }

    @Override
    public int maxSends() {
        return maxSends;
    }

    @Override
    public int poll(long nowNanos, int budget) {
        return flue.flue_engine_poll(handle, nowNanos, budget);
    }

    @Override
    public int link() {
        return flue.flue_port_link(portHandle);
    }

    @Override
    public long nextDeadline() {
        guard.enter();
        try {
            return flue.flue_engine_next_deadline(handle);
        } finally {
            guard.exit();
        }
    }

    @Override
    public int start(int cpu, EngineIdle idle) {
        guard.enter();
        try {
            return flue.flue_engine_start_idle(handle, cpu, idle.code());
        } finally {
            guard.exit();
        }
    }

    @Override
    public void wake() {
        guard.enter();
        try {
            flue.flue_engine_wake(handle);
        } finally {
            guard.exit();
        }
    }

    @Override
    public int stop() {
        guard.enter();
        try {
            return flue.flue_engine_stop(handle);
        } finally {
            guard.exit();
        }
    }

    @Override
    public int join(EngineGroup group, int index) {
        guard.enter();
        try {
            return group.admit(handle, index);
        } finally {
            guard.exit();
        }
    }

    @Override
    public long held(int which) {
        guard.enter();
        try {
            return flue.flue_engine_held(handle, which);
        } finally {
            guard.exit();
        }
    }

    @Override
    public ArenaInfo arena() {
        guard.enter();
        try {
            boolean hugepages = flue.flue_engine_arena(handle, 2) == flue.FLUE_REGION_HUGEPAGE;
            return new ArenaInfo(
                    hugepages ? "hugepages" : "heap",
                    (int) flue.flue_engine_arena(handle, 3),
                    flue.flue_engine_arena(handle, 0),
                    flue.flue_engine_arena(handle, 1),
                    nic == null ? "" : nic.place(),
                    flue.flue_engine_arena(handle, 4),
                    flue.flue_engine_arena(handle, 5));
        } finally {
            guard.exit();
        }
    }

    @Override
    public ByteBuffer counters() {
        guard.enter();
        try {
            return memory.buffer(flue.flue_engine_counters(handle));
        } finally {
            guard.exit();
        }
    }

    @Override
    public void destroy() {
        if (!guard.close()) {
            return;
        }
        if (!handle.isNull()) {
            flue.flue_engine_destroy(handle);
        }
        if (nic != null) {
            nic.release();
        }
        if (countersFile > 0) {
            NativeMemory.release(countersFile);
        }
        NativeMemory.forgetClosed();
        NativeMemory.borrowerClosed(borrower);
        port.release();
    }
}
