// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A stack, its application and the script's port, from handshake to close. */
final class JavaStackSide implements ConnectionHandler, AutoCloseable {
    /**
     * After a connection has come to it an engine does not complain of holes for 100 ms: what fills
     * them may be on its way through the host. Scripts start when that is over.
     */
    static final long SETTLING_NANOS = 150_000_000L;

    private static final long HANDSHAKE_STEP = 1_000;
    private static final int HANDSHAKE_STEPS = 10_000;

    private final Endpoint local;
    private final Endpoint remote;
    private final Ground ground;
    private final ScriptConnection wanted;
    private final WirePeer peer;
    private final UserHostStack stack;
    private final List<byte[]> frames = new ArrayList<>();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private OffloadConnection connection;
    private byte[] lastFrame;
    private boolean reading = true;
    private boolean ended;
    private boolean closed;
    private String cause = "";
    private int iss;
    private int windowShift;
    private int moves;

    JavaStackSide(IpVersion version, Ground ground, ScriptConnection wanted) {
        this.local = version.local();
        this.remote = version.peer();
        this.ground = ground;
        this.wanted = wanted;
        HostStackConfig config =
                HostStackConfig.builder()
                        .address(local.address())
                        .macAddress(local.mac())
                        .mtu(version.mtu())
                        .receiveBuffer(wanted.options().receiveBuffer())
                        .detectDuplicates(false)
                        .autoOffload(false)
                        .seed(1)
                        .build();
        this.stack = new UserHostStack(config, ground.memory(), ground.stack());
        this.peer = new WirePeer(ground.memory(), ground.peer(), remote);
    }

    /**
     * The script's end opens a connection.
     *
     * @return when it stands
     */
    long handshake(long start) {
        stack.listen(local.port(), 4, () -> this);
        long now = start;
        turns(now);
        TcpSegment segment = new TcpSegment();
        segment.flags = TcpSegment.SYN;
        segment.flags |= wanted.ecn() ? TcpSegment.ECE | TcpSegment.CWR : 0;
        segment.seq = wanted.irs();
        segment.window = wanted.window();
        segment.mss = wanted.mss();
        segment.windowScale = wanted.scale();
        segment.sackPermitted = wanted.sack();
        segment.timestamps = wanted.timestamps();
        segment.tsVal = wanted.timestamp();
        peer.send(segment.toFrame(remote, local));
        TcpSegment answer = null;
        for (int i = 0; answer == null && i < HANDSHAKE_STEPS; i++) {
            turns(now);
            answer = synAck();
            now += answer == null ? HANDSHAKE_STEP : 0;
        }
        checkAnswer(answer);
        iss = answer.seq;
        windowShift = Math.max(0, answer.windowScale);
        segment.flags = TcpSegment.ACK;
        segment.mss = -1;
        segment.windowScale = -1;
        segment.sackPermitted = false;
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

    private void checkAnswer(TcpSegment answer) {
        if (answer == null) {
            throw new AssertionError("the stack did not answer a SYN");
        }
        boolean agreed =
                answer.timestamps == wanted.timestamps()
                        && answer.sackPermitted == wanted.sack()
                        && answer.has(TcpSegment.ECE) == wanted.ecn()
                        && answer.windowScale >= 0 == wanted.scale() >= 0;
        if (!agreed) {
            throw new AssertionError(
                    "the stack agreed on something else: options "
                            + answer.optionKinds()
                            + (answer.has(TcpSegment.ECE) ? ", ECN" : ", no ECN"));
        }
    }

    /**
     * Give the connection to the target before anything happens.
     *
     * @return when it is there
     */
    long offload(long start) {
        long now = start;
        connection.offload();
        for (int i = 0; !connection.offloaded(); i++) {
            if (i > HANDSHAKE_STEPS) {
                throw new AssertionError("not offloaded: " + connection.offloadCause());
            }
            turns(now);
            now += HANDSHAKE_STEP;
        }
        now += SETTLING_NANOS;
        turns(now);
        frames.clear();
        return now;
    }

    void move() {
        if (closed) {
            return;
        }
        if (connection.offloaded()) {
            connection.upload();
        } else {
            connection.offload();
        }
    }

    int moves() {
        return moves;
    }

    /** Tell the stack that its last packet did not fit. */
    void tooBig(int bytes) {
        peer.send(IcmpError.tooBig(lastFrame, remote, local, bytes));
    }

    void inject(byte[] frame) {
        peer.send(frame);
    }

    private void turns(long now) {
        int idle = 0;
        for (int i = 0; idle < 2 && i < HANDSHAKE_STEPS; i++) {
            idle = doWork(now) == 0 ? idle + 1 : 0;
        }
    }

    int doWork(long now) {
        int work = stack.doWork(now) + peer.doWork(now);
        frames.addAll(peer.received());
        return work;
    }

    long nextDeadline() {
        long next = Math.min(stack.nextDeadline(), peer.nextDeadline());
        return Math.min(next, ground.nextEvent().getAsLong());
    }

    List<byte[]> takeFrames() {
        List<byte[]> out = List.copyOf(frames);
        lastFrame = out.isEmpty() ? lastFrame : out.get(out.size() - 1);
        frames.clear();
        return out;
    }

    OffloadConnection connection() {
        return connection;
    }

    int iss() {
        return iss;
    }

    int windowShift() {
        return windowShift;
    }

    void reading(boolean on) {
        reading = on;
        read();
    }

    byte[] received() {
        return received.toByteArray();
    }

    boolean ended() {
        return ended;
    }

    boolean reset() {
        return closed && !cause.isEmpty();
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
    public void onOffloadChanged(OffloadConnection moved) {
        moves++;
    }

    @Override
    public void onClosed(OffloadConnection gone, String why) {
        closed = true;
        cause = why;
    }

    @Override
    public void close() {
        stack.close();
        peer.close();
        ground.onClose().run();
    }
}
