// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.MemorySwitch;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The Java host stack as a script's subject: over a switch in memory, with a connection that the
 * script's end opened.
 *
 * <p>The stack draws its initial sequence number from a secret and a clock of 4 us (RFC 6528), so a
 * first handshake shows what the secret gives, and a second stack, of the same seed, is started at
 * the time at which the clock makes it the number that was asked for.
 */
public final class JavaStackSubject implements WireSubject {
    private static final long ISN_TICK_NANOS = 4_000;
    private static final long PROBE_TIME = 4_000_000_000L;
    private static final long HANDSHAKE_STEP = 1_000;
    private static final int HANDSHAKE_STEPS = 10_000;

    private final IpVersion version;
    private Side side;
    private ScriptConnection connection;

    public JavaStackSubject(IpVersion version) {
        this.version = version;
    }

    @Override
    public String name() {
        return "Java stack";
    }

    @Override
    public long establish(ScriptConnection wanted) {
        try (Side probe = new Side(version)) {
            probe.handshake(wanted, PROBE_TIME);
            int secret = probe.iss - (int) (PROBE_TIME / ISN_TICK_NANOS);
            long ticks = Integer.toUnsignedLong(wanted.iss() - secret);
            side = new Side(version);
            connection = wanted;
            return side.handshake(wanted, ticks * ISN_TICK_NANOS);
        }
    }

    @Override
    public int iss() {
        return side.iss;
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
        side.peer.send(frame);
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
        int taken = side.connection.send(buffer);
        if (taken != data.length) {
            throw new IllegalStateException("the stack took " + taken + " of " + data.length);
        }
    }

    @Override
    public void shutdown() {
        side.connection.shutdownOutput();
    }

    @Override
    public void abort() {
        side.connection.abort();
    }

    @Override
    public void reading(boolean on) {
        side.reading = on;
        side.read();
    }

    @Override
    public byte[] received() {
        return side.received.toByteArray();
    }

    @Override
    public boolean endOfStream() {
        return side.ended;
    }

    @Override
    public boolean reset() {
        return side.closed && !side.cause.isEmpty();
    }

    @Override
    public void close() {
        if (side != null) {
            side.close();
        }
    }

    /** A stack, its application and the script's port, from handshake to close. */
    private static final class Side implements ConnectionHandler, AutoCloseable {
        private final HeapMemory memory = new HeapMemory();
        private final Endpoint local;
        private final Endpoint remote;
        private final MemorySwitch wire;
        private final WirePeer peer;
        private final UserHostStack stack;
        private final List<byte[]> frames = new ArrayList<>();
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private OffloadConnection connection;
        private boolean reading = true;
        private boolean ended;
        private boolean closed;
        private String cause = "";
        private int iss;

        Side(IpVersion version) {
            local = version.local();
            remote = version.peer();
            wire = new MemorySwitch(memory, 2, version.mtu(), 1, LinkFaults.delay(0));
            HostStackConfig config =
                    HostStackConfig.builder()
                            .address(local.address())
                            .macAddress(local.mac())
                            .mtu(version.mtu())
                            .detectDuplicates(false)
                            .seed(1)
                            .build();
            MiniportAdapter adapter = new MiniportAdapter(memory, wire.port(0, local.mac()));
            stack = new UserHostStack(config, memory, adapter);
            peer =
                    new WirePeer(
                            memory,
                            new MiniportAdapter(memory, wire.port(1, remote.mac())),
                            remote);
        }

        long handshake(ScriptConnection wanted, long start) {
            stack.listen(local.port(), 4, () -> this);
            long now = start;
            turns(now);
            TcpSegment segment = new TcpSegment();
            segment.flags = TcpSegment.SYN;
            segment.seq = wanted.irs();
            segment.window = wanted.window();
            segment.mss = wanted.mss();
            segment.windowScale = wanted.scale();
            segment.timestamps = wanted.timestamps();
            segment.tsVal = wanted.timestamp();
            peer.send(segment.toFrame(remote, local));
            TcpSegment answer = null;
            for (int i = 0; answer == null && i < HANDSHAKE_STEPS; i++) {
                turns(now);
                answer = synAck();
                now += answer == null ? HANDSHAKE_STEP : 0;
            }
            if (answer == null) {
                throw new AssertionError("the stack did not answer a SYN");
            }
            iss = answer.seq;
            segment.flags = TcpSegment.ACK;
            segment.mss = -1;
            segment.windowScale = -1;
            segment.seq = wanted.irs() + 1;
            segment.ack = iss + 1;
            segment.tsEcr = answer.tsVal;
            peer.send(segment.toFrame(remote, local));
            turns(now);
            if (connection == null) {
                throw new AssertionError("the stack did not accept a connection");
            }
            frames.clear();
            return now;
        }

        private TcpSegment synAck() {
            for (byte[] frame : takeFrames()) {
                TcpSegment segment = TcpSegment.parse(frame, local, remote);
                if (segment != null && segment.has(TcpSegment.SYN)) {
                    return segment;
                }
            }
            return null;
        }

        private void turns(long now) {
            int idle = 0;
            for (int i = 0; idle < 2 && i < HANDSHAKE_STEPS; i++) {
                idle = doWork(now) == 0 ? idle + 1 : 0;
                frames.addAll(peer.received());
            }
        }

        int doWork(long now) {
            int work = stack.doWork(now) + peer.doWork(now);
            frames.addAll(peer.received());
            return work;
        }

        long nextDeadline() {
            long next = Math.min(stack.nextDeadline(), peer.nextDeadline());
            return Math.min(next, wire.nextEvent());
        }

        List<byte[]> takeFrames() {
            List<byte[]> out = List.copyOf(frames);
            frames.clear();
            return out;
        }

        private void read() {
            int taken;
            do {
                taken = reading && !closed ? connection.receive(this::take, 65_536) : 0;
            } while (taken > 0);
            ended |= reading && !closed && connection.endOfStream();
        }

        private int take(ByteBuffer buffer, int offset, int length) {
            byte[] bytes = new byte[length];
            buffer.get(offset, bytes);
            received.writeBytes(bytes);
            return length;
        }

        @Override
        public void onConnected(OffloadConnection accepted) {
            connection = accepted;
        }

        @Override
        public void onReadable(OffloadConnection readable) {
            read();
        }

        @Override
        public void onClosed(OffloadConnection gone, String why) {
            closed = true;
            cause = why;
        }

        @Override
        public void close() {
            stack.close();
            wire.close();
            peer.close();
        }
    }
}
