// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathConst;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.spi.Memory;
import java.util.Arrays;

/**
 * What a team has of the host's objects. A connection has one entry, at its member. A neighbor or a
 * path has one entry that the host's token names, what is known of its state, and a replica at each
 * member that needs it: an entry of its own, with a handle of its own.
 *
 * <p>All in arrays by entry; nothing is allocated after the constructor.
 */
final class TeamObjects implements AutoCloseable {
    static final byte NEIGHBOR = 1;
    static final byte PATH = 2;
    static final byte CONNECTION = 3;
    private static final byte REPLICA = 4;

    private static final byte NONE = 0;
    private static final int NEIGHBOR_BYTES = 112;

    /** Behind a path's structures: its two addresses. */
    private static final int ADDRESSES = 48;

    private static final int ADDRESS_BYTES = 16;
    private static final int NEIGHBOR_CACHED =
            StateOffsets.NEIGHBOR_CACHED - OffloadBlockList.BYTES;
    private static final int PATH_CACHED = StateOffsets.PATH_CACHED - OffloadBlockList.BYTES;
    private static final long NANOS_PER_TICK = 1_000_000;

    private final OffloadEntries entries;
    private final TeamMembers members;
    private final UpperInterface upper;
    private final RecordPool states;
    private final StateCopy copies;
    private final PathConst pathConst;
    private final NeighborConst neighborConst;
    private final NeighborCached neighborCached;
    private final NeighborDelegated neighborDelegated;
    private final MiniportOffloadBlockList block;
    private final byte[] kind;
    private final byte[] type;
    private final long[] state;
    private final long[] known;
    private final int[] parent;
    private final int[] owner;
    private final int[] under;
    private final int[] users;
    private final int[] flux;
    private final int[] hash;
    private final int[] replicas;
    private final int[] atMember;
    private int held;

    TeamObjects(
            Memory memory,
            OffloadEntries entries,
            TeamMembers members,
            UpperInterface upper,
            int maxObjects) {
        int capacity = entries.available();
        this.entries = entries;
        this.members = members;
        this.upper = upper;
        this.copies = new StateCopy(memory);
        this.pathConst = new PathConst(memory);
        this.neighborConst = new NeighborConst(memory);
        this.neighborCached = new NeighborCached(memory);
        this.neighborDelegated = new NeighborDelegated(memory);
        this.block = new MiniportOffloadBlockList(memory);
        this.kind = new byte[capacity];
        this.type = new byte[capacity];
        this.state = new long[capacity];
        this.known = new long[capacity];
        this.parent = new int[capacity];
        this.owner = new int[capacity];
        this.under = new int[capacity];
        this.users = new int[capacity];
        this.flux = new int[capacity];
        this.hash = new int[capacity];
        this.replicas = new int[Math.multiplyExact(capacity, members.count())];
        Arrays.fill(replicas, -1);
        this.atMember = new int[members.count()];
        this.states = new RecordPool(memory, NEIGHBOR_BYTES, maxObjects);
    }

    /** Entries there are, free ones too. */
    int capacity() {
        return kind.length;
    }

    /** Neighbors, paths and connections that there is room for. */
    int available() {
        return states.capacity() - held;
    }

    int held() {
        return held;
    }

    byte kind(int entry) {
        return kind[entry];
    }

    /** The neighbor of a path, the path of a connection; -1 = it was never said. */
    int parent(int entry) {
        return parent[entry];
    }

    /** Of a connection. */
    int hash(int entry) {
        return hash[entry];
    }

    /** Type of a block that brings it. */
    int type(int entry) {
        return type[entry];
    }

    /** Whether a replica of it is on its way to a member, or from one on the team's own account. */
    boolean inFlux(int entry) {
        return flux[entry] > 0;
    }

    // ---- Coming.

    /** A new neighbor or path, not offloaded yet: what its block says. There is room. */
    int add(byte newKind, long blockRef, UpperInterface from, int on, long now) {
        block.wrap(blockRef);
        int entry = create(newKind, block.ndisOffloadHandle(), from, 0, on);
        type[entry] = (byte) block.type();
        state[entry] = states.allocate();
        known[entry] = now;
        copies.keep(blockRef, state[entry], block.type());
        if (newKind == PATH) {
            keepAddresses(state[entry], block.type() == StateType.IP4.code() ? 4 : ADDRESS_BYTES);
        }
        return entry;
    }

    private void keepAddresses(long record, int bytes) {
        pathConst.wrap(record);
        long source = record + ADDRESSES;
        long destination = source + ADDRESS_BYTES;
        if (pathConst.sourceAddress() != 0 && pathConst.destinationAddress() != 0) {
            copies.bytes(pathConst.sourceAddress(), source, bytes);
            copies.bytes(pathConst.destinationAddress(), destination, bytes);
            pathConst.sourceAddress(source).destinationAddress(destination);
        }
    }

    /** A new connection on its way to a member. There is room. */
    int add(long above, UpperInterface from, int member, int path, int flowHash) {
        int entry = create(CONNECTION, above, from, member, path);
        hash[entry] = flowHash;
        members.connections(member, 1);
        return entry;
    }

    private int create(byte newKind, long above, UpperInterface from, int member, int on) {
        int entry = entries.create(above, from, members.face(member));
        kind[entry] = newKind;
        parent[entry] = on;
        under[entry] = -1;
        users[entry] = 0;
        flux[entry] = 0;
        held++;
        return entry;
    }

    /** New CACHED values came behind a block of it. */
    void update(int entry, long blockRef, long now) {
        long cached = blockRef + OffloadBlockList.BYTES;
        if (kind[entry] == NEIGHBOR) {
            copies.bytes(cached, state[entry] + NEIGHBOR_CACHED, NeighborCached.BYTES);
        } else {
            copies.bytes(cached, state[entry] + PATH_CACHED, PathCached.BYTES);
        }
        known[entry] = now;
    }

    /** A path belongs to another neighbor now. */
    void move(int path, int neighbor) {
        parent[path] = neighbor;
    }

    // ---- Replicas.

    /** Its entry at a member, there or on its way; -1 = none. */
    int replica(int entry, int member) {
        return replicas[entry * members.count() + member];
    }

    boolean present(int entry, int member) {
        int replica = replica(entry, member);
        return replica >= 0 && entries.offloaded(replica);
    }

    boolean presentAnywhere(int entry) {
        for (int member = 0; member < members.count(); member++) {
            if (present(entry, member)) {
                return true;
            }
        }
        return false;
    }

    /** The object that an entry at a member stands for: itself, for a connection. */
    int owner(int entry) {
        return kind[entry] == REPLICA ? owner[entry] : entry;
    }

    /** A replica that goes down with an initiate; its state is written behind the block. */
    int replicate(int entry, int member, long toBlock, long now) {
        int replica = entries.create(entries.upperHandle(entry), upper, members.face(member));
        kind[replica] = REPLICA;
        owner[replica] = entry;
        under[replica] = -1;
        users[replica] = 0;
        replicas[entry * members.count() + member] = replica;
        atMember[member]++;
        flux[entry]++;
        write(entry, member, toBlock, now);
        return replica;
    }

    /** What is known of it: its reachability is as much older as time has passed (2.1). */
    private void write(int entry, int member, long toBlock, long now) {
        int bytes = kind[entry] == NEIGHBOR ? NEIGHBOR_BYTES : ADDRESSES;
        copies.bytes(state[entry], toBlock + OffloadBlockList.BYTES, bytes);
        if (kind[entry] != NEIGHBOR) {
            return;
        }
        int age = (int) ((now - known[entry]) / NANOS_PER_TICK);
        neighborCached.wrap(toBlock + StateOffsets.NEIGHBOR_CACHED);
        int delta = neighborCached.hostReachabilityDelta() + age;
        neighborCached.hostReachabilityDelta(delta);
        neighborDelegated
                .wrap(toBlock + StateOffsets.NEIGHBOR_DELEGATED)
                .nicReachabilityDelta(delta);
        neighborConst.wrap(toBlock + StateOffsets.NEIGHBOR_CONST);
        if (neighborConst.macAddress() == 0 && members.foreignMac(member) != 0) {
            neighborConst.macAddress(members.foreignMac(member));
        }
    }

    /** The initiate that brings it is done. */
    void replicated(int replica, boolean taken) {
        flux[owner[replica]]--;
        entries.offloaded(replica, taken);
        if (taken) {
            stand(replica);
        } else {
            forget(replica);
        }
    }

    /** A replica or a connection uses, at its member, what its object depends on. */
    void stand(int entry) {
        int below = parent[owner(entry)];
        int now = below < 0 ? -1 : replica(below, entries.lower(entry));
        if (under[entry] >= 0) {
            users[under[entry]]--;
        }
        if (now >= 0) {
            users[now]++;
        }
        under[entry] = now;
    }

    /** A replica that nothing needs at its member, and that nobody is busy with. */
    boolean idle(int entry) {
        return kind[entry] == REPLICA
                && entries.offloaded(entry)
                && users[entry] == 0
                && flux[owner[entry]] == 0
                && !entries.used(owner[entry]);
    }

    /** The team itself takes it from its member, or is done with that. */
    void leaving(int replica, boolean now) {
        flux[owner[replica]] += now ? 1 : -1;
    }

    private void forget(int replica) {
        replicas[owner[replica] * members.count() + entries.lower(replica)] = -1;
        atMember[entries.lower(replica)]--;
        kind[replica] = NONE;
    }

    /** Neighbors and paths that a member has, or is getting. */
    int at(int member) {
        return atMember[member];
    }

    // ---- Going.

    /** A member has a replica or a connection no more. */
    void left(int entry) {
        if (under[entry] >= 0) {
            users[under[entry]]--;
            under[entry] = -1;
        }
        boolean replica = kind[entry] == REPLICA;
        entries.offloaded(entry, false);
        if (replica) {
            forget(entry);
        } else {
            remove(entry);
        }
    }

    /** A neighbor, path or connection is the host's again. */
    void remove(int entry) {
        if (kind[entry] == CONNECTION) {
            members.connections(entries.lower(entry), -1);
        } else {
            states.free(state[entry]);
            state[entry] = 0;
        }
        entries.offloaded(entry, false);
        kind[entry] = NONE;
        held--;
    }

    /** Fill a query of an object that no member has now: what the host said of it. */
    void answer(int entry, long toBlock, int asked) {
        StateType what = StateType.of(asked);
        long at = toBlock + OffloadBlockList.BYTES;
        if (what == null) {
            return;
        }
        switch (what) {
            case NEIGHBOR, IP4, IP6 ->
                    copies.bytes(state[entry], at, kind[entry] == NEIGHBOR ? 108 : ADDRESSES);
            case NEIGHBOR_CONST -> copies.bytes(state[entry], at, NeighborConst.BYTES);
            case NEIGHBOR_CACHED ->
                    copies.bytes(state[entry] + NEIGHBOR_CACHED, at, NeighborCached.BYTES);
            case NEIGHBOR_DELEGATED -> neighborDelegated.wrap(at).clear().nicReachabilityDelta(-1);
            case IP4_CONST, IP6_CONST -> copies.bytes(state[entry], at, PathConst.BYTES);
            case IP4_CACHED, IP6_CACHED ->
                    copies.bytes(state[entry] + PATH_CACHED, at, PathCached.BYTES);
            default -> {}
        }
    }

    @Override
    public void close() {
        states.close();
    }
}
