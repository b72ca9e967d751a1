// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StatusIndication;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * The miniport of the native engine: an engine on a port, and one channel to it.
 *
 * <p>One thread submits and runs {@link #doWork}. Inline, which is how it starts, doWork also polls
 * the engine and time is the caller's; after {@link #start} a native thread polls it with the
 * system's clock and doWork only takes what came up. No send, no receive and no turn allocates,
 * locks or throws for anything but misuse.
 *
 * <p>When the engine fails, everything is asked back once (UPLOAD_ALL), and {@link #capabilities}
 * says why.
 */
public final class NativeOffloadTarget implements Miniport, AutoCloseable {
    private static final int IDLE = 0;
    private static final int WORKING = 1;
    private static final int CLOSED = 2;
    private static final long STILL_STEP_NANOS = 100_000_000;
    private static final long STILL_LIMIT_NANOS = 10_000_000_000L;
    private static final VarHandle STATE;

    static {
        try {
            STATE =
                    MethodHandles.lookup()
                            .findVarHandle(NativeOffloadTarget.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final EngineControl engine;
    private final ByteBuffer channel;
    private final SubmissionQueue queue;
    private final UpCalls up;
    private final int pollBudget;
    private final LinkWatch links;
    private MiniportAdapter adapter;
    private final EngineCapabilities capabilities;
    private volatile int state = IDLE;
    private volatile boolean ownThread;
    private boolean sleeper; // That thread may have to be woken.
    // Owner's: whether the failure was told, and when the last turn was.
    private boolean failureTold;
    private long lastNow;
    private long passesSeen;
    private long stillNanos;

    /**
     * @param port used until {@link #close}; stays the caller's
     * @param memory resolves the regions; any kind resolves all
     * @throws IllegalArgumentException a value of {@code config} is out of range
     * @throws IllegalStateException {@code port} is closed or in use
     * @throws FlueException memory or a file cannot be had; the message says what to do
     */
    public NativeOffloadTarget(EngineConfig config, NativePort port, NativeMemory memory) {
        this(new NativeEngine(config, port, memory), config, EngineCapabilities.of(config, port));
    }

    NativeOffloadTarget(EngineControl engine, EngineConfig config, Capabilities capabilities) {
        this.engine = engine;
        this.channel = engine.channel();
        this.capabilities = new EngineCapabilities(capabilities);
        this.pollBudget = config.pollBudget();
        this.links = new LinkWatch(engine);
        this.queue =
                new SubmissionQueue(
                        new SubmissionRing(channel),
                        channel.getInt(ChannelLayout.UP_CAPACITY) / 2,
                        sendCredit(engine.maxSends()));
        this.up = new UpCalls(new UpRing(channel), queue, this.capabilities);
    }

    /**
     * A send of several buffers takes as many of the engine's places: half of them are for that.
     */
    private static int sendCredit(int places) {
        return Math.max(1, places / 2);
    }

    @Override
    public void initialize(MiniportAdapter miniportAdapter) {
        if (adapter != null) {
            throw new IllegalStateException("this target is initialized already");
        }
        adapter = miniportAdapter;
        up.initialize(miniportAdapter);
    }

    @Override
    public Capabilities capabilities() {
        return capabilities.now();
    }

    // State operations.

    @Override
    public void initiateOffload(long root) {
        checkOpen();
        queue.submitOperation(ChannelLayout.SUB_INITIATE, root);
    }

    @Override
    public void queryOffload(long root) {
        checkOpen();
        queue.submitOperation(ChannelLayout.SUB_QUERY, root);
    }

    @Override
    public void updateOffload(long root) {
        checkOpen();
        queue.submitOperation(ChannelLayout.SUB_UPDATE, root);
    }

    @Override
    public void invalidateOffload(long root) {
        checkOpen();
        queue.submitOperation(ChannelLayout.SUB_INVALIDATE, root);
    }

    @Override
    public void terminateOffload(long root) {
        checkOpen();
        queue.submitTerminate(ChannelLayout.SUB_TERMINATE, root);
    }

    // I/O.

    @Override
    public void tcpOffloadSend(long token, long netBufferLists) {
        checkOpen();
        queue.submitSend(token, netBufferLists);
    }

    @Override
    public void tcpOffloadReceive(long token, long netBufferLists) {
        checkOpen();
        queue.submitPrompt(ChannelLayout.SUB_RECEIVE, token, netBufferLists);
    }

    @Override
    public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
        checkOpen();
        if ((flags & DISCONNECT_ABORTIVE) != 0) {
            queue.submitAbort(flags, token, netBufferList);
        } else {
            queue.submitDisconnect(flags, token, netBufferList);
        }
    }

    @Override
    public void tcpOffloadForward(long token, long netBufferLists) {
        checkOpen();
        queue.submitPrompt(ChannelLayout.SUB_FORWARD, token, netBufferLists);
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        checkOpen();
        queue.submitFree(ChannelLayout.SUB_RECEIVE_RETURN, 0, 0, netBufferLists, 0);
    }

    // Ordinary frames.

    @Override
    public void sendNetBufferLists(long netBufferLists) {
        checkOpen();
        queue.submitPrompt(ChannelLayout.SUB_FRAME_SEND, 0, netBufferLists);
    }

    @Override
    public void returnNetBufferLists(long netBufferLists) {
        checkOpen();
        queue.submitFree(ChannelLayout.SUB_FRAME_RETURN, 0, 0, netBufferLists, 0);
    }

    @Override
    public void oidRequest(long request) {
        checkOpen();
        queue.submitPrompt(ChannelLayout.SUB_OID_REQUEST, 0, request);
    }

    // The duty cycle.

    @Override
    public int doWork(long nowNanos) {
        begin();
        try {
            long elapsed = nowNanos - lastNow;
            lastNow = nowNanos;
            if (ownThread) {
                watch(elapsed);
            }
            int work = queue.flush() + poll(nowNanos) + up.deliver();
            if (sleeper) {
                wake();
            }
            return work + links.doWork(nowNanos, adapter);
        } finally {
            STATE.setRelease(this, IDLE);
        }
    }

    /**
     * A pass that receives nothing; none when the engine has read everything. Nobody is called: of
     * an engine that failed the next {@link #doWork} says so.
     */
    @Override
    public int transmit(long nowNanos) {
        begin();
        try {
            int work = queue.flush();
            if (queue.pending()) {
                work += pollsHere() ? Math.max(0, engine.poll(nowNanos, 0)) : 0;
                if (sleeper) {
                    wake();
                }
            }
            return work;
        } finally {
            STATE.setRelease(this, IDLE);
        }
    }

    private void begin() {
        if (!STATE.compareAndSet(this, IDLE, WORKING)) {
            throw state == CLOSED
                    ? closed()
                    : new IllegalStateException(
                            "doWork is running: handlers may submit, not poll, and one thread owns"
                                    + " a target");
        }
    }

    /** A thread that failed may have let go of the engine: then this one can go on. */
    private boolean pollsHere() {
        return !ownThread || failureTold;
    }

    private int poll(long nowNanos) {
        if (!pollsHere()) {
            return 0;
        }
        int rc = engine.poll(nowNanos, pollBudget);
        if (rc < 0) {
            fail("polling the engine: " + Errno.text(-rc));
            return 0;
        }
        return rc;
    }

    /**
     * What was submitted since the last turn, by handlers too, is read also by a thread that
     * sleeps.
     */
    private void wake() {
        if (!queue.pending()) {
            return;
        }
        // It looks at the ring after it has said that it sleeps; we the other way round.
        VarHandle.fullFence();
        if (ChannelLayout.getIntAcquire(channel, ChannelLayout.ENGINE_SLEEPS) != 0) {
            engine.wake();
        }
    }

    /** Whether the engine's own thread is alive: it makes passes also when it has nothing to do. */
    private void watch(long elapsed) {
        if (ChannelLayout.getIntAcquire(channel, ChannelLayout.ENGINE_STOPPED) != 0) {
            fail("the engine's thread has ended");
        }
        long passes = ChannelLayout.getAcquire(channel, ChannelLayout.ENGINE_PASSES);
        if (passes != passesSeen) {
            passesSeen = passes;
            stillNanos = 0;
            return;
        }
        // Counted in short steps: when the whole process stood still, its thread is not to blame.
        stillNanos += Math.min(elapsed, STILL_STEP_NANOS);
        if (stillNanos > STILL_LIMIT_NANOS) {
            fail("the engine's thread has made no pass for 10 seconds");
        }
    }

    private void fail(String cause) {
        if (failureTold) {
            return;
        }
        failureTold = true;
        capabilities.failed(cause);
        adapter.statusIndication(StatusIndication.UPLOAD_ALL);
    }

    /** Inline: now when something waits, else the engine's earliest timer. */
    @Override
    public long nextDeadline() {
        checkOpen();
        if (queue.ready() || queue.pending() || up.pending()) {
            return lastNow;
        }
        return ownThread ? Long.MAX_VALUE : engine.nextDeadline();
    }

    // Threads and the end.

    /**
     * Let a native thread of its own poll the engine.
     *
     * @param cpu to pin it to; -1 = not pinned
     * @throws IllegalStateException it runs already
     * @throws FlueException the thread cannot be had
     */
    public void start(int cpu) {
        start(cpu, EngineIdle.BACKOFF);
    }

    /**
     * The same, with what that thread does when it has nothing to do.
     *
     * @throws IllegalStateException it runs already
     * @throws FlueException the thread cannot be had; with {@link EngineIdle#INTERRUPT} and {@link
     *     FlueException#errno()} 95 (EOPNOTSUPP): the port's device cannot wake a thread
     */
    public void start(int cpu, EngineIdle idle) {
        checkOpen();
        int rc = engine.start(cpu, idle);
        if (rc == -Errno.EALREADY) {
            throw new IllegalStateException("the engine's thread runs already");
        }
        if (rc == -Errno.EOPNOTSUPP) {
            throw new FlueException(
                    "the device of this port cannot interrupt a thread that sleeps", -rc);
        }
        if (rc < 0) {
            String where = cpu < 0 ? "" : " on cpu " + cpu;
            throw new FlueException("the engine's thread" + where + ": " + Errno.text(-rc), -rc);
        }
        stillNanos = 0;
        sleeper = idle == EngineIdle.INTERRUPT;
        ownThread = true;
    }

    /**
     * Stop that thread and wait for it; the engine is polled inline again. Idempotent.
     *
     * @throws FlueException it cannot be waited for, as from the thread itself
     */
    public void stop() {
        checkOpen();
        int rc = engine.stop();
        if (rc < 0) {
            throw new FlueException("stopping the engine's thread: " + Errno.text(-rc), -rc);
        }
        ownThread = false;
        sleeper = false;
    }

    /** The port's, as it was within the last millisecond of turns. */
    public Link link() {
        return links.link();
    }

    /**
     * Become number {@code index} of the engines on the queues of one device, until {@link #close}.
     * Inline, and before anything is offloaded.
     *
     * @throws IllegalArgumentException there is no such number, or the port's MTU is another one
     * @throws IllegalStateException the number is taken, or this target is in a group, has a thread
     *     of its own or holds connections
     */
    public void join(EngineGroup group, int index) {
        checkOpen();
        int rc = engine.join(group, index);
        if (rc == -Errno.EINVAL) {
            throw new IllegalArgumentException(
                    "number " + index + " of a group, or the MTU of its port, does not fit it");
        }
        if (rc < 0) {
            throw new IllegalStateException(
                    "joining a group as number "
                            + index
                            + ": it is taken, or the engine is in a group, runs or is in use");
        }
    }

    /** How much of {@code resource} the engine holds. */
    public long held(EngineResource resource) {
        checkOpen();
        return engine.held(resource.ordinal());
    }

    public ArenaInfo arena() {
        checkOpen();
        return engine.arena();
    }

    /** The engine's counters by name, in their order. Allocates; not for a data path. */
    public Map<String, Long> counters() {
        checkOpen();
        return Counters.read(engine.counters());
    }

    /** Submissions that wait in Java for room or credit. */
    public int submissionsWaiting() {
        return queue.waiting();
    }

    /** Submissions whose completion has not come. */
    public int submissionsOutstanding() {
        return queue.outstanding();
    }

    /** Up-ring entries with a number this version does not know. */
    public long ignoredEntries() {
        return up.ignored();
    }

    /**
     * Stop the engine and free it. Connections it still has are dropped without a word to the peer:
     * take them back first. The port stays open. Idempotent.
     *
     * @throws IllegalStateException from a handler, or while another thread runs doWork
     */
    @Override
    public void close() {
        if (STATE.compareAndSet(this, IDLE, CLOSED)) {
            engine.destroy();
        } else if (state != CLOSED) {
            throw new IllegalStateException("close out of a handler, or while doWork runs");
        }
    }

    private void checkOpen() {
        if (state == CLOSED) {
            throw closed();
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the offload target is closed");
    }
}
