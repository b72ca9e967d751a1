// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/**
 * Takes every submission and puts it on the ring when its turn and its credit have come. Nothing is
 * lost and nothing refused: what finds no room waits here, and goes out from {@link #flush}.
 *
 * <p>A submission that completes by an entry of its own holds one credit until it has. There are as
 * many as the half of the up-ring that is kept for completions. Sends need no entry each, for
 * completed ones come together; they have credit of their own, for the engine's memory of them.
 * Four lanes keep what must not wait apart from what may wait for long, because a send is complete
 * only when the peer acknowledged it, and what makes the peer do so may be a submission too:
 *
 * <ul>
 *   <li>verdicts and returns: no credit, and first;
 *   <li>frames, forwarded segments, posted receives: any credit left;
 *   <li>sends and disconnects, in order: disconnects leave a quarter of the credit to the rest. An
 *       abort waits for no credit, and takes everything before it along.
 *   <li>state operations, in order, each behind the sends and disconnects that came before it. A
 *       terminate waits for no credit either. I/O of a connection never follows on an operation
 *       that has not completed (H-4, H-22), so that no data waits for other connections' state.
 * </ul>
 *
 * <p>Few state operations are on the ring at a time: an engine that has all it can work on reads no
 * further, and what one of them waits for, a verdict, may come behind the next.
 *
 * <p>Between a PAUSE and its RESUME initiates wait here (T-148), so that what takes objects back
 * does not stand behind them; those the engine has already read it keeps itself, beside its
 * operations.
 *
 * <p>One thread.
 */
final class SubmissionQueue {
    /** State operations under way at a time; the engine works on twice as many. */
    static final int MAX_OPERATIONS = 32;

    private static final int MAX_OPERATIONS_PAUSED = 2 * MAX_OPERATIONS - 1;

    private final SubmissionRing ring;
    private final int limit;
    private final int disconnectLimit;
    private final int sendLimit;
    private final Backlog free = new Backlog();
    private final Backlog prompt = new Backlog();
    private final Backlog ordered = new Backlog();
    private final Backlog state = new Backlog();
    private final Backlog held = new Backlog();
    // Entries before these numbers need no credit.
    private long takenAlong;
    private long promptTakenAlong;
    private long stateTakenAlong;
    private int outstanding;
    private int sends;
    private int operations;
    private boolean paused;

    /**
     * @param credit submissions other than sends that may be under way
     * @param sendCredit sends that may
     */
    SubmissionQueue(SubmissionRing ring, int credit, int sendCredit) {
        this.ring = ring;
        this.limit = credit;
        this.disconnectLimit = credit - credit / 4;
        this.sendLimit = sendCredit;
    }

    /** Verdicts and returns: no completion comes. */
    void submitFree(int op, int arg0, long token, long ref, long arg1) {
        if (!free.isEmpty() || !ring.offer(op, arg0, token, ref, arg1)) {
            free.add(op, arg0, token, ref, arg1);
        }
    }

    /** Frames, forwarded segments, posted receives: they complete without the peer's doing. */
    void submitPrompt(int op, long token, long ref) {
        boolean first = free.isEmpty() && prompt.isEmpty();
        if (first && outstanding < limit && ring.offer(op, 0, token, ref, 0)) {
            outstanding++;
        } else {
            prompt.add(op, 0, token, ref, 0);
        }
    }

    /** Sends. */
    void submitSend(long token, long ref) {
        boolean first = free.isEmpty() && ordered.isEmpty();
        boolean room = first && sends < sendLimit;
        if (room && ring.offer(ChannelLayout.SUB_SEND, 0, token, ref, 0)) {
            sends++;
        } else {
            ordered.add(ChannelLayout.SUB_SEND, 0, token, ref, 0);
        }
    }

    /** Graceful disconnects. */
    void submitDisconnect(int flags, long token, long ref) {
        ordered.add(ChannelLayout.SUB_DISCONNECT, flags, token, ref, 0);
        flush();
    }

    /** Abortive ones: in order too, but nothing holds them up. */
    void submitAbort(int flags, long token, long ref) {
        ordered.add(ChannelLayout.SUB_DISCONNECT, flags, token, ref, 0);
        takeAlong();
    }

    /** State operations but terminate. */
    void submitOperation(int op, long root) {
        if (paused && op == ChannelLayout.SUB_INITIATE) {
            held.add(op, 0, 0, root, 0);
            return;
        }
        boolean first = free.isEmpty() && ordered.isEmpty() && state.isEmpty();
        boolean room = operations < mostOperations() && outstanding < limit;
        if (first && room && ring.offer(op, 0, 0, root, 0)) {
            gone();
        } else {
            state.add(op, 0, 0, root, 0, ordered.tailNumber());
        }
    }

    /** Terminates. */
    void submitTerminate(int op, long root) {
        state.add(op, 0, 0, root, 0, ordered.tailNumber());
        stateTakenAlong = state.tailNumber();
        takeAlong();
    }

    private void takeAlong() {
        takenAlong = ordered.tailNumber();
        promptTakenAlong = prompt.tailNumber();
        flush();
    }

    /** PAUSE: initiates stay here from now on, those that wait already as well. */
    void holdInitiates() {
        boolean along = state.headNumber() < stateTakenAlong;
        paused = true;
        for (int n = state.size(); n > 0; n--) {
            boolean initiate = state.op() == ChannelLayout.SUB_INITIATE;
            state.moveTo(initiate ? held : state, state.headAfter());
        }
        if (along) {
            stateTakenAlong = state.tailNumber();
        }
    }

    /** RESUME: behind what was submitted meanwhile. */
    void releaseInitiates() {
        paused = false;
        while (!held.isEmpty()) {
            held.moveTo(state, ordered.tailNumber());
        }
    }

    /** Initiates that the engine keeps for later take up none of what it works on. */
    private int mostOperations() {
        return paused ? MAX_OPERATIONS_PAUSED : MAX_OPERATIONS;
    }

    /** {@code count} submissions of I/O other than sends have completed. */
    void complete(int count) {
        outstanding = Math.max(0, outstanding - count);
    }

    /** {@code count} sends have. */
    void completeSends(int count) {
        sends = Math.max(0, sends - count);
    }

    /** A state operation has completed. */
    void completeOperation() {
        outstanding = Math.max(0, outstanding - 1);
        operations = Math.max(0, operations - 1);
    }

    /** Send what can go now. Returns how many went. */
    int flush() {
        int sent = 0;
        while (!free.isEmpty()) {
            if (!free.moveTo(ring)) {
                return sent;
            }
            sent++;
        }
        while (promptCanGo() && prompt.moveTo(ring)) {
            outstanding++;
            sent++;
        }
        sent += flushState();
        return sent + flushOrdered() + flushState();
    }

    private int flushOrdered() {
        int sent = 0;
        while (orderedCanGo()) {
            boolean send = headSends();
            if (!ordered.moveTo(ring)) {
                break;
            }
            if (send) {
                sends++;
            } else {
                outstanding++;
            }
            sent++;
        }
        return sent;
    }

    private int flushState() {
        int sent = 0;
        while (stateCanGo() && state.moveTo(ring)) {
            gone();
            sent++;
        }
        return sent;
    }

    private void gone() {
        outstanding++;
        operations++;
    }

    private boolean promptCanGo() {
        return !prompt.isEmpty() && (outstanding < limit || prompt.headNumber() < promptTakenAlong);
    }

    private boolean orderedCanGo() {
        if (ordered.isEmpty()) {
            return false;
        }
        boolean credit = headSends() ? sends < sendLimit : outstanding < disconnectLimit;
        return credit || ordered.headNumber() < takenAlong;
    }

    private boolean headSends() {
        return ordered.op() == ChannelLayout.SUB_SEND;
    }

    private boolean stateCanGo() {
        return !state.isEmpty()
                && state.headAfter() <= ordered.headNumber()
                && operations < mostOperations()
                && (outstanding < limit || state.headNumber() < stateTakenAlong);
    }

    /** Something waits that needs only room on the ring. */
    boolean ready() {
        return !free.isEmpty() || promptCanGo() || orderedCanGo() || stateCanGo();
    }

    /** The engine has not read everything that is on the ring. */
    boolean pending() {
        return ring.pending();
    }

    /** Submissions under way whose completion has not come. */
    int outstanding() {
        return outstanding + sends;
    }

    /** Submissions that wait here. */
    int waiting() {
        return free.size() + prompt.size() + ordered.size() + state.size() + held.size();
    }
}
