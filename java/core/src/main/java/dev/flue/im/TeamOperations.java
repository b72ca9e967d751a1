// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpDelegated;
import dev.flue.spi.Memory;

/**
 * Query, update, invalidate and terminate over the members: a connection's at its member, a
 * neighbor's or a path's at every member that has it. It succeeds when it did everywhere; what a
 * query of a neighbor tells is the freshest that any member knows.
 */
final class TeamOperations {
    private static final int NOTHING = -1;
    private static final int LEVELS = 3;
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();
    private static final int FAILURE = OffloadStatus.FAILURE.code();

    private final IntermediateDriver driver;
    private final OffloadEntries entries;
    private final TeamMembers members;
    private final TeamObjects objects;
    private final MemberTrees trees;
    private final StateCopy copies;
    private final BlockWalk walk;
    private final MiniportOffloadBlockList block;
    private final MiniportOffloadBlockList own;
    private final OffloadHandle slot;
    private final NeighborDelegated delegated;
    private final TcpDelegated tcp;
    private final int[] object = new int[LEVELS];
    private StateOperation operation;

    TeamOperations(
            Memory memory,
            IntermediateDriver driver,
            TeamMembers members,
            TeamObjects objects,
            MemberTrees trees) {
        this.driver = driver;
        this.entries = driver.entries();
        this.members = members;
        this.objects = objects;
        this.trees = trees;
        this.copies = new StateCopy(memory);
        this.walk = new BlockWalk(memory);
        this.block = new MiniportOffloadBlockList(memory);
        this.own = new MiniportOffloadBlockList(memory);
        this.slot = new OffloadHandle(memory);
        this.delegated = new NeighborDelegated(memory);
        this.tcp = new TcpDelegated(memory);
    }

    // ---- Down.

    /** Builds the members' trees. There is room for all of it. */
    void build(StateOperation what, long root, long now) {
        operation = what;
        trees.start();
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            int level = walk.level();
            trees.enter(level, ref);
            object[level] = resolve(ref);
            if (object[level] == NOTHING) {
                continue;
            }
            if (objects.kind(object[level]) == TeamObjects.CONNECTION) {
                refer(entries.lower(object[level]), level, object[level], ref);
            } else {
                everywhere(ref, level, object[level], now);
            }
        }
    }

    /** The object that a block names; what names nothing fails. */
    private int resolve(long ref) {
        block.wrap(ref).status(SUCCESS).scratch0(0).scratch1(0);
        long context = block.wrap(ref).miniportOffloadContext();
        if (context == 0) {
            return NOTHING;
        }
        int entry = entries.find(entries.tokenIn(context));
        if (entry < 0 || entries.upperHandle(entry) != block.ndisOffloadHandle()) {
            driver.staleReference();
            block.status(FAILURE);
            return NOTHING;
        }
        block.scratch1(entry + 1);
        entries.use(entry);
        return entry;
    }

    private void everywhere(long ref, int level, int entry, long now) {
        boolean update = operation == StateOperation.UPDATE;
        boolean path = objects.kind(entry) == TeamObjects.PATH;
        boolean moves = update && path && level > 0 && object[level - 1] >= 0;
        boolean values = update && cached(block.wrap(ref).type());
        if (values) {
            objects.update(entry, ref, now);
        } else if (update && !moves) {
            return;
        }
        boolean somewhere = false;
        for (int member = 0; member < members.count(); member++) {
            if (!objects.present(entry, member)) {
                continue;
            }
            somewhere = true;
            if (moves && !objects.present(object[level - 1], member)) {
                // The new next hop is not there: the host takes the path back (H-18).
                block.wrap(ref).status(FAILURE);
            } else {
                refer(member, level, objects.replica(entry, member), ref);
            }
        }
        if (moves && block.wrap(ref).status() == SUCCESS) {
            objects.move(entry, object[level - 1]);
        }
        if (!somewhere && operation == StateOperation.QUERY) {
            objects.answer(entry, ref, block.wrap(ref).type());
        }
    }

    private static boolean cached(int code) {
        return code == StateType.NEIGHBOR_CACHED.code()
                || code == StateType.IP4_CACHED.code()
                || code == StateType.IP6_CACHED.code();
    }

    /** A block that names the entry at its member, with what stands behind the one above. */
    private void refer(int member, int level, int entry, long ref) {
        if (level > 0) {
            shape(member, level - 1);
        }
        StateType type = StateType.of(block.wrap(ref).type());
        long made = trees.add(member, level, type == null ? StateType.NONE : type);
        trees.name(made, entry, false);
        boolean carries =
                switch (operation) {
                    case QUERY, TERMINATE -> true;
                    case UPDATE -> cached(block.type()) || type == StateType.TCP_CACHED;
                    default -> false;
                };
        if (carries) {
            copies.copy(ref, made, block.type());
        }
    }

    /** What a block stands on: without a name, but the neighbor that paths move to. */
    private void shape(int member, int level) {
        if (trees.at(member, level) != 0) {
            return;
        }
        if (level > 0) {
            shape(member, level - 1);
        }
        long made = trees.add(member, level, StateType.NONE);
        int entry = object[level];
        if (operation == StateOperation.UPDATE
                && entry >= 0
                && objects.kind(entry) != TeamObjects.CONNECTION
                && objects.present(entry, member)) {
            trees.name(made, objects.replica(entry, member), false);
        }
    }

    // ---- Up.

    /** A block of a member's tree is back. */
    void settle(StateOperation what, long made, int member) {
        int entry = trees.entry(made);
        if (entry < 0) {
            return;
        }
        operation = what;
        long above = trees.above(made);
        boolean done = own.wrap(made).status() == SUCCESS;
        if (above != 0 && !done) {
            block.wrap(above).status(FAILURE);
        }
        switch (what) {
            case QUERY -> bringUp(made, above);
            case UPDATE -> objects.stand(entry);
            case TERMINATE -> terminated(made, above, entry, member, done);
            default -> {}
        }
        entries.unuse(entry);
    }

    private void terminated(long made, long above, int entry, int member, boolean done) {
        boolean connection = objects.kind(entry) == TeamObjects.CONNECTION;
        if (above != 0) {
            bringUp(made, above);
            long chain = own.wrap(made).netBufferListChain();
            block.wrap(above).netBufferListChain(chain);
            if (connection) {
                driver.routing().takeBack(chain);
                lend(made, member);
            }
        }
        if (entries.offloaded(entry) && (done || entries.terminateFailed(entry))) {
            objects.left(entry);
        }
    }

    /** BufferedData is the member's, and comes back to it by ReceiveReturn. */
    private void lend(long made, int member) {
        if (own.wrap(made).type() == StateType.TCP.code()) {
            long buffered = tcp.wrap(made + StateOffsets.TCP_DELEGATED).bufferedData();
            driver.routing().lent(buffered, member);
        }
    }

    /** State goes up; of several members' the first, with the freshest reachability. */
    private void bringUp(long made, long above) {
        int type = own.wrap(made).type();
        boolean first = block.wrap(above).scratch0() == 0;
        block.scratch0(1);
        long offset =
                type == StateType.NEIGHBOR_DELEGATED.code()
                        ? OffloadBlockList.BYTES
                        : type == StateType.NEIGHBOR.code() ? StateOffsets.NEIGHBOR_DELEGATED : 0;
        if (offset == 0 || first) {
            copies.copy(made, above, type);
            return;
        }
        int fresh = delegated.wrap(made + offset).nicReachabilityDelta();
        delegated.wrap(above + offset);
        if (Integer.compareUnsigned(fresh, delegated.nicReachabilityDelta()) < 0) {
            delegated.nicReachabilityDelta(fresh);
        }
    }

    /** All members answered. */
    void finish(StateOperation what, long root) {
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            int entry = (int) block.wrap(ref).scratch1() - 1;
            if (entry < 0) {
                continue;
            }
            if (what == StateOperation.TERMINATE) {
                finishTerminate(ref, entry);
            }
            entries.unuse(entry);
        }
    }

    private void finishTerminate(long ref, int entry) {
        boolean object =
                objects.kind(entry) == TeamObjects.NEIGHBOR
                        || objects.kind(entry) == TeamObjects.PATH;
        if (object && !objects.presentAnywhere(entry)) {
            objects.remove(entry);
        }
        if (!entries.offloaded(entry)) {
            slot.wrap(block.wrap(ref).ndisOffloadHandle()).miniportOffloadContext(0);
        }
    }
}
