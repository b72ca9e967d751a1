// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.SendClaim;
import java.nio.ByteBuffer;

/** What an application puts into a connection, by copy or by claim, and what it waits for. */
final class SendSide implements SendClaim.Owner {
    private final TcpConnection connection;
    private final SendQueue queue;
    private boolean claimOpen;

    /** Bytes of room that the application was refused; 0 = it waits for none. */
    private int wanted;

    SendSide(TcpConnection connection, SendQueue queue) {
        this.connection = connection;
        this.queue = queue;
    }

    int send(ByteBuffer source) {
        if (!open()) {
            return 0;
        }
        int offered = source.remaining();
        int taken = queue.append(source);
        if (taken < offered) {
            await(1);
        }
        if (taken > 0) {
            connection.layer.markDirty(connection);
        }
        return taken;
    }

    boolean tryClaim(int length, SendClaim claim) {
        if (length < 1 || length > queue.maxClaim()) {
            throw new IllegalArgumentException(
                    "a claim of " + length + " bytes: 1 to " + queue.maxClaim() + " are possible");
        }
        if (!open()) {
            return false;
        }
        if (claim.isOpen()) {
            throw new IllegalStateException("the claim is open already: commit or abort it first");
        }
        if (!queue.claim(length)) {
            await(length);
            return false;
        }
        claim.open(this, queue.claimMemory(), queue.claimIndex(), length);
        claimOpen = true;
        return true;
    }

    /**
     * Whether it can be sent on. What broke under the application's hands is told by onClosed, not
     * by an exception.
     */
    private boolean open() {
        if (connection.told) {
            String cause = connection.ending.cause();
            throw new IllegalStateException(
                    "connection is " + (cause.isEmpty() ? "closed" : cause));
        }
        if (connection.finQueued()) {
            throw new IllegalStateException("output is shut");
        }
        checkNoClaim();
        return !connection.over();
    }

    void checkNoClaim() {
        if (claimOpen) {
            throw new IllegalStateException("a claim is open: commit or abort it first");
        }
    }

    int room() {
        return connection.over() || connection.finQueued() || claimOpen ? 0 : queue.room();
    }

    /** The application waits for the connection to come back from the target. */
    void awaitReturn() {
        if (open()) {
            wanted = Math.max(wanted, 1);
        }
    }

    private void await(int length) {
        wanted = Math.max(wanted, length);
        if (queue.isEmpty()) {
            connection.layer.awaitBuffers(connection);
        }
    }

    /** Bytes left the queue: whether the application that waits for room is to be told. */
    boolean roomGrew() {
        int enough = Math.max(wanted, connection.layer.writableRoom());
        boolean tell = wanted > 0 && (queue.isEmpty() || queue.room() >= enough);
        if (tell) {
            wanted = 0;
        }
        return tell;
    }

    @Override
    public boolean commit(SendClaim claim, int length) {
        claimOpen = false;
        if (connection.over() || connection.finQueued()) {
            queue.abort();
            return false;
        }
        queue.commit(length);
        connection.layer.markDirty(connection);
        return true;
    }

    @Override
    public void abort(SendClaim claim) {
        claimOpen = false;
        queue.abort();
        // What lay before it may have waited for this.
        connection.layer.markDirty(connection);
    }
}
