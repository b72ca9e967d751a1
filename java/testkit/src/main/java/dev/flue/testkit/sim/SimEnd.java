// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.testkit.conformance.StreamContent;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** The application at one end of a connection: does what its plan says, checks every byte. */
final class SimEnd implements ConnectionHandler {
    private static final int UNLIMITED = -1;

    final String name;
    final int host;
    final EndPlan plan;
    private final EndPlan peer;
    private final StreamContent outgoing;
    private final StreamContent incoming;
    private final SplittableRandom random;
    private final ByteBuffer chunk;
    OffloadConnection connection;
    int sent;
    long received;
    boolean closed;
    String cause = "";
    int offloadChanges;

    /** Its stream was ended, by FIN or by RST. */
    boolean shutDown;

    boolean aborted;
    private boolean ended;
    private boolean writable;
    private boolean readable;
    private int chunkLeft;
    private long nextWrite;
    private long nextRead;
    private long stalledUntil;
    private boolean stalled;
    private long differs = -1;
    private long now;

    SimEnd(String name, int host, EndPlan plan, EndPlan peer, long seed, long peerSeed) {
        this.name = name;
        this.host = host;
        this.plan = plan;
        this.peer = peer;
        this.outgoing = new StreamContent(seed);
        this.incoming = new StreamContent(peerSeed);
        this.random = new SplittableRandom(seed);
        this.chunk = ByteBuffer.allocateDirect(plan.maxChunk());
    }

    /** All that the plan wants is done, or can no longer be done. */
    boolean finished() {
        return closed || shutDown && ended && received == peer.bytes();
    }

    boolean everConnected() {
        return connection != null && writableOnce;
    }

    private boolean writableOnce;

    /** What went wrong, or "". */
    String problem() {
        if (differs >= 0) {
            return name + ": received byte " + differs + " is not the one that was sent";
        }
        if (received > peer.bytes()) {
            return name + ": received more than was sent";
        }
        boolean violent = plan.violent() || peer.violent();
        if (ended && received < peer.bytes() && !violent) {
            return name + ": the stream ended after " + received + " of " + peer.bytes();
        }
        if (!cause.isEmpty() && everConnected() && !violent) {
            return name + ": closed with \"" + cause + '"';
        }
        return "";
    }

    @Override
    public void onConnected(OffloadConnection newConnection) {
        connection = newConnection;
        writable = true;
        writableOnce = true;
        readable = true;
        connection.options().noDelay(plan.noDelay()).userTimeoutMillis(UNLIMITED);
        if (plan.keepAliveMillis() > 0) {
            connection.options().keepAliveIdleMillis(plan.keepAliveMillis()).keepAliveCount(255);
            connection.options().keepAlive(true);
        }
    }

    @Override
    public void onReadable(OffloadConnection ready) {
        readable = true;
    }

    @Override
    public void onWritable(OffloadConnection ready) {
        writable = true;
    }

    @Override
    public void onOffloadChanged(OffloadConnection changed) {
        offloadChanges++;
    }

    @Override
    public void onClosed(OffloadConnection gone, String why) {
        closed = true;
        cause = why;
    }

    /** One turn; how much was done. */
    int doWork(long nowNanos) {
        now = nowNanos;
        if (connection == null || closed) {
            return 0;
        }
        if (aborted) {
            // Before it was connected, perhaps.
            connection.abort();
        }
        int work = write();
        work += closed ? 0 : read();
        return work + (closed ? 0 : end());
    }

    long nextDeadline() {
        if (connection == null || closed) {
            return Long.MAX_VALUE;
        }
        long next = Long.MAX_VALUE;
        if (writable && !shutDown && sent < plan.bytes()) {
            next = Math.max(now, nextWrite);
        }
        if (readable && !ended) {
            next = Math.min(next, Math.max(now, Math.max(nextRead, stalledUntil)));
        }
        return next;
    }

    private int write() {
        int work = 0;
        while (writable && !closed && !shutDown && sent < plan.bytes() && now >= nextWrite) {
            if (chunkLeft == 0) {
                chunkLeft = Math.min(1 + random.nextInt(plan.maxChunk()), plan.bytes() - sent);
            }
            outgoing.fill(chunk, sent, chunkLeft);
            int taken = connection.send(chunk);
            sent += taken;
            chunkLeft -= taken;
            writable = chunkLeft == 0;
            work += taken;
            if (chunkLeft == 0 && plan.writePauseNanos() > 0) {
                nextWrite = now + plan.writePauseNanos();
            }
        }
        return work > 0 ? 1 : 0;
    }

    private int read() {
        int work = 0;
        if (!stalled && plan.stallNanos() > 0 && received >= plan.stallAt()) {
            stalled = true;
            stalledUntil = now + plan.stallNanos();
        }
        while (readable && !closed && now >= nextRead && now >= stalledUntil) {
            int taken = connection.receive(this::check, plan.readLimit());
            work += taken > 0 ? 1 : 0;
            readable = taken > 0;
            if (taken > 0 && plan.readPauseNanos() > 0) {
                nextRead = now + plan.readPauseNanos();
            }
        }
        if (!ended && !closed && connection.endOfStream()) {
            ended = true;
            work++;
        }
        return work;
    }

    private int check(ByteBuffer buffer, int offset, int length) {
        if (differs < 0) {
            differs = incoming.firstDifference(buffer, offset, length, received);
        }
        received += length;
        return length;
    }

    private int end() {
        if (shutDown) {
            return 0;
        }
        boolean all = sent == plan.bytes();
        switch (plan.close()) {
            case WHEN_SENT -> shutDown = all;
            case AFTER_PEER -> shutDown = all && ended;
            case BOTH -> {
                shutDown = all;
                if (all) {
                    connection.close();
                    return 1;
                }
            }
            case ABORT -> {
                boolean through = all && received == peer.bytes();
                if (through || sent + received >= plan.abortAt()) {
                    abort();
                    return 1;
                }
            }
        }
        if (shutDown) {
            connection.shutdownOutput();
        }
        return shutDown ? 1 : 0;
    }

    /** RST, if it is still there. */
    void abort() {
        shutDown = true;
        aborted = true;
        if (connection != null && !closed) {
            connection.abort();
        }
    }

    /** To the other side, stack or engine. */
    void move() {
        if (connection == null || closed) {
            return;
        }
        if (connection.offloaded()) {
            connection.upload();
        } else {
            connection.offload();
        }
    }

    @Override
    public String toString() {
        return String.format(
                "%s: %s, sent %d of %d, received %d of %d%s%s%s",
                name,
                connection == null ? "not connected" : connection.state(),
                sent,
                plan.bytes(),
                received,
                peer.bytes(),
                connection != null && connection.offloaded() ? ", offloaded" : "",
                shutDown ? ", shut down" : "",
                closed ? ", closed \"" + cause + '"' : "");
    }
}
