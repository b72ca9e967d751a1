// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.HashMap;
import java.util.Map;

/**
 * Holds the data of connections to a rate, by holding their sends: nothing is dropped, nothing
 * overtakes, and what waits shows in {@link #heldBytes}. Each connection, each priority, or all
 * together have a rate and a burst ({@link ShaperSettings}); those that share one take turns, a
 * list each.
 *
 * <ul>
 *   <li>A graceful disconnect waits behind the sends that are held before it. An abortive one, and
 *       an ABORT event, complete what is held with REQUEST_ABORTED.
 *   <li>A terminate completes what is held with UPLOAD_IN_PROGRESS: the host sends it itself.
 *   <li>Data that goes down with an initiate is charged, not held.
 * </ul>
 *
 * <p>Rates are of the bytes that a host sends, without headers and retransmissions. Nothing can run
 * out: chains are linked through their lists, all else has a place for each object.
 */
public final class ShaperDriver extends IntermediateDriver {
    private static final int PRIORITIES = 8;

    private final ShaperSettings settings;
    private final RateClock clock;
    private final HeldSends held;
    private final int[] classOf;
    private final NetBufferList list;
    private final MiniportOffloadBlockList block;
    private final TcpCached connection;
    private final BlockWalk walk;
    private long now = RateClock.LONG_AGO;

    /**
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     */
    public ShaperDriver(
            Memory memory, MiniportAdapter lower, int maxObjects, ShaperSettings settings) {
        super(memory, lower, maxObjects);
        this.settings = settings;
        int connections = entryLimit();
        int classes =
                switch (settings.scope()) {
                    case CONNECTION -> connections;
                    case PRIORITY -> PRIORITIES;
                    case ALL -> 1;
                };
        this.clock = new RateClock(classes, settings.bytesPerSecond(), settings.burstBytes());
        this.held = new HeldSends(memory, clock, connections, classes);
        this.classOf = new int[connections];
        this.list = new NetBufferList(memory);
        this.block = new MiniportOffloadBlockList(memory);
        this.connection = new TcpCached(memory);
        this.walk = new BlockWalk(memory);
    }

    @Override
    public String name() {
        return "shaper";
    }

    /** Bytes that wait here, of all connections. */
    public long heldBytes() {
        return held.bytes();
    }

    /** Bytes of one connection that wait here. */
    public long heldBytes(int entry) {
        return held.bytes(entry);
    }

    /** NBLs that wait here. */
    public int heldLists() {
        return held.lists();
    }

    @Override
    public Map<String, Integer> held() {
        Map<String, Integer> all = new HashMap<>(super.held());
        all.put("held lists", held.lists());
        return all;
    }

    @Override
    public DriverFigures figures() {
        DriverFigures figures = super.figures();
        figures.levels().put("held bytes", held.bytes());
        return figures;
    }

    // ---- State.

    @Override
    protected void offering(int entry, long blockRef) {
        if (block.wrap(blockRef).type() != StateType.TCP.code()) {
            return;
        }
        int kind =
                switch (settings.scope()) {
                    case CONNECTION -> entry;
                    case PRIORITY -> priority(blockRef);
                    case ALL -> 0;
                };
        classOf[entry] = kind;
        if (settings.scope() == ShaperSettings.Scope.CONNECTION) {
            clock.reset(kind);
        }
        long waiting = 0;
        for (long at = block.netBufferListChain(); at != 0; at = list.wrap(at).next()) {
            waiting += held.length(at);
        }
        clock.charge(kind, waiting, now);
        held.charged(kind);
    }

    private int priority(long blockRef) {
        return connection.wrap(blockRef + StateOffsets.TCP_CACHED).userPriority() & PRIORITIES - 1;
    }

    /** What is held of the connections that are to be uploaded goes back to the host. */
    @Override
    protected void stateOperation(UpperInterface from, StateOperation operation, long root) {
        if (operation == StateOperation.TERMINATE && held.lists() > 0) {
            walk.start(root);
            for (long ref = walk.next(); ref != 0; ref = walk.next()) {
                long context = block.wrap(ref).miniportOffloadContext();
                int entry = context == 0 ? -1 : entries().find(entries().tokenIn(context));
                if (entry >= 0) {
                    giveUp(entry, OffloadStatus.UPLOAD_IN_PROGRESS);
                }
            }
        }
        super.stateOperation(from, operation, root);
    }

    @Override
    protected void gone(int entry, long blockRef) {
        giveUp(entry, OffloadStatus.UPLOAD_IN_PROGRESS);
    }

    @Override
    protected void event(int entry, TcpEvent event, long information) {
        if (event == TcpEvent.ABORT) {
            giveUp(entry, OffloadStatus.REQUEST_ABORTED);
        }
        super.event(entry, event, information);
    }

    private void giveUp(int entry, OffloadStatus status) {
        if (!held.holds(entry)) {
            return;
        }
        Refusals refusals = upperOf(entry).refusals();
        refusals.io(IoKind.SEND).add(held.pollAll(entry), status);
        refusals.io(IoKind.DISCONNECT).add(held.pollDisconnect(entry), status);
        held.settle(entry, classOf[entry]);
    }

    // ---- Data.

    @Override
    protected void io(IoKind kind, int entry, long netBufferLists, int flags) {
        switch (kind) {
            case SEND -> send(entry, netBufferLists);
            case DISCONNECT -> disconnect(entry, netBufferLists, flags);
            default -> super.io(kind, entry, netBufferLists, flags);
        }
    }

    private void send(int entry, long chain) {
        int kind = classOf[entry];
        long rest = chain;
        if (!held.holdsOfClass(kind)) {
            rest = pass(entry, chain);
        }
        if (rest != 0) {
            held.add(entry, kind, rest);
        }
    }

    /** As much of a chain as may go now, in one call; the rest, or 0. */
    private long pass(int entry, long chain) {
        int kind = classOf[entry];
        long last = 0;
        long at = chain;
        while (at != 0 && clock.ready(kind, now)) {
            clock.charge(kind, held.length(at), now);
            last = at;
            at = list.wrap(at).next();
        }
        if (last != 0) {
            list.wrap(last).next(0);
            super.io(IoKind.SEND, entry, chain, 0);
        }
        return at;
    }

    private void disconnect(int entry, long ref, int flags) {
        if (flags == Miniport.DISCONNECT_GRACEFUL && held.holds(entry)) {
            held.addDisconnect(entry, classOf[entry], ref);
            return;
        }
        if (flags == Miniport.DISCONNECT_ABORTIVE) {
            giveUp(entry, OffloadStatus.REQUEST_ABORTED);
        }
        super.io(IoKind.DISCONNECT, entry, ref, flags);
    }

    // ---- Duty cycle.

    @Override
    protected int doWork(long nowNanos) {
        now = nowNanos;
        int work = 0;
        for (int kind = held.firstClass();
                kind >= 0 && clock.ready(kind, now);
                kind = held.firstClass()) {
            release(kind);
            work++;
        }
        return work + super.doWork(nowNanos);
    }

    /** One list of whoever's turn it is, or all that may go of one that is alone. */
    private void release(int kind) {
        int entry = held.turn(kind);
        boolean alone = held.alone(kind);
        long head = 0;
        long last = 0;
        do {
            long ref = held.poll(entry);
            if (ref == 0) {
                break;
            }
            clock.charge(kind, held.length(ref), now);
            if (last == 0) {
                head = ref;
            } else {
                list.wrap(last).next(ref);
            }
            last = ref;
        } while (alone && clock.ready(kind, now));
        if (head != 0) {
            super.io(IoKind.SEND, entry, head, 0);
        }
        long disconnect = held.pollDisconnect(entry);
        if (disconnect != 0) {
            super.io(IoKind.DISCONNECT, entry, disconnect, Miniport.DISCONNECT_GRACEFUL);
        }
        if (held.holds(entry)) {
            held.rotate(kind);
        }
        held.settle(entry, kind);
    }

    @Override
    protected long nextDeadline() {
        int kind = held.firstClass();
        long due = kind < 0 ? Long.MAX_VALUE : clock.readyAt(kind);
        return Math.min(due, super.nextDeadline());
    }
}
