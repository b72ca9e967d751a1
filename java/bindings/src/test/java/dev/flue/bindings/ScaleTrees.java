// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.bindings.ScaleOperation.Kind;
import dev.flue.bindings.ScaleOperation.Member;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathConst;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.testkit.ConnectionState;
import dev.flue.testkit.StateBlocks;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Builds the trees of {@link ScaleOperation}s: new objects, linkers, placeholders, in random order,
 * and with now and then a state that the target has to refuse. Blocks that are free hold a pattern,
 * so that one which is touched after its completion shows when it is used again.
 */
final class ScaleTrees implements AutoCloseable {
    /** In the fields that belong to others than the target. */
    static final long MARK = 0x5ca1ab1e_0ddba11L;

    static final int STRUCTURE = ProtocolOffloadBlockList.BYTES;

    private static final long FREE = 0xa5a5a5a5_a5a5a5a5L;
    private static final int MTU = 1500;
    private static final int[] MTUS = {1500, 1400, 1280, 576};
    // So many of them IPv6 can have.
    private static final int IP6_MTUS = 3;
    private static final int RARELY = 200;
    private static final int TOO_MUCH = 1 << 30;
    private static final int REMOTE_PORT = 80;

    /** A block to be, and those above it. */
    private static final class Node {
        final ScaleObject object;
        final List<Node> above = new ArrayList<>();
        boolean subject;

        Node(ScaleObject object) {
            this.object = object;
        }
    }

    private final NativeMemory memory = NativeMemory.heap();
    private final Random random;
    private final RecordPool blocks;
    private final StateBlocks state = new StateBlocks(memory);
    private final ProtocolOffloadBlockList block = new ProtocolOffloadBlockList(memory);
    private final NeighborCached neighborCached = new NeighborCached(memory);
    private final PathConst pathConst = new PathConst(memory);
    private final PathCached pathCached = new PathCached(memory);
    private final TcpCached tcpCached = new TcpCached(memory);
    private final TcpDelegated tcpDelegated = new TcpDelegated(memory);
    private ScaleOperation operation;

    ScaleTrees(Random random, int capacity) {
        this.random = random;
        this.blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, capacity);
        List<Long> all = new ArrayList<>();
        for (int i = 0; i < capacity; i++) {
            all.add(blocks.allocate());
        }
        all.forEach(this::free);
    }

    /** A tree with these objects as its subjects, and whatever it takes to hold them together. */
    ScaleOperation build(Kind kind, Collection<ScaleObject> subjects) {
        Map<ScaleObject, Node> nodes = new LinkedHashMap<>();
        List<Node> roots = new ArrayList<>();
        for (ScaleObject each : subjects) {
            node(each, nodes, roots).subject = true;
        }
        nodes.values().forEach(node -> Collections.shuffle(node.above, random));
        Collections.shuffle(roots, random);
        return finish(kind, roots);
    }

    /** Paths to another neighbor. */
    ScaleOperation relink(ScaleObject neighbor, Collection<ScaleObject> paths) {
        Node root = new Node(neighbor);
        for (ScaleObject each : paths) {
            Node node = new Node(each);
            node.subject = true;
            root.above.add(node);
        }
        return finish(Kind.RELINK, List.of(root));
    }

    /** A query of something that is not there. */
    ScaleOperation stale(long handle) {
        operation = new ScaleOperation(Kind.QUERY);
        long ref = take();
        block.wrap(ref).clear(StateType.NEIGHBOR_CACHED);
        block.offloadHandle(handle);
        mark();
        operation.members.add(
                new Member(null, true, ref, StateType.NEIGHBOR_CACHED, OffloadStatus.FAILURE));
        operation.values.add(0L);
        operation.root = ref;
        return operation;
    }

    private static Node node(ScaleObject object, Map<ScaleObject, Node> nodes, List<Node> roots) {
        Node node = nodes.get(object);
        if (node == null) {
            node = new Node(object);
            nodes.put(object, node);
            if (object.parent == null) {
                roots.add(node);
            } else {
                node(object.parent, nodes, roots).above.add(node);
            }
        }
        return node;
    }

    private ScaleOperation finish(Kind kind, List<Node> roots) {
        operation = new ScaleOperation(kind);
        operation.root = row(roots, false, new int[2]);
        return operation;
    }

    /**
     * The blocks of one row, linked; the first.
     *
     * @param counts how many there are, how many of them succeed
     */
    private long row(List<Node> nodes, boolean failed, int[] counts) {
        long first = 0;
        long last = 0;
        for (Node node : nodes) {
            long ref = take();
            OffloadStatus status = block(node, ref, failed);
            counts[0]++;
            counts[1] +=
                    status == OffloadStatus.SUCCESS
                                    || status == OffloadStatus.OFFLOAD_PARTIAL_SUCCESS
                            ? 1
                            : 0;
            if (first == 0) {
                first = ref;
            } else {
                block.wrap(last).nextBlock(ref);
            }
            last = ref;
        }
        return first;
    }

    /** One block and all above it. What it is expected to say. */
    private OffloadStatus block(Node node, long ref, boolean failed) {
        boolean placeholder = !node.subject && standsForNothing(node);
        boolean initiate = operation.kind == Kind.INITIATE;
        int place = operation.members.size();
        operation.members.add(null);
        operation.values.add(0L);
        StateType type = node.subject ? type(node.object) : whole(node.object);
        OffloadStatus own = OffloadStatus.SUCCESS;
        if (failed) {
            own = OffloadStatus.FAILURE;
        }
        if (node.subject && initiate) {
            OffloadStatus refused = give(node.object, ref, place);
            own = failed ? own : refused;
        } else if (node.subject) {
            ask(node.object, type, ref, place);
        }
        int[] counts = new int[2];
        boolean below = own != OffloadStatus.SUCCESS;
        long above = row(node.above, initiate && below, counts);
        if (initiate && !placeholder && own == OffloadStatus.SUCCESS) {
            own = summary(node.subject, counts);
        }
        block.wrap(ref).clear(type);
        block.offloadHandle(placeholder ? 0 : node.object.handle).dependentBlockList(above);
        mark();
        operation.members.set(
                place, new Member(placeholder ? null : node.object, node.subject, ref, type, own));
        return own;
    }

    private void mark() {
        block.protocolReserved0(MARK).protocolReserved1(MARK);
        block.imReserved0(MARK).imReserved1(MARK);
    }

    private boolean standsForNothing(Node node) {
        if (operation.kind == Kind.RELINK) {
            return false;
        }
        if (operation.kind != Kind.INITIATE) {
            return true;
        }
        // New objects need the one they depend on; linkers do without.
        return node.above.stream().noneMatch(each -> each.subject) && random.nextBoolean();
    }

    /** T-26, T-28. */
    private static OffloadStatus summary(boolean created, int[] counts) {
        if (counts[1] == counts[0]) {
            return OffloadStatus.SUCCESS;
        }
        return created || counts[1] > 0
                ? OffloadStatus.OFFLOAD_PARTIAL_SUCCESS
                : OffloadStatus.FAILURE;
    }

    private static StateType whole(ScaleObject object) {
        return switch (object.kind) {
            case NEIGHBOR -> StateType.NEIGHBOR;
            case PATH -> ip6(object) ? StateType.IP6 : StateType.IP4;
            case CONNECTION -> StateType.TCP;
        };
    }

    /** Every other path. */
    private static boolean ip6(ScaleObject path) {
        return path.number % 2 != 0;
    }

    /** What follows the block of a subject. */
    private StateType type(ScaleObject object) {
        int from = whole(object).code();
        StateType[] four =
                object.kind == ScaleObject.Kind.CONNECTION
                        ? new StateType[] {
                            StateType.TCP_CONST,
                            StateType.TCP_CACHED,
                            StateType.TCP_DELEGATED,
                            StateType.TCP
                        }
                        : new StateType[] {
                            StateType.of(from - 3),
                            StateType.of(from - 2),
                            StateType.of(from - 1),
                            StateType.of(from)
                        };
        return switch (operation.kind) {
            case INITIATE -> four[3];
            case QUERY -> four[random.nextInt(4)];
            case UPDATE -> four[1];
            case RELINK -> random.nextBoolean() ? four[1] : four[3];
            case INVALIDATE -> StateType.NONE;
            case TERMINATE -> random.nextBoolean() ? four[3] : StateType.NONE;
        };
    }

    /** Whole state for an initiate; what the target should say to it alone. */
    private OffloadStatus give(ScaleObject object, long ref, int place) {
        boolean defect = random.nextInt(RARELY) == 0;
        operation.values.set(place, newValue(object));
        long value = operation.values.get(place);
        switch (object.kind) {
            case NEIGHBOR -> {
                state.neighbor(ref, 0, value);
                return OffloadStatus.SUCCESS;
            }
            case PATH -> {
                int bytes = ip6(object) ? 16 : 4;
                byte[] local = new byte[bytes];
                byte[] remote = new byte[bytes];
                local[0] = 0x20;
                remote[0] = 0x20;
                remote[bytes - 1] = (byte) (1 + object.number);
                state.path(ref, local, remote, defect ? TOO_MUCH : (int) value);
                return defect ? OffloadStatus.OFFLOAD_PATH_MTU : OffloadStatus.SUCCESS;
            }
            default -> {
                return giveConnection(object, ref, (int) value, defect);
            }
        }
    }

    private OffloadStatus giveConnection(
            ScaleObject object, long ref, int hopLimit, boolean defect) {
        boolean window = defect && random.nextBoolean();
        ConnectionState c = new ConnectionState().ports(1 + object.number, REMOTE_PORT);
        c.sequence(object.number, ~object.number);
        c.receiveWindow = window ? TOO_MUCH : c.receiveWindow;
        c.state = defect && !window ? TcpState.TIME_WAIT : c.state;
        state.connection(ref, c);
        tcpCached.wrap(ref + StateOffsets.TCP_CACHED).ttlOrHopLimit(hopLimit);
        if (window) {
            return OffloadStatus.OFFLOAD_TCP_RCV_WINDOW;
        }
        return defect ? OffloadStatus.FAILURE : OffloadStatus.SUCCESS;
    }

    private long newValue(ScaleObject object) {
        return switch (object.kind) {
            case NEIGHBOR -> 0x0200_0000_0000L | random.nextInt(1 << 24);
            case PATH ->
                    operation.kind == Kind.INITIATE
                            ? MTU
                            : MTUS[random.nextInt(ip6(object) ? IP6_MTUS : MTUS.length)];
            case CONNECTION -> 1 + random.nextInt(255);
        };
    }

    /** Structures to be filled, or CACHED ones to be taken. */
    private void ask(ScaleObject object, StateType type, long ref, int place) {
        long value = object.value;
        if (operation.kind == Kind.UPDATE || operation.kind == Kind.RELINK) {
            value = cached(type) ? newValue(object) : object.value;
        }
        operation.values.set(place, value);
        long at = ref + STRUCTURE;
        switch (type) {
            case NEIGHBOR_CACHED -> neighborCached.wrap(at).clear().macAddress(value);
            case IP4_CACHED, IP6_CACHED -> pathCached.wrap(at).clear().pathMtu((int) value);
            case TCP_CACHED -> {
                tcpCached.wrap(at).clear().initialRcvWnd(new ConnectionState().receiveWindow);
                tcpCached.ttlOrHopLimit((int) value);
            }
            case IP4_CONST, IP4, IP6_CONST, IP6 -> {
                // Room for the addresses, behind everything else.
                pathConst.wrap(at).clear();
                pathConst.sourceAddress(ref + 256).destinationAddress(ref + 272);
            }
            case TCP_DELEGATED -> tcpDelegated.wrap(at).clear();
            case TCP -> tcpDelegated.wrap(ref + StateOffsets.TCP_DELEGATED).clear();
            default -> {}
        }
    }

    private static boolean cached(StateType type) {
        return type == StateType.NEIGHBOR_CACHED
                || type == StateType.IP4_CACHED
                || type == StateType.IP6_CACHED
                || type == StateType.TCP_CACHED;
    }

    private long take() {
        long ref = blocks.allocate();
        if (ref == 0) {
            throw new IllegalStateException("more blocks are under way than there are");
        }
        ByteBuffer buffer = memory.buffer(Refs.region(ref));
        int at = Refs.offset(ref);
        for (int i = 0; i < StateOffsets.BLOCK_BYTES; i += Long.BYTES) {
            if (buffer.getLong(at + i) != FREE) {
                throw new AssertionError("T-18: a block was written to after its completion");
            }
            buffer.putLong(at + i, 0);
        }
        return ref;
    }

    /** After the completion. */
    void free(long ref) {
        ByteBuffer buffer = memory.buffer(Refs.region(ref));
        int at = Refs.offset(ref);
        for (int i = 0; i < StateOffsets.BLOCK_BYTES; i += Long.BYTES) {
            buffer.putLong(at + i, FREE);
        }
        blocks.free(ref);
    }

    int held() {
        return blocks.held();
    }

    @Override
    public void close() {
        blocks.close();
    }
}
