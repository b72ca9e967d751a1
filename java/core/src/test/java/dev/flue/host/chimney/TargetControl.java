// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * The state that a {@link FakeTarget} keeps of its objects, and a strict look at what is asked of
 * them: an operation that the rules forbid fails the test with the id of the rule.
 */
final class TargetControl {
    private static final int NEIGHBOR = StateType.NEIGHBOR.code();
    private static final int TCP = StateType.TCP.code();

    final MiniportOffloadBlockList block;
    private final OffloadHandle slot;
    final NeighborCached neighborCached;
    final NeighborDelegated neighborDelegated;
    final PathCached pathCached;
    final TcpCached tcpCached;
    final RecordPool events;

    /** Tokens by the operation that runs on them; queries are counted apart. */
    private final Map<Long, String> running = new HashMap<>();

    private final Map<Long, Integer> queries = new HashMap<>();
    final Set<Long> invalid = new HashSet<>();

    /** Token of what an object depends on. */
    final Map<Long, Long> below = new HashMap<>();

    final Map<Long, Long> handles = new HashMap<>();
    final Map<Long, Long> macs = new HashMap<>();
    final Map<Long, Integer> mtus = new HashMap<>();

    /** What a query of a neighbor says. */
    int nicReachabilityDelta = 1_000_000;

    /** That queries of paths tell. */
    int pathMtu = 1400;

    OffloadStatus updateStatus = OffloadStatus.SUCCESS;
    OffloadStatus invalidateStatus = OffloadStatus.SUCCESS;

    /** Flags of the CACHED structures of connections that were updated, in order. */
    final List<Integer> updateFlags = new ArrayList<>();

    TargetControl(Memory memory) {
        this.block = new MiniportOffloadBlockList(memory);
        this.slot = new OffloadHandle(memory);
        this.neighborCached = new NeighborCached(memory);
        this.neighborDelegated = new NeighborDelegated(memory);
        this.pathCached = new PathCached(memory);
        this.tcpCached = new TcpCached(memory);
        this.events = new RecordPool(memory, StateOffsets.BLOCK_BYTES, 4);
    }

    private long token(long at) {
        long context = block.wrap(at).miniportOffloadContext();
        return context == 0 ? 0 : slot.wrap(block.ndisOffloadHandle()).miniportOffloadContext();
    }

    static int kind(long token) {
        return (int) (token >>> 56);
    }

    private static void rule(boolean kept, String id, String what) {
        if (!kept) {
            throw new AssertionError(id + " broken: " + what);
        }
    }

    /** Do something with each named block of a tree. */
    private void named(long first, LongConsumer action) {
        for (long at = first; at != 0; at = block.wrap(at).nextBlock()) {
            if (block.wrap(at).miniportOffloadContext() != 0) {
                action.accept(at);
            }
            named(block.wrap(at).dependentBlockList(), action);
        }
    }

    private void exclusive(long token, String operation, String rule) {
        rule(token != 0, "H-4", operation + " of an object that is not there");
        rule(!running.containsKey(token), rule, operation + " during " + running.get(token));
    }

    // ---- Initiate.

    /** A slot that is empty belongs to one initiate only. */
    void initiate(long root) {
        named(
                root,
                at -> {
                    if (token(at) == 0) {
                        long slotRef = block.wrap(at).ndisOffloadHandle();
                        rule(!running.containsKey(-slotRef), "H-3", "a second initiate");
                        running.put(-slotRef, "initiate");
                    } else {
                        rule(!running.containsKey(token(at)), "H-4", "link to a busy object");
                    }
                });
    }

    void initiated(long root) {
        named(root, at -> running.remove(-block.wrap(at).ndisOffloadHandle()));
    }

    /** An object was made; {@code parent}: token of what it depends on. */
    void installed(long at, long token, long parent) {
        handles.put(token, block.wrap(at).ndisOffloadHandle());
        if (parent != 0) {
            below.put(token, parent);
        }
        if (kind(token) == NEIGHBOR) {
            neighborCached.wrap(at + StateOffsets.NEIGHBOR_CACHED);
            macs.put(token, neighborCached.macAddress());
        } else if (kind(token) != TCP) {
            pathCached.wrap(at + StateOffsets.PATH_CACHED);
            mtus.put(token, pathCached.pathMtu());
        }
    }

    /** The only object of a kind. */
    long only(StateType kind) {
        List<Long> tokens = handles.keySet().stream().filter(t -> kind(t) == kind.code()).toList();
        rule(tokens.size() == 1, "test", tokens.size() + " objects of " + kind);
        return tokens.get(0);
    }

    // ---- Update.

    void update(long root) {
        named(
                root,
                at -> {
                    if (changes(at, root)) {
                        long token = token(at);
                        exclusive(token, "update", "H-15");
                        rule(!invalid.contains(token), "H-15", "update of an invalid object");
                        running.put(token, "update");
                    }
                });
        noConnectionMoves(root);
    }

    /** All but a neighbor that stands there for the paths that move to it. */
    private boolean changes(long at, long root) {
        return at != root || block.wrap(at).dependentBlockList() == 0 || carries(at);
    }

    private boolean carries(long at) {
        int type = block.wrap(at).type();
        return type == StateType.NEIGHBOR_CACHED.code()
                || type == StateType.IP4_CACHED.code()
                || type == StateType.IP6_CACHED.code()
                || type == StateType.TCP_CACHED.code();
    }

    private void noConnectionMoves(long root) {
        long paths = block.wrap(root).dependentBlockList();
        for (long at = paths; at != 0; at = block.wrap(at).nextBlock()) {
            boolean placeholder = block.wrap(at).miniportOffloadContext() == 0;
            boolean carriesConnection = block.dependentBlockList() != 0;
            rule(placeholder || !carriesConnection, "H-16", "a connection under a named path");
        }
    }

    /** Apply it, status by status. */
    void updated(long root) {
        long neighbor = token(root);
        named(
                root,
                at -> {
                    if (changes(at, root)) {
                        running.remove(token(at));
                    }
                    block.wrap(at).status(updateStatus.code());
                    if (updateStatus == OffloadStatus.SUCCESS && changes(at, root)) {
                        apply(at, at == root ? 0 : neighbor);
                    }
                });
    }

    private void apply(long at, long neighbor) {
        long token = token(at);
        long state = at + OffloadBlockList.BYTES;
        int type = block.wrap(at).type();
        if (neighbor != 0) {
            rule(kind(token) != TCP && kind(neighbor) == NEIGHBOR, "H-16", "a strange link");
            below.put(token, neighbor);
        }
        if (type == StateType.NEIGHBOR_CACHED.code()) {
            macs.put(token, neighborCached.wrap(state).macAddress());
        } else if (type == StateType.IP4_CACHED.code() || type == StateType.IP6_CACHED.code()) {
            mtus.put(token, pathCached.wrap(state).pathMtu());
        } else if (type == StateType.TCP_CACHED.code()) {
            updateFlags.add(tcpCached.wrap(state).flags());
        }
    }

    // ---- Invalidate.

    void invalidate(long root) {
        named(
                root,
                at -> {
                    exclusive(token(at), "invalidate", "H-4");
                    rule(block.wrap(at).type() == 0, "H-19", "a state structure follows");
                    running.put(token(at), "invalidate");
                });
    }

    void invalidated(long root) {
        named(
                root,
                at -> {
                    running.remove(token(at));
                    invalid.add(token(at));
                    block.wrap(at).status(invalidateStatus.code());
                });
    }

    // ---- Query.

    void query(long root) {
        named(
                root,
                at -> {
                    exclusive(token(at), "query", "H-4");
                    queries.merge(token(at), 1, Integer::sum);
                });
    }

    void queried(long at) {
        queries.merge(token(at), -1, Integer::sum);
    }

    // ---- Terminate.

    /** Neither busy nor needed by anything that stays (H-20, H-21). */
    void terminate(long root) {
        Set<Long> leaving = new HashSet<>();
        named(
                root,
                at -> {
                    long token = token(at);
                    exclusive(token, "terminate", "H-21");
                    rule(queries.getOrDefault(token, 0) == 0, "H-21", "terminate during a query");
                    leaving.add(token);
                });
        below.forEach(
                (object, under) ->
                        rule(
                                !leaving.contains(under) || leaving.contains(object),
                                "H-20",
                                "a dependent stays linked"));
        leaving.forEach(token -> running.put(token, "terminate"));
    }

    void terminated(long token, boolean gone) {
        running.remove(token);
        if (gone) {
            below.remove(token);
            handles.remove(token);
            invalid.remove(token);
        }
    }

    // ---- I/O.

    /** Only on an object that is there, and not while it leaves. */
    void io(long token, String call) {
        rule(token != 0 && handles.containsKey(token), "H-4", call + " before the initiate");
        boolean leaving = "terminate".equals(running.get(token));
        rule(!leaving, call.equals("forward") ? "H-45" : "H-22", call + " during a terminate");
    }

    /** Ask the host of a neighbor (6.4); its HRD. */
    int ask(MiniportAdapter adapter, long neighborToken, int nrd) {
        long ref = events.allocate();
        block.wrap(ref).clear(StateType.NEIGHBOR);
        block.ndisOffloadHandle(handles.get(neighborToken));
        neighborCached.wrap(ref + StateOffsets.NEIGHBOR_CACHED).clear();
        neighborCached.hostReachabilityDelta(77);
        neighborDelegated.wrap(ref + StateOffsets.NEIGHBOR_DELEGATED).clear();
        neighborDelegated.nicReachabilityDelta(nrd);
        adapter.offloadEventIndicate(ref, OffloadEvent.NEIGHBOR_REACHABILITY_QUERY);
        neighborCached.wrap(ref + StateOffsets.NEIGHBOR_CACHED);
        int answer = neighborCached.hostReachabilityDelta();
        events.free(ref);
        return answer;
    }
}
