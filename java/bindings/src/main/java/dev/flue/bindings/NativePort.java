// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.data.IpAddress;
import dev.flue.jni.PortHandle;
import dev.flue.jni.flue_dpdk_config;
import dev.flue.jni.global.flue;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Where an engine's frames come from and go to: a socket of a {@link Wire}, a TAP interface, a DPDK
 * device, or a capture around one of those. Opening and closing are control path, on any thread;
 * one engine, or one capture, uses a port at a time.
 */
public final class NativePort implements AutoCloseable {
    private static final int XSTATS_BYTES = 1 << 18;

    private final PortHandle handle;
    private final String name;
    private final long macAddress;
    private final int mtu;
    private final Guard guard;
    private final long borrower;
    // Who uses it for long: "an engine", "a capture"; null = nobody.
    private final AtomicReference<String> user = new AtomicReference<>();
    // What a capture stands around; closed with it.
    private final NativePort inner;

    /** {@code handle}: of an open port, owned from now on. */
    NativePort(PortHandle handle) {
        this(handle, null);
    }

    private NativePort(PortHandle handle, NativePort inner) {
        this.handle = handle;
        this.inner = inner;
        this.name = Flue.text(flue.flue_port_name(handle));
        this.macAddress = flue.flue_port_mac(handle);
        this.mtu = flue.flue_port_mtu(handle);
        this.guard = new Guard("port " + name);
        this.borrower = NativeMemory.borrowerOpened();
    }

    /**
     * Create, or join, a TAP interface of this network namespace.
     *
     * @param name of the interface, 1..15 characters
     * @param mac our side's address; the kernel's side gets its own
     * @throws FlueException it cannot be had; the message says why and what to do
     */
    public static NativePort tap(String name, long mac, int mtu, int buffers) {
        Flue.require();
        PortHandle port = new PortHandle(null);
        int rc = flue.flue_tap_open(name, mac, mtu, buffers, port);
        if (rc < 0) {
            throw new FlueException("TAP interface " + name + ": " + tapCause(-rc), -rc);
        }
        return new NativePort(port);
    }

    private static String tapCause(int errno) {
        return switch (errno) {
            case Errno.EPERM, Errno.EACCES ->
                    "not permitted; it takes CAP_NET_ADMIN: run as root, or give the process that"
                            + " capability";
            case Errno.EBUSY ->
                    "in use by another process, or no TAP interface; choose another name, or stop"
                            + " that one";
            case Errno.ENODEV, Errno.ENOENT ->
                    "there is no /dev/net/tun; load the module (modprobe tun), or pass the device"
                            + " into the container";
            case Errno.EINVAL ->
                    "a value is out of range: a name has 1 to 15 characters, an MTU 576 to 9000"
                            + " bytes, a port 64 to 65536 buffers";
            default -> Errno.text(errno);
        };
    }

    /**
     * Open a DPDK device ("net_tap0,iface=flue0", "net_ring0", "0000:00:06.0"), made by hotplug
     * when it does not exist yet. Starts EAL when it does not run.
     *
     * @param mac our address; 0 = the device's own
     * @throws FlueException it cannot be had; the message says why and what to do
     */
    public static NativePort dpdk(String device, long mac, int mtu, int buffers) {
        return dpdk(device, mac, mtu, buffers, Set.of());
    }

    /**
     * The same, with some of the device's offloads not to be used: their twins in software work.
     *
     * @throws FlueException it cannot be had; the message says why and what to do
     */
    public static NativePort dpdk(
            String device, long mac, int mtu, int buffers, Set<PortOffload> off) {
        return dpdk(device, mac, mtu, buffers, off, 1).get(0);
    }

    /**
     * The same with several queue pairs: a port for each, for an engine of its own. What the device
     * receives is spread over them by flow. Each port is closed by itself, the device with the last
     * one.
     *
     * @param buffers of each port
     * @param queues 1..64, as many as the device has at most
     * @throws FlueException it cannot be had; the message says why and what to do
     */
    public static List<NativePort> dpdk(
            String device, long mac, int mtu, int buffers, Set<PortOffload> off, int queues) {
        return dpdk(device, mac, mtu, buffers, off, queues, false);
    }

    /**
     * The same, on which engines can sleep.
     *
     * @param interrupts of what is received, for {@link EngineIdle#INTERRUPT}; where the device has
     *     any
     */
    public static List<NativePort> dpdk(
            String device,
            long mac,
            int mtu,
            int buffers,
            Set<PortOffload> off,
            int queues,
            boolean interrupts) {
        Flue.startDpdk(null);
        PortHandle first = new PortHandle(null);
        int rc;
        try (flue_dpdk_config config = new flue_dpdk_config()) {
            flue.flue_dpdk_config_default(config);
            config.mac(mac).mtu(mtu).buffers(buffers).offloads_off(PortOffload.bits(off));
            config.queues(queues).rx_interrupts(interrupts ? 1 : 0);
            rc = flue.flue_dpdk_open(device, config, first);
        }
        if (rc < 0) {
            throw new FlueException("DPDK device " + device + ": " + dpdkCause(-rc), -rc);
        }
        List<NativePort> ports = new ArrayList<>();
        ports.add(new NativePort(first));
        for (int i = 1; i < queues; i++) {
            PortHandle next = new PortHandle(null);
            flue.flue_dpdk_queue(first, i, next);
            ports.add(new NativePort(next));
        }
        return List.copyOf(ports);
    }

    /**
     * Two DPDK ports wired back to back by rings; frames pass by reference. Starts EAL when it does
     * not run.
     *
     * @param entries descriptors of each ring
     * @throws FlueException they cannot be had
     */
    public static NativePort[] dpdkRingPair(int entries, long mac0, long mac1, int buffers) {
        Flue.startDpdk(null);
        PortHandle port0 = new PortHandle(null);
        PortHandle port1 = new PortHandle(null);
        int rc = flue.flue_dpdk_ring_pair(entries, mac0, mac1, buffers, port0, port1);
        if (rc < 0) {
            throw new FlueException("a pair of DPDK ring ports: " + dpdkCause(-rc), -rc);
        }
        return new NativePort[] {new NativePort(port0), new NativePort(port1)};
    }

    private static String dpdkCause(int errno) {
        String cause = Flue.text(flue.flue_dpdk_unavailability_cause());
        if (!cause.isEmpty()) {
            return cause;
        }
        return switch (errno) {
            case Errno.EPERM, Errno.EACCES -> "not permitted; run as root, or give CAP_NET_ADMIN";
            case Errno.ENODEV ->
                    "no such device; see 'dpdk-devbind.py --status', and bind it to vfio-pci";
            case Errno.EBUSY, Errno.EEXIST -> "in use";
            case Errno.ENOMEM ->
                    "out of memory for packet buffers; ask for fewer, or start EAL with more (-m)";
            case Errno.EINVAL -> "a value is out of range, or the driver does not take it";
            default -> Errno.text(errno);
        };
    }

    /**
     * Stand between an engine and {@code inner} and write every frame to a pcapng file. The new
     * port owns {@code inner} and closes it. Diagnostic: it writes in the poll loop.
     *
     * @throws FlueException the file cannot be made; {@code inner} stays the caller's
     */
    public static NativePort capture(NativePort inner, Path file) {
        PortHandle port = new PortHandle(null);
        inner.acquire("a capture");
        int rc = flue.flue_capture_open(inner.handle, file.toString(), port);
        if (rc < 0) {
            inner.release();
            throw new FlueException("capture to " + file + ": " + Errno.text(-rc), -rc);
        }
        return new NativePort(port, inner);
    }

    /**
     * Give the kernel's side of an interface an address and bring it up.
     *
     * @param address of either version of IP
     * @throws FlueException it cannot be done
     */
    public static void configureInterface(String name, IpAddress address, int prefix, int mtu) {
        Flue.require();
        int rc =
                address.isIpv4()
                        ? flue.flue_interface_configure(name, address.toIpv4(), prefix, mtu)
                        : flue.flue_interface_configure6(
                                name, address.hi(), address.lo(), prefix, mtu);
        if (rc < 0) {
            throw new FlueException("interface " + name + ": " + tapCause(-rc), -rc);
        }
    }

    /**
     * Give the kernel's side of an interface a MAC address.
     *
     * @throws FlueException it cannot be done
     */
    public static void interfaceMac(String name, long mac) {
        Flue.require();
        int rc = flue.flue_interface_set_mac(name, mac);
        if (rc < 0) {
            throw new FlueException("MAC address of interface " + name + ": " + tapCause(-rc), -rc);
        }
    }

    public long macAddress() {
        return macAddress;
    }

    /** Largest IP packet, bytes. */
    public int mtu() {
        return mtu;
    }

    /** "wire", "tap", "dpdk:net_tap", ... */
    public String name() {
        return name;
    }

    /** What the device does in our stead; a driver that refuses what it offered loses it. */
    public Set<PortOffload> offloads() {
        return PortOffload.of(offloadBits(1));
    }

    /** What the device could do, in use or not. */
    public Set<PortOffload> offloadsOffered() {
        return PortOffload.of(offloadBits(0));
    }

    private int offloadBits(int which) {
        guard.enter();
        try {
            return flue.flue_port_offloads(handle, which);
        } finally {
            guard.exit();
        }
    }

    /** Packet buffers that somebody holds: lent up, or waiting to be sent. 0 when idle. */
    public int buffersHeld() {
        guard.enter();
        try {
            return flue.flue_port_buffers_held(handle);
        } finally {
            guard.exit();
        }
    }

    /** Packet buffers in all. */
    public int buffers() {
        guard.enter();
        try {
            return flue.flue_port_buffers(handle);
        } finally {
            guard.exit();
        }
    }

    /** Asks for it, which may take a system call. */
    public Link link() {
        guard.enter();
        try {
            return Link.of(flue.flue_port_link(handle));
        } finally {
            guard.exit();
        }
    }

    /** Frames that were to be sent and that the device did not take: its link was down, say. */
    public long framesLost() {
        guard.enter();
        try {
            return flue.flue_port_lost(handle);
        } finally {
            guard.exit();
        }
    }

    /**
     * What has been received and sent, and the device's part in it, by the names of {@code
     * flue_port.h}, in their order. Ports that are no DPDK device have 0 everywhere. Allocates.
     */
    public Map<String, Long> counts() {
        Map<String, Long> counts = new LinkedHashMap<>();
        guard.enter();
        try {
            for (int i = 0; i < flue.FLUE_PORT_COUNTS; i++) {
                String counter = Flue.text(flue.flue_port_count_name(i));
                counts.put(counter, flue.flue_port_count(handle, i));
            }
        } finally {
            guard.exit();
        }
        return counts;
    }

    /**
     * What the device counts itself, by the names of its driver; empty where it counts nothing, and
     * of a port that is closed.
     */
    public Map<String, Long> deviceCounts() {
        if (guard.isClosed()) {
            return Map.of();
        }
        byte[] text = new byte[XSTATS_BYTES];
        int length;
        guard.enter();
        try {
            length = flue.flue_port_xstats(handle, text, text.length);
        } finally {
            guard.exit();
        }
        Map<String, Long> counts = new LinkedHashMap<>();
        new String(text, 0, Math.max(0, length), StandardCharsets.US_ASCII)
                .lines()
                .map(line -> line.split(" "))
                .forEach(words -> counts.put(words[0], Long.parseUnsignedLong(words[1])));
        return counts;
    }

    boolean isClosed() {
        return guard.isClosed();
    }

    /**
     * Idempotent.
     *
     * @throws IllegalStateException an engine or a capture still uses it
     */
    @Override
    public void close() {
        if (guard.isClosed()) {
            return;
        }
        acquire("its closing");
        if (guard.close()) {
            flue.flue_port_close(handle);
            NativeMemory.borrowerClosed(borrower);
            for (NativePort owned = inner; owned != null; owned = owned.inner) {
                owned.guard.close();
                NativeMemory.borrowerClosed(owned.borrower);
            }
            NativeMemory.forgetClosed();
        }
    }

    /** Use it for long, alone. */
    PortHandle acquire(String by) {
        if (guard.isClosed()) {
            throw guard.closed();
        }
        if (!user.compareAndSet(null, by)) {
            throw new IllegalStateException("port " + name + " is in use by " + user.get());
        }
        return handle;
    }

    void release() {
        user.set(null);
    }
}
