// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.data.BurstHandler;
import dev.flue.data.ConnectionHandler;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.SendClaim;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * One end of a transfer: sends its content, takes the other end's, both hashed on the way, and
 * moves its connection between host stack and target when told to. All calls on the stacks' thread.
 */
final class Peer implements ConnectionHandler {
    private static final int PIECES = 64;

    private final Content content;
    private final long expected;
    private final SendClaim claim = new SendClaim();
    private final BurstHandler taker = this::take;
    private final MessageDigest sentDigest = sha256();
    private final MessageDigest receivedDigest = sha256();
    private OffloadConnection connection;
    private boolean started;
    private long released;
    private long handOverAt = Long.MAX_VALUE;
    private long sent;
    private long received;
    private int offloads;
    private int uploads;
    private boolean offloadAgain;
    private boolean closed;
    private String cause = "";

    /**
     * @param expected bytes that the other end will send
     */
    Peer(Content content, long expected) {
        this.content = content;
        this.expected = expected;
        this.released = content.size();
    }

    /** Send nothing until {@link #release}. */
    void hold() {
        released = 0;
    }

    /** Send {@code share} of {@code shares} of the content, all in all. */
    void release(int share, int shares) {
        released = share == shares ? content.size() : Math.max(1, content.size() / shares * share);
        send();
    }

    /** The next time it comes back it is to be offloaded again. */
    void offloadAgain() {
        offloadAgain = true;
    }

    /** Null before it is there. */
    OffloadConnection connection() {
        return connection;
    }

    /** Take the connection back, and offload it again, once so many bytes have come. */
    void handOverAt(long bytes) {
        handOverAt = bytes;
    }

    /** Begin to send. */
    void start() {
        started = true;
        send();
    }

    void shutdownOutput() {
        if (!closed) {
            connection.shutdownOutput();
        }
    }

    boolean connected() {
        return connection != null;
    }

    boolean offloaded() {
        return connection != null && !closed && connection.offloaded();
    }

    /** Why it is not offloaded, or why it ended. */
    String cause() {
        return closed || connection == null ? cause : connection.offloadCause();
    }

    /** Everything was sent and has come. */
    boolean complete() {
        return sent == content.size() && received == expected;
    }

    /** No hand-over is asked for or under way. */
    boolean settled() {
        return handOverAt == Long.MAX_VALUE && !offloadAgain && (uploads == 0 || offloaded());
    }

    boolean closed() {
        return closed;
    }

    long received() {
        return received;
    }

    /** Times it went to the target. */
    int offloads() {
        return offloads;
    }

    /** Times it came back. */
    int uploads() {
        return uploads;
    }

    /** Of what was sent. Once. */
    byte[] sentDigest() {
        return sentDigest.digest();
    }

    /** Of what came. Once. */
    byte[] receivedDigest() {
        return receivedDigest.digest();
    }

    @Override
    public void onConnected(OffloadConnection connected) {
        connection = connected;
        send();
    }

    @Override
    public void onWritable(OffloadConnection writable) {
        send();
    }

    @Override
    public void onReadable(OffloadConnection readable) {
        connection = readable;
        while (connection.poll(taker, PIECES) > 0) {
            // Until there is no more.
        }
        if (received >= handOverAt && connection.offloaded()) {
            handOverAt = Long.MAX_VALUE;
            offloadAgain = true;
            connection.upload();
        }
    }

    @Override
    public void onOffloadChanged(OffloadConnection changed) {
        connection = changed;
        if (changed.offloaded()) {
            offloads++;
        } else {
            uploads++;
            if (offloadAgain) {
                offloadAgain = false;
                changed.offload();
            }
        }
    }

    @Override
    public void onClosed(OffloadConnection gone, String why) {
        closed = true;
        cause = why;
    }

    private void take(LoanedBuffer loan) {
        receivedDigest.update(loan.buffer());
        received += loan.length();
    }

    /** Content goes straight into memory that is sent from. */
    private void send() {
        while (started && !closed && sent < released) {
            long most = Math.min(released - sent, connection.maxClaim());
            int length = (int) Math.min(most, Math.max(1, connection.sendRoom()));
            if (!connection.tryClaim(length, claim)) {
                return;
            }
            ByteBuffer into = claim.buffer();
            content.read(sent, into);
            into.limit(into.position()).position(claim.offset());
            int filled = into.remaining();
            sentDigest.update(into);
            claim.commit(filled);
            sent += filled;
        }
    }

    static boolean equal(byte[] one, byte[] other) {
        return Arrays.equals(one, other);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
