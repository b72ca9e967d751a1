// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.PortHandle;
import dev.flue.jni.WireHandle;
import dev.flue.jni.flue_wire_config;
import dev.flue.jni.flue_wire_faults;
import dev.flue.jni.global.flue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A switch in memory with 2 to 16 sockets, seeded faults and no clock of its own. Frames to a MAC
 * address go to its port, frames to a group address or to a MAC that no port has go to all others.
 *
 * <p>Two ports may be polled by two threads; {@link #nextEvent} and {@link #traceHash} are for one
 * thread in virtual time.
 */
public final class Wire implements AutoCloseable {
    private final WireConfig config;
    private final WireHandle handle = new WireHandle(null);
    private final Guard guard = new Guard("the wire");
    private final List<NativePort> ports = new ArrayList<>();
    // Where C puts copies of frames; null = nobody looks.
    private ByteBuffer observed;

    /**
     * @throws IllegalArgumentException a value of {@code config} is out of range
     * @throws FlueException no library, or no memory
     */
    public Wire(WireConfig config) {
        Flue.require();
        NativeMemory.makeRoom();
        this.config = config;
        int rc;
        try (flue_wire_config c = new flue_wire_config()) {
            flue.flue_wire_config_default(c);
            c.ports(config.ports());
            c.mtu(config.mtu());
            c.buffers(config.buffers());
            c.drop_ppm(config.dropPpm());
            c.duplicate_ppm(config.duplicatePpm());
            c.corrupt_ppm(config.corruptPpm());
            c.reorder_ppm(config.reorderPpm());
            c.seed(config.seed());
            c.delay_ns(config.delayNanos());
            c.jitter_ns(config.jitterNanos());
            c.reorder_ns(config.reorderNanos());
            rc = flue.flue_wire_create(c, handle);
        }
        if (rc == -Errno.EINVAL) {
            throw new IllegalArgumentException("a wire of " + config + ": a value is out of range");
        }
        if (rc < 0) {
            throw new FlueException("a wire of " + config + ": " + Errno.text(-rc), -rc);
        }
    }

    public WireConfig config() {
        return config;
    }

    /**
     * Plug in. Closing the wire closes the port too.
     *
     * @param index socket, 0..ports-1
     * @param mac the port's address as a number
     * @throws IllegalStateException the socket is taken
     */
    public NativePort port(int index, long mac) {
        PortHandle port = new PortHandle(null);
        NativeMemory.makeRoom();
        guard.enter();
        int rc;
        try {
            rc = flue.flue_wire_port(handle, index, mac, port);
        } finally {
            guard.exit();
        }
        if (rc == -Errno.EBUSY) {
            throw new IllegalStateException("socket " + index + " of the wire is taken");
        }
        if (rc == -Errno.EINVAL) {
            throw new IllegalArgumentException(
                    "no socket " + index + ", or no unicast address " + Long.toHexString(mac));
        }
        if (rc < 0) {
            throw new FlueException("a port on the wire: " + Errno.text(-rc), -rc);
        }
        NativePort opened = new NativePort(port);
        synchronized (ports) {
            ports.removeIf(NativePort::isClosed);
            ports.add(opened);
        }
        return opened;
    }

    /** Earliest arrival of a frame under way, or Long.MAX_VALUE. */
    public long nextEvent() {
        guard.enter();
        try {
            return flue.flue_wire_next_event(handle);
        } finally {
            guard.exit();
        }
    }

    /** Hash over time, port and bytes of every frame delivered: a run's trace as one number. */
    public long traceHash() {
        guard.enter();
        try {
            return flue.flue_wire_trace_hash(handle);
        } finally {
            guard.exit();
        }
    }

    /** Change the probability of loss from now on. */
    public void setDrop(int ppm) {
        guard.enter();
        try {
            if (flue.flue_wire_set_drop(handle, ppm) < 0) {
                throw new IllegalArgumentException("loss of " + ppm + " in a million");
            }
        } finally {
            guard.exit();
        }
    }

    /**
     * A socket belongs to the team of another one, as in a switch with link aggregation: what is
     * for the MAC address of any of them goes to the one its flow was heard from last. One thread.
     */
    public void join(int socket, int first) {
        guard.enter();
        try {
            check(flue.flue_wire_join(handle, socket, first), "socket " + socket);
        } finally {
            guard.exit();
        }
    }

    /** The link of a socket goes down, and what is under way to it is lost; or up again. */
    public void setLink(int socket, boolean up) {
        guard.enter();
        try {
            check(flue.flue_wire_set_link(handle, socket, up ? 1 : 0), "socket " + socket);
        } finally {
            guard.exit();
        }
    }

    private static void check(int rc, String what) {
        if (rc < 0) {
            throw new IllegalArgumentException(what + ": " + Errno.text(-rc));
        }
    }

    /**
     * Give the link from one socket to another faults of its own, from now on; what is under way
     * keeps the faults it was sent under. One thread, virtual time.
     *
     * @throws IllegalArgumentException no such link, or a value is out of range
     */
    public void setFaults(int source, int destination, WireFaults faults) {
        int rc;
        guard.enter();
        try (flue_wire_faults c = new flue_wire_faults()) {
            c.drop_ppm(faults.dropPpm());
            c.duplicate_ppm(faults.duplicatePpm());
            c.corrupt_ppm(faults.corruptPpm());
            c.reorder_ppm(faults.reorderPpm());
            c.burst_enter_ppm(faults.burstEnterPpm());
            c.burst_leave_ppm(faults.burstLeavePpm());
            c.burst_drop_ppm(faults.burstDropPpm());
            c.mtu(faults.mtu());
            c.delay_ns(faults.delayNanos());
            c.jitter_ns(faults.jitterNanos());
            c.reorder_ns(faults.reorderNanos());
            c.bits_per_second(faults.bitsPerSecond());
            c.queue_bytes(faults.queueBytes());
            rc = flue.flue_wire_set_faults(handle, source, destination, c);
        } finally {
            guard.exit();
        }
        if (rc == -Errno.EINVAL) {
            throw new IllegalArgumentException(
                    "link " + source + " to " + destination + ", " + faults + ": out of range");
        }
        if (rc < 0) {
            throw new FlueException("faults of a link: " + Errno.text(-rc), -rc);
        }
    }

    /**
     * Keep a copy of every frame from now on, for {@link #observed}. One thread, virtual time.
     *
     * @param bytes room for the copies of one turn of everybody, 65536 or more
     * @throws IllegalStateException it is observed already
     */
    public void observe(int bytes) {
        NativeMemory.makeRoom();
        int region;
        guard.enter();
        try {
            region = flue.flue_wire_observe(handle, bytes);
        } finally {
            guard.exit();
        }
        if (region == -Errno.EBUSY) {
            throw new IllegalStateException("the wire is observed already");
        }
        if (region < 0) {
            throw new FlueException("an observer of a wire: " + Errno.text(-region), -region);
        }
        observed = NativeMemory.heap().buffer(region).duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * What was sent and received since the last call, in order: records of {@code time i64, bytes
     * u32, port u16, what u16 (0 = sent, 1 = received)} and the frame, padded to 8 bytes. Read from
     * 0 to the limit before anybody takes a turn.
     *
     * @throws IllegalStateException nothing is observed, or there was no room for a record
     */
    public ByteBuffer observed() {
        long bytes;
        guard.enter();
        try {
            bytes = flue.flue_wire_observed(handle);
        } finally {
            guard.exit();
        }
        if (bytes < 0) {
            throw new IllegalStateException("what was observed: " + Errno.text((int) -bytes));
        }
        return observed.clear().limit((int) bytes);
    }

    public long count(WireCounter counter) {
        guard.enter();
        try {
            return flue.flue_wire_count(handle, counter.ordinal());
        } finally {
            guard.exit();
        }
    }

    /**
     * Closes its ports, then itself; frames under way are dropped. Idempotent.
     *
     * @throws IllegalStateException an engine or a capture still uses one of the ports
     */
    @Override
    public void close() {
        synchronized (ports) {
            for (NativePort port : ports) {
                port.close();
            }
            ports.clear();
        }
        if (guard.close()) {
            flue.flue_wire_destroy(handle);
            NativeMemory.forgetClosed();
        }
    }
}
