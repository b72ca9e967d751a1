// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Random;

/** A handler that keeps what it hears and reads, and writes what it is told to. */
public class Recorder implements ConnectionHandler {
    public OffloadConnection connection;
    public final ByteArrayOutputStream received = new ByteArrayOutputStream();
    public String closed;
    public int connects;
    public int offloadChanges;
    public boolean ended;

    /** Bytes to take from each onReadable; negative = all. */
    public int appetite = -1;

    /** Shut down when the peer did and all is sent. */
    public boolean echoEnd = true;

    /** Beside what it does by itself. */
    public Runnable onWritable = () -> {};

    private ByteBuffer toSend = ByteBuffer.allocate(0);
    private boolean endAfter;

    /** Send this, as room comes, then perhaps shut the output down. */
    public Recorder sending(byte[] bytes, boolean thenShut) {
        toSend = ByteBuffer.wrap(bytes);
        endAfter = thenShut;
        if (connection != null) {
            push();
        }
        return this;
    }

    /** {@code count} bytes that a seed makes. */
    public static byte[] bytes(long seed, int count) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    public boolean allTaken() {
        return !toSend.hasRemaining();
    }

    private void push() {
        if (closed != null) {
            return;
        }
        if (toSend.hasRemaining()) {
            connection.send(toSend);
        }
        if (!toSend.hasRemaining() && endAfter) {
            connection.shutdownOutput();
        }
    }

    /** Read up to {@code limit} bytes. */
    public int read(int limit) {
        int taken = connection.receive(this::take, limit);
        if (connection.endOfStream()) {
            ended = true;
            if (echoEnd && allTaken()) {
                connection.shutdownOutput();
            }
        }
        return taken;
    }

    private int take(ByteBuffer buffer, int offset, int length) {
        for (int i = 0; i < length; i++) {
            received.write(buffer.get(offset + i));
        }
        return length;
    }

    @Override
    public void onConnected(OffloadConnection value) {
        connection = value;
        connects++;
        push();
    }

    @Override
    public void onReadable(OffloadConnection value) {
        read(appetite < 0 ? Integer.MAX_VALUE : appetite);
    }

    @Override
    public void onWritable(OffloadConnection value) {
        onWritable.run();
        push();
    }

    @Override
    public void onOffloadChanged(OffloadConnection value) {
        offloadChanges++;
    }

    @Override
    public void onClosed(OffloadConnection value, String cause) {
        closed = cause;
    }
}
