// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A driver that changes nothing and watches both of its edges: each breach of a rule of the chimney
 * is reported with the rule's id, the object, and the last operations on it. What is above is
 * judged as a host stack, what is below as a target, whoever that is; so it may stand between any
 * two layers. What breaks a rule is passed on like everything else.
 *
 * <p>A call of the data path that breaks nothing allocates nothing once all NBLs of its pools were
 * seen. State operations do allocate: this driver is for tests, for looking, and for finding out
 * which of two drivers is wrong. docs/drivers.md lists what it checks, and what nobody can see from
 * here.
 */
public final class VerifierDriver extends IntermediateDriver {
    private final String name;
    private final BreachLog log;
    private final NblTable table = new NblTable();
    private final StateVerifier state;
    private final IoVerifier io;
    private final IndicationVerifier indications;
    private final NblOwners delivered;
    private final OffloadHandle slot;
    private final ProtocolOffloadBlockList block;
    private VerifiedObject[] objects = new VerifiedObject[64];
    private Consumer<String> trace;
    private long traceOrigin;
    private int callsDown;
    private DriverJudge judgeBelow;
    private DriverJudge judgeAbove;
    private long now;

    /**
     * @param lower the miniport below; this driver binds to it
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     * @param name tells it from other verifiers in what it reports
     */
    public VerifierDriver(Memory memory, MiniportAdapter lower, int maxObjects, String name) {
        super(memory, lower, maxObjects);
        this.name = name;
        this.log = new BreachLog(name);
        this.state = new StateVerifier(memory, this, log, table);
        this.io = new IoVerifier(memory, this, log, table);
        this.indications = new IndicationVerifier(memory, this, log, table);
        this.delivered = new NblOwners(memory, table);
        this.slot = new OffloadHandle(memory);
        this.block = new ProtocolOffloadBlockList(memory);
    }

    @Override
    public String name() {
        return name;
    }

    /** The breaches so far, the first 256 of them. */
    public List<Breach> breaches() {
        return log.breaches();
    }

    /** Called for each breach, inside the call that was one. */
    public void onBreach(Consumer<Breach> listener) {
        log.listener(listener);
    }

    /** Forget the breaches so far: a test that breaks a rule has seen what it wanted to see. */
    public void clearBreaches() {
        log.clear();
    }

    /**
     * One line for each state operation and its completion per object, disconnect, event and
     * status: time, driver, object, what happened, status. Null: none.
     *
     * @param origin time, as given to {@link #doWork}, that counts as zero
     */
    public void trace(long origin, Consumer<String> lines) {
        traceOrigin = origin;
        // What goes down before the first turn comes at the start, not at the clock's zero.
        now = Math.max(now, origin);
        trace = lines;
    }

    /**
     * Another verifier stands below, and only drivers between the two: what one of them sees is
     * compared with what the other sees (I-7, I-8, I-10, I-11, I-13, I-14, I-17, I-18).
     */
    public void compareWith(VerifierDriver below) {
        judgeBelow = new DriverJudge(log, state, below.state, table, below.table);
        state.judge(judgeBelow, true);
        io.judge(judgeBelow, true);
        below.judgeAbove = judgeBelow;
        below.state.judge(judgeBelow, false);
        below.io.judge(judgeBelow, false);
    }

    /**
     * What is not given back: objects still offloaded, operations under way, NBLs out. Empty at
     * rest (H-23, H-41, T-65).
     */
    public List<String> unfinished() {
        List<String> left = new ArrayList<>();
        for (VerifiedObject object : state.objects()) {
            left.add(object.toString());
        }
        count(left, state.running(), "state operations under way");
        count(left, table.count(NblTable.SEND), "sends not completed");
        count(left, table.count(NblTable.RECEIVE), "posted receives not completed");
        count(left, table.count(NblTable.DISCONNECT), "disconnects not completed");
        count(left, table.count(NblTable.FORWARD), "forwards not completed");
        count(left, table.count(NblTable.LENT), "indications not returned");
        return left;
    }

    private static void count(List<String> left, int count, String what) {
        if (count > 0) {
            left.add(count + " " + what);
        }
    }

    // ---- For the parts.

    Binding below() {
        return lower().binding();
    }

    VerifiedObject object(int entry) {
        return entry >= 0 && entry < objects.length ? objects[entry] : null;
    }

    void object(int entry, VerifiedObject object) {
        if (entry >= objects.length) {
            objects = java.util.Arrays.copyOf(objects, Math.max(entry + 1, 2 * objects.length));
        }
        objects[entry] = object;
    }

    void note(VerifiedObject object, Act act, long detail) {
        object.remember(now, act, detail);
        if (trace != null && act.control()) {
            trace.accept(
                    String.format(
                            "%14.6f ms  %-10s  %-12s %-14s %s",
                            (now - traceOrigin) / 1e6,
                            name,
                            object.name(),
                            act.word(),
                            act.describe(detail)));
        }
    }

    private void traceAdapter(String what, Object detail) {
        if (trace != null) {
            trace.accept(
                    String.format(
                            "%14.6f ms  %-10s  %-12s %-14s %s",
                            (now - traceOrigin) / 1e6, name, "adapter", what, detail));
        }
    }

    /** T-108, T-109: what was refused, or came down at the initiate, comes first and unchanged. */
    void matchExpected(VerifiedObject object, long sample, int bytes) {
        int compared = Math.min(bytes, object.expectedBytes);
        if (compared > 0 && (sample ^ object.expected) << Long.SIZE - Byte.SIZE * compared != 0) {
            log.report("T-108", object, "what is delivered is not what was refused or handed over");
        }
        object.expectedBytes = 0;
    }

    // ---- State operations.

    @Override
    void goesDown(StateOperation operation, long root) {
        state.goesDown(operation, root);
        callsDown++;
    }

    @Override
    void wentDown() {
        callsDown--;
    }

    @Override
    protected void stateOperationComplete(
            LowerInterface from, StateOperation operation, long root) {
        VerifiedOperation done = state.comesUp(operation, root, callsDown > 0);
        super.stateOperationComplete(from, operation, root);
        if (done != null && operation == StateOperation.INITIATE) {
            state.returned(done);
        }
    }

    // ---- I/O, down.

    @Override
    protected void io(IoKind kind, int entry, long netBufferLists, int flags) {
        VerifiedObject object = objects[entry];
        if (slot.wrap(object.ownHandle).miniportOffloadContext() != object.lowerToken) {
            log.report("T-24", object, "the target changed its token");
        }
        boolean send = kind == IoKind.SEND;
        if (send && object.inSendCall) {
            log.report("H-35", object, "a send inside a send of the same connection");
        }
        io.down(object, kind.ordinal(), netBufferLists, flags);
        boolean nested = object.inSendCall;
        object.inSendCall |= send;
        callsDown++;
        super.io(kind, entry, netBufferLists, flags);
        callsDown--;
        object.inSendCall = nested;
    }

    @Override
    void staleToken(IoKind kind, long token) {
        String rule = token == 0 ? "H-4" : kind == IoKind.FORWARD ? "H-45" : "H-22";
        log.report(
                rule,
                null,
                "I/O by a token that names nothing offloaded: " + Long.toHexString(token));
    }

    @Override
    protected void receiveReturn(UpperInterface from, long netBufferLists) {
        indications.returned(netBufferLists);
        super.receiveReturn(from, netBufferLists);
    }

    // ---- I/O, up.

    @Override
    protected void ioComplete(LowerInterface from, IoKind kind, long netBufferLists) {
        boolean delivers = kind == IoKind.RECEIVE;
        int mark = delivers ? delivered.enter(netBufferLists) : 0;
        for (int i = mark; delivers && i < delivered.size(); i++) {
            if (++delivered.get(i).delivering > 1) {
                log.report("T-97", delivered.get(i), "a receive completed inside a delivery");
            }
        }
        io.up(kind.ordinal(), netBufferLists, callsDown > 0);
        super.ioComplete(from, kind, netBufferLists);
        if (delivers) {
            delivered.leave(mark);
        }
    }

    // ---- Indications.

    @Override
    protected OffloadStatus receiveIndicate(
            int entry, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        VerifiedObject object = objects[entry];
        if (judgeBelow != null) {
            judgeBelow.indicationAbove(object, netBufferList, status);
        }
        if (judgeAbove != null) {
            judgeAbove.indicationBelow(object, netBufferList, status);
        }
        int length = indications.indicated(object, netBufferList, status);
        object.delivering++;
        OffloadStatus verdict = super.receiveIndicate(entry, netBufferList, status, consumed);
        object.delivering--;
        indications.verdict(object, netBufferList, length, verdict, consumed.bytes);
        if (judgeAbove != null) {
            judgeAbove.verdictBelow(object, verdict, consumed.bytes);
        }
        if (judgeBelow != null) {
            judgeBelow.verdictAbove(verdict, consumed.bytes);
        }
        return verdict;
    }

    @Override
    protected void event(int entry, TcpEvent event, long information) {
        VerifiedObject object = objects[entry];
        if (judgeBelow != null) {
            judgeBelow.eventAbove(object, event, information);
        }
        if (judgeAbove != null) {
            judgeAbove.eventBelow(object, event, information);
        }
        indications.event(object, event, information);
        object.delivering++;
        super.event(entry, event, information);
        object.delivering--;
        if (judgeAbove != null) {
            judgeAbove.eventDone(object);
        }
    }

    @Override
    void strayIndication(int entry, long handle, boolean event) {
        VerifiedObject object = object(entry);
        if (entry < 0 || object == null || object.ownHandle != handle) {
            log.report("T-66", null, "an indication for no object: " + Long.toHexString(handle));
        } else {
            boolean early = object.phase == VerifiedObject.Phase.INITIATING;
            String rule = !early ? "T-66" : event ? "T-47" : "T-45";
            log.report(rule, object, "an indication for it while it is not offloaded");
        }
    }

    @Override
    protected void status(LowerInterface from, StatusIndication indication) {
        traceAdapter("status", indication);
        super.status(from, indication);
        switch (indication) {
            case OFFLOAD_PAUSE, UPLOAD_ALL -> state.paused(true);
            case OFFLOAD_RESUME -> state.paused(false);
            case TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES, MEDIA_CONNECT, MEDIA_DISCONNECT -> {}
        }
    }

    @Override
    protected void neighborEvent(LowerInterface from, long blockRef, OffloadEvent event) {
        int entry = entries().ofHandle(block.wrap(blockRef).offloadHandle());
        if (entry >= 0 && entries().offloaded(entry)) {
            VerifiedObject object = objects[entry];
            note(object, Act.NEIGHBOR_EVENT, 0);
            block.wrap(blockRef);
            boolean right =
                    object.layer == VerifiedObject.NEIGHBOR
                            && block.type() == dev.flue.offload.StateType.NEIGHBOR.code()
                            && block.nextBlock() == 0
                            && block.dependentBlockList() == 0
                            && block.status() == OffloadStatus.SUCCESS.code();
            if (!right) {
                log.report("T-140", object, event + " with a block that is not a neighbor's");
            }
        }
        super.neighborEvent(from, blockRef, event);
    }

    // ---- Adapter.

    @Override
    protected void oidRequest(UpperInterface from, long request) {
        traceAdapter("oid request", Long.toHexString(request));
        super.oidRequest(from, request);
    }

    @Override
    protected void oidRequestComplete(LowerInterface from, long request) {
        traceAdapter("oid complete", Long.toHexString(request));
        super.oidRequestComplete(from, request);
    }

    @Override
    protected int doWork(long nowNanos) {
        now = nowNanos;
        // A call down that threw is over, too.
        callsDown = 0;
        return super.doWork(nowNanos);
    }
}
