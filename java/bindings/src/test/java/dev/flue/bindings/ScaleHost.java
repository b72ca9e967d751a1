// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.bindings.ScaleOperation.Kind;
import dev.flue.bindings.ScaleOperation.Member;
import dev.flue.offload.HandleTable;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A host stack of nothing but state operations, on thousands of idle connections beside the stream:
 * it submits trees, and holds what comes back against what it knows.
 */
final class ScaleHost extends StreamEnd {
    private final HandleTable<ScaleHost> handles;
    private final Map<Long, ScaleObject> byHandle = new HashMap<>();
    private final long staleHandle;
    private final List<ScaleObject> neighbors = new ArrayList<>();
    private final List<ScaleObject> paths = new ArrayList<>();
    private final List<ScaleObject> connections = new ArrayList<>();
    private final Map<Long, ScaleOperation> underWay = new HashMap<>();
    private final Set<Long> tokens = new HashSet<>();
    private final ScaleTrees trees;
    private final NeighborCached neighborCached = new NeighborCached(memory);
    private final PathCached pathCached = new PathCached(memory);
    private final TcpConst tcpConst = new TcpConst(memory);
    private final TcpCached tcpCached = new TcpCached(memory);
    private final TcpDelegated tcpDelegated = new TcpDelegated(memory);
    private final Map<Kind, Integer> completed = new HashMap<>();
    private int blocksCompleted;

    ScaleHost(NativePort port, EngineConfig config, long peerMac, ScaleTrees trees, int[] counts) {
        super(port, config, 0, peerMac);
        this.trees = trees;
        handles = new HandleTable<>(memory, counts[0] + counts[1] + counts[2] + 1);
        staleHandle = handles.allocate(this);
        make(neighbors, ScaleObject.Kind.NEIGHBOR, counts[0]);
        make(paths, ScaleObject.Kind.PATH, counts[1]);
        make(connections, ScaleObject.Kind.CONNECTION, counts[2]);
    }

    private void make(List<ScaleObject> to, ScaleObject.Kind kind, int count) {
        for (int i = 0; i < count; i++) {
            ScaleObject object = new ScaleObject(kind, i, handles.allocate(this));
            byHandle.put(object.handle, object);
            to.add(object);
        }
    }

    List<ScaleObject> neighbors() {
        return neighbors;
    }

    List<ScaleObject> paths() {
        return paths;
    }

    List<ScaleObject> connections() {
        return connections;
    }

    int underWay() {
        return underWay.size();
    }

    int completed(Kind kind) {
        return completed.getOrDefault(kind, 0);
    }

    int blocksCompleted() {
        return blocksCompleted;
    }

    /** A query of the object that was terminated last. */
    ScaleOperation stale() {
        return trees.stale(staleHandle);
    }

    void submit(ScaleOperation op) {
        op.lock();
        underWay.put(op.root, op);
        switch (op.kind) {
            case INITIATE -> binding.initiateOffload(op.root);
            case QUERY -> binding.queryOffload(op.root);
            case UPDATE, RELINK -> binding.updateOffload(op.root);
            case INVALIDATE -> {
                doubt(op);
                binding.invalidateOffload(op.root);
            }
            case TERMINATE -> binding.terminateOffload(op.root);
        }
    }

    private static void doubt(ScaleOperation op) {
        List<ScaleObject> all = new ArrayList<>();
        for (Member each : op.members) {
            if (each.subject()) {
                each.object().invalid = true;
                each.object().collect(all);
            }
        }
        all.forEach(each -> each.doubted = true);
    }

    @Override
    public void initiateOffloadComplete(long root) {
        if (underWay.containsKey(root)) {
            complete(root, Kind.INITIATE);
        } else {
            super.initiateOffloadComplete(root);
        }
    }

    @Override
    public void queryOffloadComplete(long root) {
        complete(root, Kind.QUERY);
    }

    @Override
    public void updateOffloadComplete(long root) {
        ScaleOperation op = underWay.get(root);
        complete(root, op != null && op.kind == Kind.RELINK ? Kind.RELINK : Kind.UPDATE);
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        complete(root, Kind.INVALIDATE);
    }

    @Override
    public void terminateOffloadComplete(long root) {
        if (underWay.containsKey(root)) {
            complete(root, Kind.TERMINATE);
        } else {
            super.terminateOffloadComplete(root);
        }
    }

    private void complete(long root, Kind kind) {
        ScaleOperation op = underWay.remove(root);
        if (op == null || op.kind != kind) {
            throw new AssertionError(kind + " completed, it was " + op);
        }
        op.unlock();
        completed.merge(kind, 1, Integer::sum);
        ScaleObject relinkedTo = kind == Kind.RELINK ? op.members.get(0).object() : null;
        for (int i = 0; i < op.members.size(); i++) {
            Member member = op.members.get(i);
            checkBlock(op, member);
            if (member.object() != null && member.subject()) {
                settle(op, member, op.values.get(i), relinkedTo);
            }
            blocksCompleted++;
        }
        op.members.forEach(member -> trees.free(member.block()));
    }

    private void checkBlock(ScaleOperation op, Member member) {
        OffloadStatus status = OffloadStatus.of(block.wrap(member.block()).status());
        if (status != member.expected()) {
            throw new AssertionError(
                    op.kind
                            + " of "
                            + member.object()
                            + (member.subject() ? "" : ", referred to,")
                            + ": "
                            + status
                            + " instead of "
                            + member.expected());
        }
        boolean kept =
                block.protocolReserved0() == ScaleTrees.MARK
                        && block.protocolReserved1() == ScaleTrees.MARK
                        && block.imReserved0() == ScaleTrees.MARK
                        && block.imReserved1() == ScaleTrees.MARK;
        if (!kept) {
            throw new AssertionError("T-17: reserved fields of " + member.object() + " changed");
        }
    }

    private void settle(ScaleOperation op, Member member, long value, ScaleObject relinkedTo) {
        ScaleObject object = member.object();
        long token = handle.wrap(object.handle).miniportOffloadContext();
        switch (op.kind) {
            case INITIATE -> settleInitiate(member, value, token);
            case QUERY -> checkAnswer(object, member.type(), member.block());
            case UPDATE -> object.value = value;
            case RELINK -> {
                object.value = value;
                object.parent.dependents.remove(object);
                object.parent = relinkedTo;
                relinkedTo.dependents.add(object);
            }
            case INVALIDATE -> {}
            case TERMINATE -> {
                if (member.expected() == OffloadStatus.SUCCESS) {
                    tokens.remove(token);
                    handle.wrap(staleHandle).miniportOffloadContext(token);
                    handle.wrap(object.handle).miniportOffloadContext(0);
                    object.setLive(false);
                }
            }
        }
    }

    private void settleInitiate(Member member, long value, long token) {
        boolean done =
                member.expected() == OffloadStatus.SUCCESS
                        || member.expected() == OffloadStatus.OFFLOAD_PARTIAL_SUCCESS;
        if (done != (token != 0)) {
            throw new AssertionError(
                    member.object() + ": " + member.expected() + ", token " + token);
        }
        if (done) {
            if (!tokens.add(token)) {
                throw new AssertionError(member.object() + ": not the only one of its token");
            }
            member.object().value = value;
            member.object().setLive(true);
        }
    }

    /** That the structures a query filled say what we gave, or updated. */
    private void checkAnswer(ScaleObject object, StateType type, long ref) {
        long at = ref + ScaleTrees.STRUCTURE;
        switch (type) {
            case NEIGHBOR_CACHED -> same(object, neighborCached.wrap(at).macAddress());
            case NEIGHBOR ->
                    same(
                            object,
                            neighborCached.wrap(ref + StateOffsets.NEIGHBOR_CACHED).macAddress());
            case IP4_CACHED, IP6_CACHED -> same(object, pathCached.wrap(at).pathMtu());
            case IP4, IP6 ->
                    same(object, pathCached.wrap(ref + StateOffsets.PATH_CACHED).pathMtu());
            case TCP_CONST -> checkPort(object, at);
            case TCP_CACHED -> same(object, tcpCached.wrap(at).ttlOrHopLimit());
            case TCP_DELEGATED -> checkSequence(object, at);
            case TCP -> {
                checkPort(object, ref + StateOffsets.TCP_CONST);
                same(object, tcpCached.wrap(ref + StateOffsets.TCP_CACHED).ttlOrHopLimit());
                checkSequence(object, ref + StateOffsets.TCP_DELEGATED);
            }
            default -> {}
        }
    }

    private static void same(ScaleObject object, long value) {
        if (value != object.value) {
            throw new AssertionError(object + ": " + value + " instead of " + object.value);
        }
    }

    private void checkPort(ScaleObject object, long at) {
        if (tcpConst.wrap(at).localPort() != 1 + object.number) {
            throw new AssertionError(object + ": port " + tcpConst.localPort());
        }
    }

    private void checkSequence(ScaleObject object, long at) {
        tcpDelegated.wrap(at);
        if (tcpDelegated.sndNxt() != object.number || tcpDelegated.rcvNxt() != ~object.number) {
            throw new AssertionError(object + ": another connection's sequence numbers");
        }
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        ScaleObject object = byHandle.get(offloadHandle);
        if (object != null) {
            boolean right =
                    event == TcpEvent.RETRIEVE && information == UploadReason.INVALID_STATE.code();
            boolean expected = object.kind == ScaleObject.Kind.CONNECTION && object.doubted;
            if (!right || !expected || !object.live) {
                throw new AssertionError(object + ": " + event + " " + information);
            }
            object.asked = true;
            return;
        }
        super.tcpOffloadEvent(offloadHandle, event, information);
    }

    @Override
    public void close() {
        super.close();
        handles.close();
    }
}
