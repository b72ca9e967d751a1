// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpConst;
import dev.flue.spi.Memory;

/**
 * Spreads an initiate over the members: each new connection to its place, with what it depends on
 * where the member does not have that yet. A new neighbor or path that nothing depends on goes to
 * every member that is active. Back come statuses by the rules of chimney 4.2.
 *
 * <p>While it is under way, a block above holds in Scratch the entry it names and how its
 * dependents fared.
 */
final class TeamInitiate {
    private static final int PLACEHOLDER = -1;
    private static final int DEAD = -2;
    private static final int LEVELS = 3;
    private static final long NEW = 1L << 32;
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();
    private static final int PARTIAL = OffloadStatus.OFFLOAD_PARTIAL_SUCCESS.code();
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
    private final TcpConst tcp;
    private final int[] object = new int[LEVELS];

    TeamInitiate(
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
        this.tcp = new TcpConst(memory);
    }

    // ---- Down.

    /** Builds the members' trees. There is room for all of it. */
    void build(UpperInterface from, long root, long now) {
        trees.start();
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            int level = walk.level();
            trees.enter(level, ref);
            boolean leaf = block.wrap(ref).dependentBlockList() == 0;
            object[level] = resolve(from, ref, level, leaf, now);
            block.wrap(ref).status(object[level] == PLACEHOLDER ? SUCCESS : FAILURE);
        }
    }

    /** What a block names, brought if it is new; its entry goes into Scratch. */
    private int resolve(UpperInterface from, long ref, int level, boolean leaf, long now) {
        block.wrap(ref).scratch0(0).scratch1(0);
        if (level > 0 && object[level - 1] == DEAD) {
            return DEAD;
        }
        if (block.miniportOffloadContext() == 0) {
            return PLACEHOLDER;
        }
        int entry;
        long token = entries.tokenIn(block.miniportOffloadContext());
        if (token != 0) {
            entry = entries.find(token);
            if (entry < 0
                    || entries.upperHandle(entry) != block.ndisOffloadHandle()
                    || objects.kind(entry) == TeamObjects.CONNECTION) {
                driver.staleReference();
                return DEAD;
            }
            block.wrap(ref).scratch1(entry + 1);
        } else {
            entry = bring(from, ref, level, leaf, now);
            if (entry >= 0) {
                block.wrap(ref).scratch1(NEW | entry + 1);
            }
        }
        if (entry >= 0) {
            entries.use(entry);
        }
        return entry;
    }

    private int bring(UpperInterface from, long ref, int level, boolean leaf, long now) {
        int on = level > 0 ? object[level - 1] : PLACEHOLDER;
        StateType type = StateType.of(block.wrap(ref).type());
        if (type == StateType.TCP) {
            return connection(from, ref, level, on, now);
        }
        boolean neighbor = type == StateType.NEIGHBOR;
        if (!neighbor && type != StateType.IP4 && type != StateType.IP6) {
            return DEAD;
        }
        byte kind = neighbor ? TeamObjects.NEIGHBOR : TeamObjects.PATH;
        int entry = objects.add(kind, ref, from, on, now);
        object[level] = entry;
        for (int member = 0; leaf && member < members.count(); member++) {
            if (members.active(member)) {
                provide(member, level, now);
            }
        }
        return entry;
    }

    private int connection(UpperInterface from, long ref, int level, int path, long now) {
        int flowHash = hash(ref);
        int member = members.place(flowHash);
        long above = block.wrap(ref).ndisOffloadHandle();
        int entry = objects.add(above, from, member, path, flowHash);
        if (level > 0) {
            provide(member, level - 1, now);
        }
        long made = trees.add(member, level, StateType.TCP);
        trees.name(made, entry, true);
        copies.copy(ref, made, StateType.TCP.code());
        long chain = block.wrap(ref).netBufferListChain();
        own.wrap(made).netBufferListChain(chain);
        driver.routing().lend(entry, chain);
        return entry;
    }

    /** The host's RSS hash; who gives none has his connections told apart by their ports. */
    private int hash(long ref) {
        tcp.wrap(ref + StateOffsets.TCP_CONST);
        int ports = (tcp.localPort() << 16 ^ tcp.remotePort()) * 0x9E3779B1;
        // The last bits choose the home: both ports are to be in them.
        return tcp.hashValue() != 0 ? tcp.hashValue() : ports ^ ports >>> 16;
    }

    /** What stands at a level is in the member's tree, so that something can stand on it. */
    private void provide(int member, int level, long now) {
        if (trees.at(member, level) != 0) {
            return;
        }
        int entry = object[level];
        boolean absent = entry >= 0 && !objects.present(entry, member);
        if (level > 0) {
            provide(member, level - 1, now);
            if (absent) {
                provideFor(entry, member, level - 1, now);
            }
        }
        boolean lone = entry >= 0 && !absent && objects.kind(entry) == TeamObjects.NEIGHBOR;
        place(member, level, lone ? PLACEHOLDER : entry, now);
    }

    /** A path that is new there stands on its neighbor, by name. */
    private void provideFor(int path, int member, int level, long now) {
        int neighbor = objects.parent(path);
        if (neighbor < 0 || !trees.placeholder(member, level)) {
            return;
        }
        long at = trees.at(member, level);
        if (objects.present(neighbor, member)) {
            trees.name(at, objects.replica(neighbor, member), false);
            own.wrap(at).type(objects.type(neighbor));
        } else {
            replicate(at, neighbor, member, now);
        }
    }

    /** Of a neighbor that is there the block is a placeholder until a new path needs its name. */
    private void place(int member, int level, int entry, long now) {
        long made = trees.add(member, level, StateType.NONE);
        if (entry < 0) {
            return;
        }
        if (objects.present(entry, member)) {
            trees.name(made, objects.replica(entry, member), false);
            own.wrap(made).type(objects.type(entry));
        } else {
            replicate(made, entry, member, now);
        }
    }

    /** One that is on its way there already is named a second time in this tree: not again. */
    private void replicate(long made, int entry, int member, long now) {
        if (objects.replica(entry, member) >= 0) {
            return;
        }
        trees.name(made, objects.replicate(entry, member, made, now), true);
        own.wrap(made).type(objects.type(entry));
    }

    // ---- Up.

    /**
     * A block of a member's tree is back: what it brought is there, or not.
     *
     * @return whether it brought what is there now
     */
    boolean settle(long made) {
        int entry = trees.entry(made);
        if (entry < 0) {
            return false;
        }
        int code = own.wrap(made).status();
        long above = trees.above(made);
        boolean taken = (code == SUCCESS || code == PARTIAL) && entries.lowerToken(entry) != 0;
        if (trees.brings(made)) {
            boolean connection = objects.kind(entry) == TeamObjects.CONNECTION;
            if (!connection) {
                objects.replicated(entry, taken);
            } else if (taken) {
                entries.offloaded(entry, true);
                objects.stand(entry);
            } else {
                driver.routing().takeBack(block.wrap(above).netBufferListChain());
            }
            tell(above, taken ? SUCCESS : code == SUCCESS || code == PARTIAL ? FAILURE : code);
        }
        entries.unuse(entry);
        return taken && trees.brings(made);
    }

    /** One member that took it is enough; else the first cause. */
    private void tell(long above, int code) {
        if (above == 0 || block.wrap(above).status() == SUCCESS) {
            return;
        }
        if (code == SUCCESS || block.status() == FAILURE) {
            block.status(code);
        }
    }

    /** All members answered: statuses, the highest row first, and tokens. */
    void finish(long root) {
        for (int level = LEVELS - 1; level >= 0; level--) {
            walk.start(root);
            for (long ref = walk.next(); ref != 0; ref = walk.next()) {
                if (walk.level() == level) {
                    finish(ref, walk.under());
                }
            }
        }
    }

    private void finish(long ref, long under) {
        block.wrap(ref);
        int entry = (int) block.scratch1() - 1;
        boolean brings = (block.scratch1() & NEW) != 0;
        int total = (int) block.scratch0();
        int failed = (int) (block.scratch0() >>> 32);
        if (entry >= 0 && !brings) {
            block.status(failed == 0 ? SUCCESS : failed == total ? FAILURE : PARTIAL);
        } else if (brings && block.status() == SUCCESS && failed > 0) {
            block.status(PARTIAL);
        }
        boolean good = block.status() == SUCCESS || block.status() == PARTIAL;
        if (brings) {
            finishNew(ref, entry, good);
        }
        if (entry >= 0) {
            entries.unuse(entry);
        }
        if (under != 0) {
            block.wrap(under).scratch0(block.scratch0() + 1 + (good ? 0 : 1L << 32));
        }
    }

    private void finishNew(long ref, int entry, boolean good) {
        if (good) {
            if (objects.kind(entry) == TeamObjects.CONNECTION) {
                block.wrap(ref).netBufferListChain(0);
            } else {
                entries.offloaded(entry, true);
            }
            slot.wrap(entries.upperHandle(entry)).miniportOffloadContext(entries.token(entry));
        } else {
            objects.remove(entry);
        }
        block.wrap(ref);
    }
}
