// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** The least TCP there is: takes what comes in order and acknowledges it. */
final class AckingSubject implements WireSubject {
    private final IpVersion version;
    private final List<byte[]> sent = new ArrayList<>();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private ScriptConnection connection;
    private int next;

    AckingSubject(IpVersion version) {
        this.version = version;
    }

    @Override
    public String name() {
        return "acker";
    }

    @Override
    public long establish(ScriptConnection wanted) {
        connection = wanted;
        next = wanted.irs() + 1;
        return 77;
    }

    @Override
    public int iss() {
        return connection.iss();
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
        TcpSegment in = TcpSegment.parse(frame, peer(), local());
        if (in.seq == next) {
            received.writeBytes(in.payload);
            next += in.payload.length;
        }
        TcpSegment out = new TcpSegment();
        out.seq = connection.iss() + 1;
        out.ack = next;
        out.flags = TcpSegment.ACK;
        out.window = 60_000;
        sent.add(out.toFrame(local(), peer()));
    }

    @Override
    public int doWork(long nowNanos) {
        return 0;
    }

    @Override
    public long nextDeadline() {
        return Long.MAX_VALUE;
    }

    @Override
    public List<byte[]> sent() {
        List<byte[]> out = List.copyOf(sent);
        sent.clear();
        return out;
    }

    @Override
    public void send(byte[] data) {
        throw new UnsupportedOperationException("it only acknowledges");
    }

    @Override
    public void shutdown() {
        throw new UnsupportedOperationException("it only acknowledges");
    }

    @Override
    public void abort() {
        throw new UnsupportedOperationException("it only acknowledges");
    }

    @Override
    public void set(ScriptOptions options) {
        throw new UnsupportedOperationException("it only acknowledges");
    }

    @Override
    public void path(int bytes) {
        throw new UnsupportedOperationException("it only acknowledges");
    }

    @Override
    public int windowShift() {
        return 0;
    }

    @Override
    public void reading(boolean on) {}

    @Override
    public byte[] received() {
        return received.toByteArray();
    }

    @Override
    public boolean endOfStream() {
        return false;
    }

    @Override
    public boolean reset() {
        return false;
    }

    @Override
    public void close() {}
}
