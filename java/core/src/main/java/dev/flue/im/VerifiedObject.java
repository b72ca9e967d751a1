// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.ArrayList;
import java.util.List;

/**
 * What a verifier knows of one object: where it stands, what it owes to whom, and its last
 * operations. Made with the initiate; no call of the data path allocates here.
 */
final class VerifiedObject {
    /** Where an object stands. An invalidated one is {@link #OFFLOADED} and marked. */
    enum Phase {
        INITIATING,
        OFFLOADED,
        TERMINATING,
        GONE
    }

    /** Layers, as {@link #layer}. */
    static final int NEIGHBOR = 0;

    static final int PATH = 1;
    static final int TCP = 2;

    /** Kinds of NBL that a target holds for a host: indices of {@link #given} and the like. */
    static final int SEND = 0;

    static final int RECEIVE = 1;
    static final int DISCONNECT = 2;
    static final int FORWARD = 3;

    private static final int KINDS = 4;
    private static final int REMEMBERED = 16;
    private static final String[] LAYERS = {"neighbor", "path", "TCP"};

    final int layer;
    final int entry;
    final long upperHandle;
    final long ownHandle;
    Phase phase = Phase.INITIATING;

    /** Its initiate's completion has not returned yet (T-45). */
    boolean completing;

    boolean invalidated;
    VerifiedObject parent;

    /** The same object at the verifier above; null when there is none. */
    VerifiedObject counterpart;

    int dependents;
    long upperToken;
    long lowerToken;

    // Operations under way.
    int queries;
    int updates;
    int invalidates;
    int terminatesFailed;

    // NBLs: how many were given, the number of the last that came back, how many are out.
    final int[] given = new int[KINDS];
    final int[] lastBack = new int[KINDS];
    final int[] out = new int[KINDS];

    /** Number of the first send that failed; 0 = none. */
    int firstSendFailed;

    boolean sendPartial;
    boolean inSendCall;

    /** Sends given before the graceful and the abortive disconnect. */
    int sendsBeforeGraceful;

    int sendsBeforeAbortive;
    int disconnectsFailed;
    boolean gracefulDone;

    // What the target said.
    boolean finIndicated;
    boolean abortIndicated;
    boolean backlogKnown;
    int backlog;

    // Receiving: a call up is running; data was refused; what must come next.
    int delivering;
    boolean refused;

    /** A receive without push completed with less than it has room for. */
    boolean endedShort;

    boolean halfClosedAtFirst;
    long expected;
    int expectedBytes;

    // Ports from CONST, to know its segments; 0 = not told.
    int localPort;
    int remotePort;

    private final long[] history = new long[2 * REMEMBERED];
    private int remembered;

    VerifiedObject(int layer, int entry, long upperHandle, long ownHandle) {
        this.layer = layer;
        this.entry = entry;
        this.upperHandle = upperHandle;
        this.ownHandle = ownHandle;
    }

    /** Whether anything runs that a terminate must wait for (H-21). */
    boolean operating() {
        return queries + updates + invalidates > 0;
    }

    /**
     * T-101: a receive without push that is not full is the last one of its stream: the end of the
     * stream, or of the offload, completes it. Data behind it proves that it was no end.
     */
    void moreData(BreachLog log) {
        if (endedShort) {
            endedShort = false;
            log.report("T-101", this, "a non-push receive completed before it was full");
        }
    }

    void remember(long now, Act act, long detail) {
        int at = remembered++ % REMEMBERED * 2;
        history[at] = now << 8 | act.ordinal();
        history[at + 1] = detail;
    }

    /** Its last operations, oldest first. */
    List<String> history() {
        List<String> lines = new ArrayList<>();
        for (int i = Math.max(0, remembered - REMEMBERED); i < remembered; i++) {
            int at = i % REMEMBERED * 2;
            Act act = Act.of((int) (history[at] & 0xff));
            lines.add(line(history[at] >> 8, act, history[at + 1]));
        }
        return lines;
    }

    static String line(long now, Act act, long detail) {
        return String.format("%14.6f ms  %-14s %s", now / 1e6, act.word(), act.describe(detail));
    }

    /** "TCP 3". */
    String name() {
        return LAYERS[layer] + " " + entry;
    }

    @Override
    public String toString() {
        return String.format(
                "%s, %s%s, handle %x, token %x, token below %x",
                name(),
                phase,
                invalidated ? " and invalidated" : "",
                upperHandle,
                upperToken,
                lowerToken);
    }
}
