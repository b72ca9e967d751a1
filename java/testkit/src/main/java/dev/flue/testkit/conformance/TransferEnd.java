// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.testkit.Simulation;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * An application at one end of a transfer: sends content from a seed, and checks every byte that
 * comes from the other end against that end's seed. With an odd seed it uses the burst API.
 */
public final class TransferEnd implements ConnectionHandler, Simulation.Actor {
    private final String name;
    private final TransferPlan plan;
    private final TransferPlan peer;
    private final StreamContent outgoing;
    private final StreamContent incoming;
    private final SplittableRandom random;
    private final ByteBuffer chunk;
    private final BurstEnd burst;
    private OffloadConnection connection;
    private long sent;
    private int chunkLeft;
    private long received;
    private long now;
    private long nextRead;
    private long differs = -1;
    private boolean shutDown;
    private boolean ended;
    private boolean closed;
    private String closeCause = "";
    private int offloadChanges;
    private Runnable afterOperation = () -> {};

    TransferEnd(String name, TransferPlan plan, TransferPlan peer) {
        this.name = name;
        this.plan = plan;
        this.peer = peer;
        this.outgoing = new StreamContent(plan.seed());
        this.incoming = new StreamContent(peer.seed());
        this.random = new SplittableRandom(plan.seed());
        this.chunk = ByteBuffer.allocateDirect(plan.maxChunk());
        this.burst = (plan.seed() & 1) != 0 ? new BurstEnd(this::check) : null;
    }

    /** Runs after each send, each receive that took something, and the end of sending. */
    void afterOperation(Runnable action) {
        afterOperation = action;
    }

    /** Null before it is connected. */
    public OffloadConnection connection() {
        return connection;
    }

    public long sent() {
        return sent;
    }

    public long received() {
        return received;
    }

    /** How often it moved between stack and target. */
    public int offloadChanges() {
        return offloadChanges;
    }

    /** All sent, all received, and both directions ended in order. */
    public boolean finished() {
        return shutDown && ended && sent == plan.bytes() && received == peer.bytes();
    }

    /** The last callback came. */
    public boolean closed() {
        return closed;
    }

    /** "" after an orderly close. */
    public String closeCause() {
        return closeCause;
    }

    /** What went wrong, for people; "" when nothing did. */
    public String problem() {
        if (differs >= 0) {
            return name + ": received byte " + differs + " is not the one that was sent";
        }
        if (received > peer.bytes()) {
            return name + ": received more than was sent";
        }
        if (ended && received < peer.bytes()) {
            return name + ": the stream ended after " + received + " of " + peer.bytes() + " bytes";
        }
        if (!closeCause.isEmpty()) {
            return name + ": closed with \"" + closeCause + "\"";
        }
        return "";
    }

    @Override
    public String toString() {
        String state = connection == null ? "not connected" : connection.state().toString();
        return String.format(
                "%s: %s, sent %d of %d, received %d of %d%s%s%s%s",
                name,
                state,
                sent,
                plan.bytes(),
                received,
                peer.bytes(),
                connection != null && connection.offloaded() ? ", offloaded" : "",
                shutDown ? ", shut down" : "",
                ended ? ", stream ended" : "",
                closed ? ", closed \"" + closeCause + '"' : "");
    }

    @Override
    public void onConnected(OffloadConnection newConnection) {
        connection = newConnection;
        pump();
        take();
    }

    @Override
    public void onReadable(OffloadConnection readable) {
        connection = readable;
        if (plan.readIntervalNanos() == 0) {
            take();
        }
    }

    @Override
    public void onWritable(OffloadConnection writable) {
        pump();
    }

    @Override
    public void onOffloadChanged(OffloadConnection changed) {
        offloadChanges++;
    }

    @Override
    public void onClosed(OffloadConnection gone, String cause) {
        closed = true;
        closeCause = cause;
        if (burst != null) {
            burst.end();
        }
    }

    @Override
    public int doWork(long nowNanos) {
        now = nowNanos;
        int work = burst == null ? 0 : endBurst();
        if (!slowReading() || nowNanos < nextRead) {
            return work;
        }
        nextRead = nowNanos + plan.readIntervalNanos();
        return work + take();
    }

    @Override
    public long nextDeadline() {
        if (burst != null && burst.waits()) {
            return now + 1;
        }
        return slowReading() ? Math.max(nextRead, now + 1) : Long.MAX_VALUE;
    }

    /** What was left open or kept since the last turn. */
    private int endBurst() {
        int committed = burst.commit();
        sent += committed;
        chunkLeft -= committed;
        if (committed > 0) {
            pump();
        }
        return burst.release() + (committed > 0 ? 1 : 0);
    }

    private boolean slowReading() {
        return plan.readIntervalNanos() > 0 && connection != null && !ended && !closed;
    }

    private void pump() {
        while (sent < plan.bytes() && !closed && !shutDown) {
            if (chunkLeft == 0) {
                chunkLeft = 1 + random.nextInt(plan.maxChunk());
                chunkLeft = (int) Math.min(chunkLeft, plan.bytes() - sent);
            }
            outgoing.fill(chunk, sent, chunkLeft);
            int taken = burst == null ? connection.send(chunk) : burst.send(connection, chunk);
            sent += taken;
            chunkLeft -= taken;
            afterOperation.run();
            if (burst == null ? chunkLeft > 0 : taken == 0) {
                return;
            }
        }
        maybeShutDown();
    }

    private int take() {
        int total = 0;
        int taken;
        do {
            taken = closed ? 0 : takeSome();
            total += taken;
            if (taken > 0) {
                afterOperation.run();
            }
        } while (taken > 0 && plan.readIntervalNanos() == 0);
        if (!ended && !closed && connection.endOfStream()) {
            ended = true;
            total++;
            maybeShutDown();
        }
        return total;
    }

    private int takeSome() {
        return burst != null && plan.readLimit() == Integer.MAX_VALUE
                ? burst.poll(connection)
                : connection.receive(this::check, plan.readLimit());
    }

    private int check(ByteBuffer buffer, int offset, int length) {
        if (differs < 0) {
            differs = incoming.firstDifference(buffer, offset, length, received);
        }
        received += length;
        return length;
    }

    private void maybeShutDown() {
        boolean time = plan.close() == TransferPlan.Close.WHEN_SENT || ended;
        if (!shutDown && !closed && connection != null && sent == plan.bytes() && time) {
            shutDown = true;
            connection.shutdownOutput();
            afterOperation.run();
        }
    }
}
