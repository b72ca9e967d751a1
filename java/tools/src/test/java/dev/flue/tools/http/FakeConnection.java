// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import dev.flue.data.BurstHandler;
import dev.flue.data.ConnectionHandler;
import dev.flue.data.ConnectionOptions;
import dev.flue.data.IpAddress;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.ReceiveHandler;
import dev.flue.data.SendClaim;
import dev.flue.offload.TcpState;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A connection whose peer is the test. Sends what fits into a room that the test sets; tells of new
 * room only when a send fell short, as the contract says.
 */
final class FakeConnection implements OffloadConnection, SendClaim.Owner, LoanedBuffer.Lender {
    private static final int MAX_CLAIM = 16 * 1024;

    private final ConnectionHandler handler;
    private final Deque<byte[]> incoming = new ArrayDeque<>();
    private final ByteArrayOutputStream outgoing = new ByteArrayOutputStream();
    private int room = Integer.MAX_VALUE;
    private boolean fellShort;
    private boolean peerClosed;
    private boolean offloaded = true;
    private Object attachment;
    private ByteBuffer claimed;
    boolean outputShut;
    boolean closed;
    boolean aborted;
    int uploads;
    int offloads;

    FakeConnection(ConnectionHandler handler) {
        this.handler = handler;
        handler.onConnected(this);
    }

    void arrives(String text) {
        arrives(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void arrives(byte[] bytes) {
        if (bytes.length > 0) {
            incoming.add(bytes);
        }
        handler.onReadable(this);
    }

    void peerCloses() {
        peerClosed = true;
        handler.onReadable(this);
    }

    void room(int bytes) {
        room = bytes;
        if (bytes > 0 && fellShort) {
            fellShort = false;
            handler.onWritable(this);
        }
    }

    void offloadChanges(boolean now) {
        offloaded = now;
        handler.onOffloadChanged(this);
    }

    void gone(String cause) {
        handler.onClosed(this, cause);
    }

    byte[] sentBytes() {
        return outgoing.toByteArray();
    }

    String sent() {
        return outgoing.toString(StandardCharsets.ISO_8859_1);
    }

    /** Bytes the application has not taken. */
    int unread() {
        return available();
    }

    @Override
    public int send(ByteBuffer source) {
        if (outputShut || closed || aborted) {
            throw new IllegalStateException("the output is shut");
        }
        int count = Math.min(room, source.remaining());
        for (int i = 0; i < count; i++) {
            outgoing.write(source.get());
        }
        room -= room == Integer.MAX_VALUE ? 0 : count;
        fellShort |= source.hasRemaining();
        return count;
    }

    @Override
    public int sendUrgent(ByteBuffer source) {
        return send(source);
    }

    @Override
    public int urgent() {
        return 0;
    }

    @Override
    public int sendRoom() {
        return room == Integer.MAX_VALUE ? 256 * 1024 : room;
    }

    @Override
    public boolean tryClaim(int length, SendClaim claim) {
        if (outputShut || closed || aborted) {
            throw new IllegalStateException("the output is shut");
        }
        if (length < 1 || length > MAX_CLAIM) {
            throw new IllegalArgumentException("a claim of " + length + " bytes");
        }
        fellShort |= length > room;
        if (length <= room) {
            claim.open(this, ByteBuffer.allocate(length + 1), 1, length);
            claimed = claim.buffer();
        }
        return length <= room;
    }

    @Override
    public int maxClaim() {
        return MAX_CLAIM;
    }

    @Override
    public boolean commit(SendClaim claim, int length) {
        outgoing.write(claimed.array(), 1, length);
        room -= room == Integer.MAX_VALUE ? 0 : length;
        return true;
    }

    @Override
    public void abort(SendClaim claim) {}

    @Override
    public int poll(BurstHandler receiver, int limit) {
        LoanedBuffer loan = new LoanedBuffer();
        int pieces = 0;
        for (; pieces < limit && !incoming.isEmpty(); pieces++) {
            byte[] piece = incoming.poll();
            loan.open(this, ByteBuffer.wrap(piece), 0, piece.length, 0);
            receiver.onData(loan);
            loan.expire();
        }
        return pieces;
    }

    @Override
    public void moved(LoanedBuffer from, LoanedBuffer to) {}

    @Override
    public void released(LoanedBuffer loan, long cookie) {}

    @Override
    public int receive(ReceiveHandler receiver, int limit) {
        int total = 0;
        while (!incoming.isEmpty() && total < limit) {
            byte[] piece = incoming.poll();
            int offered = Math.min(piece.length, limit - total);
            int taken = receiver.onData(ByteBuffer.wrap(piece), 0, offered);
            total += taken;
            if (taken < piece.length) {
                incoming.addFirst(java.util.Arrays.copyOfRange(piece, taken, piece.length));
            }
            if (taken < offered) {
                break;
            }
        }
        return total;
    }

    @Override
    public int available() {
        return incoming.stream().mapToInt(piece -> piece.length).sum();
    }

    @Override
    public boolean endOfStream() {
        return peerClosed && incoming.isEmpty();
    }

    @Override
    public void shutdownOutput() {
        outputShut = true;
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public void abort() {
        aborted = true;
        handler.onClosed(this, "aborted");
    }

    @Override
    public void offload() {
        offloads++;
    }

    @Override
    public void upload() {
        uploads++;
    }

    @Override
    public ConnectionOptions options() {
        throw new UnsupportedOperationException("options of a connection that is none");
    }

    @Override
    public boolean offloaded() {
        return offloaded;
    }

    @Override
    public String offloadCause() {
        return "";
    }

    @Override
    public TcpState state() {
        return TcpState.ESTABLISHED;
    }

    @Override
    public IpAddress localAddress() {
        return IpAddress.of("198.18.0.2");
    }

    @Override
    public int localPort() {
        return 0;
    }

    @Override
    public IpAddress remoteAddress() {
        return IpAddress.of("198.18.0.1");
    }

    @Override
    public int remotePort() {
        return 0;
    }

    @Override
    public Object attachment() {
        return attachment;
    }

    @Override
    public void attachment(Object value) {
        attachment = value;
    }
}
