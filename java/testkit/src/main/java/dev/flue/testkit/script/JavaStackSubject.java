// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.MemorySwitch;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The Java host stack as a script's subject, with a connection that the script's end opened: over a
 * switch in memory, or over a target to which the connection can move.
 *
 * <p>The stack draws its initial sequence number from a secret and a clock of 4 us (RFC 6528), so a
 * first handshake shows what the secret gives, and a second stack, of the same seed, is started at
 * the time at which the clock makes it the number that was asked for.
 */
public final class JavaStackSubject implements MovableSubject {
    private static final long ISN_TICK_NANOS = 4_000;
    private static final long PROBE_TIME = 4_000_000_000L;
    private static final Map<IpVersion, Integer> SECRETS = new ConcurrentHashMap<>();

    private final String name;
    private final IpVersion version;
    private final Supplier<Ground> grounds;
    private final boolean startsOffloaded;
    private JavaStackSide side;
    private ScriptConnection connection;
    private ScriptOptions options;

    /** Over a switch in memory. */
    public JavaStackSubject(IpVersion version) {
        this("Java stack", version, () -> switched(version), false);
    }

    /**
     * Over whatever there is.
     *
     * @param name for messages
     * @param grounds makes a fresh ground
     * @param startsOffloaded whether a target has the connection when the script starts
     */
    public JavaStackSubject(
            String name, IpVersion version, Supplier<Ground> grounds, boolean startsOffloaded) {
        this.name = name;
        this.version = version;
        this.grounds = grounds;
        this.startsOffloaded = startsOffloaded;
    }

    private static Ground switched(IpVersion version) {
        HeapMemory memory = new HeapMemory();
        MemorySwitch wire = new MemorySwitch(memory, 2, version.mtu(), 1, LinkFaults.delay(0));
        return new Ground(
                memory,
                new MiniportAdapter(memory, wire.port(0, version.local().mac())),
                new MiniportAdapter(memory, wire.port(1, version.peer().mac())),
                wire::nextEvent,
                wire::close);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long establish(ScriptConnection wanted) {
        int secret = SECRETS.computeIfAbsent(version, v -> secret(wanted));
        long ticks = Integer.toUnsignedLong(wanted.iss() - secret);
        side = new JavaStackSide(version, grounds.get(), wanted);
        connection = wanted;
        options = wanted.options();
        long zero = side.handshake(ticks * ISN_TICK_NANOS);
        options.apply(
                side.connection().options(),
                ScriptOptions.DEFAULT.withReceiveBuffer(options.receiveBuffer()));
        return startsOffloaded ? side.offload(zero) : zero;
    }

    private int secret(ScriptConnection wanted) {
        try (JavaStackSide probe = new JavaStackSide(version, switched(version), wanted)) {
            probe.handshake(PROBE_TIME);
            return probe.iss() - (int) (PROBE_TIME / ISN_TICK_NANOS);
        }
    }

    @Override
    public void move() {
        side.move();
    }

    @Override
    public boolean offloaded() {
        return side.connection().offloaded();
    }

    @Override
    public int moves() {
        return side.moves();
    }

    @Override
    public void set(ScriptOptions wanted) {
        wanted.apply(side.connection().options(), options);
        options = wanted;
    }

    @Override
    public void path(int bytes) {
        side.tooBig(bytes);
    }

    @Override
    public int windowShift() {
        return side.windowShift();
    }

    @Override
    public int iss() {
        return side.iss();
    }

    @Override
    public int irs() {
        return connection.irs();
    }

    @Override
    public Endpoint local() {
        return version.local();
    }

    @Override
    public Endpoint peer() {
        return version.peer();
    }

    @Override
    public void inject(byte[] frame) {
        side.inject(frame);
    }

    @Override
    public int doWork(long nowNanos) {
        return side.doWork(nowNanos);
    }

    @Override
    public long nextDeadline() {
        return side.nextDeadline();
    }

    @Override
    public List<byte[]> sent() {
        return side.takeFrames();
    }

    @Override
    public void send(byte[] data) {
        ByteBuffer buffer = ByteBuffer.wrap(data);
        int taken = side.connection().send(buffer);
        if (taken != data.length) {
            throw new IllegalStateException("the stack took " + taken + " of " + data.length);
        }
    }

    @Override
    public void shutdown() {
        side.connection().shutdownOutput();
    }

    @Override
    public void abort() {
        side.connection().abort();
    }

    @Override
    public void reading(boolean on) {
        side.reading(on);
    }

    @Override
    public byte[] received() {
        return side.received();
    }

    @Override
    public boolean endOfStream() {
        return side.ended();
    }

    @Override
    public boolean reset() {
        return side.reset();
    }

    @Override
    public void close() {
        if (side != null) {
            side.close();
        }
    }
}
