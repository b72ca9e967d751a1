// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.spi.Memory;

/**
 * How state operations pass a team. One from above becomes one for each member concerned, of blocks
 * of the team's own; it completes upwards when all of them have. What finds no room waits in its
 * order, but an initiate, which is refused before anything is changed (I-27, I-28); what names an
 * object that is on its way to a member waits too.
 */
final class TeamPropagation implements AutoCloseable {
    private static final int RESERVED_CALLS = 16;
    static final int CALLS = 256;

    /** High half of the number in ImReserved of a tree's root. */
    private static final long MARK = 0x544d_0000_0000L;

    private enum Room {
        THERE,
        LATER,
        NEVER
    }

    private final IntermediateDriver driver;
    private final OffloadEntries entries;
    private final TeamMembers members;
    private final TeamObjects objects;
    private final MemberTrees trees;
    private final TeamInitiate initiates;
    private final TeamOperations operations;
    private final TeamArrivals arrivals;
    private final TeamMoves moves;
    private final CallEntries calls;
    private final OperationQueue waiting;
    private final BlockWalk walk;
    private final MiniportOffloadBlockList block;
    private final int reserve;
    private final long[] roots;
    private final int[] open = new int[CALLS];
    private final int[] done = new int[CALLS];
    private int doneCount;
    private long now;

    TeamPropagation(
            Memory memory,
            IntermediateDriver driver,
            TeamMembers members,
            TeamObjects objects,
            TeamArrivals arrivals,
            TeamMoves moves,
            int blocks) {
        this.driver = driver;
        this.entries = driver.entries();
        this.members = members;
        this.objects = objects;
        this.arrivals = arrivals;
        this.moves = moves;
        this.calls = new CallEntries(memory, CALLS);
        this.waiting = new OperationQueue(memory);
        this.walk = new BlockWalk(memory);
        this.block = new MiniportOffloadBlockList(memory);
        this.roots = new long[(CALLS + 1) * members.count()];
        this.reserve = blocks / 4;
        this.trees = new MemberTrees(memory, entries, members.count(), blocks);
        this.initiates = new TeamInitiate(memory, driver, members, objects, trees);
        this.operations = new TeamOperations(memory, driver, members, objects, trees);
    }

    int callsHeld() {
        return calls.held();
    }

    int operationsWaiting() {
        return waiting.length();
    }

    int blocksHeld() {
        return trees.held();
    }

    /** Whether {@link #run} has something to do at once. */
    boolean due() {
        return doneCount > 0;
    }

    // ---- Down.

    void submit(UpperInterface from, StateOperation operation, long root) {
        if (waiting.isEmpty()) {
            Room room = room(operation, root);
            if (room == Room.THERE) {
                pass(from, operation, root);
                return;
            }
            if (room == Room.NEVER) {
                from.refusals().add(root, operation, OffloadStatus.FAILURE);
                return;
            }
        }
        waiting.add(root, operation, from.number());
    }

    /** What waits and has room now; work done. */
    int run(long nowNanos) {
        now = nowNanos;
        int work = doneCount;
        for (int left = doneCount; left > 0; left--) {
            int call = done[--doneCount];
            complete(call);
        }
        return work + passWaiting();
    }

    private int passWaiting() {
        int passed = 0;
        while (!waiting.isEmpty()) {
            StateOperation operation = waiting.peekOperation();
            UpperInterface from = driver.upper(waiting.peekNote());
            Room room = room(operation, waiting.peek());
            if (room == Room.LATER) {
                break;
            }
            long root = waiting.remove();
            passed++;
            if (room == Room.THERE) {
                pass(from, operation, root);
            } else {
                from.refusals().add(root, operation, OffloadStatus.FAILURE);
            }
        }
        return passed;
    }

    /** Counts before anything is changed: what is refused needs no undoing. */
    private Room room(StateOperation operation, long root) {
        boolean initiate = operation == StateOperation.INITIATE;
        int lists = 0;
        int fresh = 0;
        int blocks = 0;
        boolean flux = false;
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            block.wrap(ref);
            long context = block.miniportOffloadContext();
            long token = context == 0 ? 0 : entries.tokenIn(context);
            int entry = entries.find(token);
            boolean connection =
                    entry >= 0
                            ? objects.kind(entry) == TeamObjects.CONNECTION
                            : block.type() == StateType.TCP.code();
            blocks += connection ? 1 : members.count();
            flux |= entry >= 0 && fluxOf(entry);
            if (initiate && context != 0 && token == 0) {
                fresh++;
                lists += driver.routing().needs(block.netBufferListChain());
            }
        }
        if (blocks > trees.capacity() || initiate && !mayInitiate(fresh, lists, blocks)) {
            return Room.NEVER;
        }
        boolean room = calls.available() > 0 && blocks <= trees.available();
        return flux || !room ? Room.LATER : Room.THERE;
    }

    private boolean mayInitiate(int fresh, int lists, int blocks) {
        return driver.offersChimney()
                && members.activeOnes() != 0
                && fresh <= objects.available()
                && lists <= driver.routing().available()
                && blocks + reserve <= trees.available()
                && calls.available() > RESERVED_CALLS;
    }

    private boolean fluxOf(int entry) {
        int on = objects.parent(entry);
        return objects.inFlux(entry)
                || objects.kind(entry) == TeamObjects.PATH && on >= 0 && objects.inFlux(on);
    }

    private void pass(UpperInterface from, StateOperation operation, long root) {
        calls.open(root, operation, from.number());
        int call = calls.find(root, operation);
        if (operation == StateOperation.INITIATE) {
            initiates.build(from, root, now);
        } else {
            operations.build(operation, root, now);
        }
        open[call] = 0;
        for (int member = 0; member < members.count(); member++) {
            long made = trees.root(member);
            roots[call * members.count() + member] = made;
            if (made != 0) {
                block.wrap(made).imReserved0(MARK | call);
                open[call]++;
            }
        }
        if (open[call] == 0) {
            done[doneCount++] = call;
        }
        for (int member = 0; member < members.count(); member++) {
            long made = roots[call * members.count() + member];
            if (made != 0) {
                operation.down(members.face(member).binding(), made);
            }
        }
    }

    /** Take one replica from a member on the team's own account; one at a time each. */
    boolean terminate(int replica, int member) {
        int at = CALLS * members.count() + member;
        if (roots[at] != 0 || trees.available() == 0) {
            return false;
        }
        objects.leaving(replica, true);
        long made = trees.alone(StateType.NONE, replica);
        roots[at] = made;
        block.wrap(made).imReserved0(MARK | CALLS);
        StateOperation.TERMINATE.down(members.face(member).binding(), made);
        return true;
    }

    // ---- Up.

    void complete(LowerInterface from, StateOperation operation, long root) {
        int call = call(from, operation, root);
        if (call < 0) {
            driver.strayCall();
            return;
        }
        int member = from.number();
        roots[call * members.count() + member] = 0;
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            settle(call, operation, ref, member);
            trees.free(ref);
        }
        if (call < CALLS && --open[call] == 0) {
            complete(call);
        }
        passWaiting();
    }

    /** The call whose tree this is at that member, or -1. */
    private int call(LowerInterface from, StateOperation operation, long root) {
        long number = trees.owns(root) ? block.wrap(root).imReserved0() ^ MARK : -1;
        if (number < 0
                || number > CALLS
                || roots[(int) number * members.count() + from.number()] != root) {
            return -1;
        }
        StateOperation expected =
                number == CALLS ? StateOperation.TERMINATE : calls.operation((int) number);
        return operation == expected ? (int) number : -1;
    }

    private void settle(int call, StateOperation operation, long ref, int member) {
        int entry = trees.entry(ref);
        boolean connection = entry >= 0 && objects.kind(entry) == TeamObjects.CONNECTION;
        if (operation == StateOperation.INITIATE) {
            boolean taken = initiates.settle(ref);
            if (connection && taken) {
                arrivals.arrived(entry, call);
                moves.arrived(entry);
            } else if (connection && !members.active(member)) {
                moves.missed();
            }
            return;
        }
        if (call == CALLS) {
            objects.leaving(entry, false);
        }
        operations.settle(operation, ref, member);
        if (connection && objects.kind(entry) != TeamObjects.CONNECTION) {
            moves.gone(entry);
        }
    }

    private void complete(int call) {
        StateOperation operation = calls.operation(call);
        long root = calls.root(call);
        if (operation == StateOperation.INITIATE) {
            initiates.finish(root);
        } else {
            operations.finish(operation, root);
        }
        UpperInterface from = driver.upper(calls.face(call));
        calls.close(call);
        operation.complete(from.adapter(), root);
        if (operation == StateOperation.INITIATE) {
            arrivals.told(call);
        }
    }

    @Override
    public void close() {
        trees.close();
    }
}
