// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.im.VerifiedObject.Phase;
import dev.flue.im.VerifiedOperation.Block;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathDelegated;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** State operations: keeps what went down, compares it with what comes up, moves the objects. */
final class StateVerifier {
    /** Stands in every Status on the way down: a target that writes none is found by it. */
    private static final int UNWRITTEN = OffloadStatus.PENDING.code();

    private static final long MIX = 0x9E3779B97F4A7C15L;
    private static final int MAX_CHAIN = 1 << 16;

    // What nobody below may change: header, links, PROTOCOL, IM words, port; by offset in the
    // block.
    private static final int[] LINK_WORDS = {0, 8, 16, 64, 72, 96, 104, 136};

    private static final int NEIGHBOR_BYTES =
            StateOffsets.NEIGHBOR_DELEGATED + NeighborDelegated.BYTES - OffloadBlockList.BYTES;
    private static final int PATH_BYTES =
            StateOffsets.PATH_DELEGATED + PathDelegated.BYTES - OffloadBlockList.BYTES;

    private static final int VLAN_WORD = 40;
    private static final int PRIORITY_WORD = StateOffsets.TCP_CACHED + 40 - OffloadBlockList.BYTES;

    private final VerifierDriver driver;
    private final Memory memory;
    private final BreachLog log;
    private final NblTable table;
    private final HostStateRules host;
    private final TargetStateRules target;
    private final BlockWalk walk;
    private final MiniportOffloadBlockList block;
    private final NetBufferList list;
    private final OffloadHandle slot;
    private final NblView view;
    private final TcpConst tcpConst;
    private final TcpDelegated tcpDelegated;
    private final Map<Long, VerifiedOperation> running = new HashMap<>();
    private final Map<Long, VerifiedObject> byHandle = new HashMap<>();
    private final Map<Long, VerifiedObject> byLowerToken = new HashMap<>();

    StateVerifier(Memory memory, VerifierDriver driver, BreachLog log, NblTable table) {
        this.memory = memory;
        this.driver = driver;
        this.log = log;
        this.table = table;
        this.host = new HostStateRules(memory, log);
        this.target = new TargetStateRules(memory, log, table);
        this.walk = new BlockWalk(memory);
        this.block = new MiniportOffloadBlockList(memory);
        this.list = new NetBufferList(memory);
        this.slot = new OffloadHandle(memory);
        this.view = new NblView(memory);
        this.tcpConst = new TcpConst(memory);
        this.tcpDelegated = new TcpDelegated(memory);
    }

    void paused(boolean now) {
        host.paused(now);
    }

    int running() {
        return running.size();
    }

    Iterable<VerifiedObject> objects() {
        return byHandle.values();
    }

    // ---- Down.

    /** Our handles stand in the blocks; the binding below has not converted them yet. */
    void goesDown(StateOperation what, long root) {
        VerifiedOperation operation = new VerifiedOperation(what, root);
        Map<Long, Block> seen = new HashMap<>();
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            Block each = new Block(ref, seen.get(walk.under()));
            seen.put(ref, each);
            read(operation, each);
            operation.blocks.add(each);
        }
        for (Block each : operation.blocks) {
            each.row = row(each, seen);
            each.reference = what == StateOperation.UPDATE && onlyNames(each);
        }
        host.check(operation, byHandle);
        running.put(root, operation);
        for (Block each : operation.blocks) {
            begin(what, each);
        }
    }

    /** In an update: it carries no values and does not move, it stands there for its dependents. */
    private static boolean onlyNames(Block each) {
        boolean values =
                each.type == StateType.NEIGHBOR_CACHED.code()
                        || each.type == StateType.IP4_CACHED.code()
                        || each.type == StateType.IP6_CACHED.code()
                        || each.type == StateType.TCP_CACHED.code();
        boolean moves = each.under != null && !each.under.placeholder;
        return !values && !moves && !each.row.isEmpty();
    }

    private void read(VerifiedOperation operation, Block each) {
        block.wrap(each.ref);
        each.type = block.type();
        each.statusBefore = block.status();
        each.placeholder = block.miniportOffloadContext() == 0;
        each.chain = block.netBufferListChain();
        each.linksHash = linksHash(each.ref);
        each.stateHash = stateHash(operation.operation, each);
        long own = block.ndisOffloadHandle();
        long above = block.miniportOffloadContext() - Long.BYTES;
        block.status(UNWRITTEN);
        if (each.placeholder) {
            return;
        }
        int entry = driver.entries().ofHandle(own);
        if (entry >= 0 && driver.entries().initiating(entry)) {
            each.creates = true;
            each.object = new VerifiedObject(layer(each.type), entry, above, own);
            driver.object(entry, each.object);
        } else if (entry >= 0 && driver.entries().offloaded(entry)) {
            each.object = driver.object(entry);
            checkSlots(each.object);
        }
    }

    /** T-24: the tokens stay what they were as long as the object is offloaded. */
    private void checkSlots(VerifiedObject object) {
        if (object != null
                && slot.wrap(object.ownHandle).miniportOffloadContext() != object.lowerToken) {
            log.report("T-24", object, "the target changed its token");
        }
    }

    private static int layer(int type) {
        if (type == StateType.NEIGHBOR.code()) {
            return VerifiedObject.NEIGHBOR;
        }
        return type == StateType.IP4.code() || type == StateType.IP6.code()
                ? VerifiedObject.PATH
                : VerifiedObject.TCP;
    }

    private List<Block> row(Block each, Map<Long, Block> seen) {
        List<Block> row = new ArrayList<>();
        long ref = block.wrap(each.ref).dependentBlockList();
        while (ref != 0) {
            row.add(seen.get(ref));
            ref = block.wrap(ref).nextBlock();
        }
        return row;
    }

    private void begin(StateOperation what, Block each) {
        VerifiedObject object = each.object;
        if (object == null) {
            return;
        }
        driver.note(object, downAct(what, each), 0);
        switch (what) {
            case INITIATE -> {
                if (each.creates) {
                    create(each);
                }
            }
            case QUERY -> object.queries++;
            case UPDATE -> object.updates += each.reference ? 0 : 1;
            case INVALIDATE -> object.invalidates++;
            case TERMINATE -> object.phase = Phase.TERMINATING;
        }
    }

    private static Act downAct(StateOperation what, Block each) {
        return switch (what) {
            case INITIATE -> each.creates ? Act.INITIATE : Act.LINK;
            case QUERY -> Act.QUERY;
            case UPDATE -> each.reference ? Act.LINK : Act.UPDATE;
            case INVALIDATE -> Act.INVALIDATE;
            case TERMINATE -> Act.TERMINATE;
        };
    }

    private void create(Block each) {
        VerifiedObject object = each.object;
        byHandle.put(object.upperHandle, object);
        setParent(object, each.under == null ? null : each.under.object);
        if (each.type != StateType.TCP.code()) {
            return;
        }
        tcpConst.wrap(each.ref + StateOffsets.TCP_CONST);
        object.localPort = tcpConst.localPort();
        object.remotePort = tcpConst.remotePort();
        tcpDelegated.wrap(each.ref + StateOffsets.TCP_DELEGATED);
        object.halfClosedAtFirst = tcpDelegated.state() != TcpState.ESTABLISHED.code();
        long buffered = tcpDelegated.bufferedData();
        if (buffered != 0) {
            object.expectedBytes = view.sample(buffered, 0);
            object.expected = view.sampled;
        }
        takeChain(each);
    }

    /** T-94: sends of the chain are sends like others, the first of them. */
    private void takeChain(Block each) {
        List<Long> refs = new ArrayList<>();
        for (long ref = each.chain; ref != 0 && refs.size() < MAX_CHAIN; ) {
            refs.add(ref);
            ref = list.wrap(ref).next();
        }
        each.chainRefs = refs.stream().mapToLong(Long::longValue).toArray();
        each.chainStatus = new int[each.chainRefs.length];
        for (int i = 0; i < each.chainRefs.length; i++) {
            long ref = each.chainRefs[i];
            each.chainStatus[i] = list.wrap(ref).status();
            int at = table.place(ref);
            table.given(at, VerifiedObject.SEND, each.object, view.length(ref), 0);
        }
    }

    private static void setParent(VerifiedObject object, VerifiedObject parent) {
        if (object.parent != null) {
            object.parent.dependents--;
        }
        object.parent = parent;
        if (parent != null) {
            parent.dependents++;
        }
    }

    /** Answered by the driver itself: nothing of it is under way. */
    void refused(StateOperation what, long root) {
        running.remove(root);
    }

    // ---- Up.

    /** Before anything is converted back. Null: it belongs to nothing, and was reported. */
    VerifiedOperation comesUp(StateOperation what, long root, boolean insideCall) {
        VerifiedOperation operation = running.get(root);
        if (operation == null || operation.operation != what) {
            log.report(
                    "T-14",
                    null,
                    what
                            + " completed with a root that is not under way"
                            + (operation == null ? "" : " as such"));
            return null;
        }
        if (insideCall) {
            log.report("T-14", operation.blocks.get(0).object, what + " completed inside a call");
        }
        running.remove(root);
        for (Block each : operation.blocks) {
            readBack(operation, each);
        }
        target.check(operation, byLowerToken);
        for (Block each : operation.blocks) {
            if (each.object != null) {
                end(what, each);
            }
        }
        return operation;
    }

    private void readBack(VerifiedOperation operation, Block each) {
        block.wrap(each.ref);
        each.status = block.status();
        if (each.status == UNWRITTEN) {
            log.report("T-15", each.object, operation.operation + " completed without a status");
            each.status = each.statusBefore;
            block.status(each.status);
        }
        each.chain = block.netBufferListChain();
        if (block.sourceHandle() != driver.below().sourceHandle()
                || linksHash(each.ref) != each.linksHash) {
            log.report("T-17", each.object, "the block came back with other links or handles");
        }
        VerifiedObject object = each.object;
        if (object != null && block.ndisOffloadHandle() != object.ownHandle) {
            log.report("T-17", object, "the block came back with another NdisOffloadHandle");
        }
        if (each.stateHash != stateHash(operation.operation, each)) {
            log.report("H-5", object, "the state behind the block changed while it was lent");
        }
        if (each.creates) {
            object.lowerToken = slot.wrap(object.ownHandle).miniportOffloadContext();
        } else if (operation.operation != StateOperation.TERMINATE) {
            // Drivers clear the slot of what is terminated (I-30).
            checkSlots(object);
        }
    }

    private void end(StateOperation what, Block each) {
        VerifiedObject object = each.object;
        driver.note(object, upAct(what, each), each.status);
        boolean success = TargetStateRules.succeeded(each.status);
        switch (what) {
            case INITIATE -> {
                if (each.creates) {
                    initiated(each, success && object.lowerToken != 0);
                }
            }
            case QUERY -> object.queries--;
            case UPDATE -> updated(each, success);
            case INVALIDATE -> {
                object.invalidates--;
                object.invalidated |= success;
            }
            case TERMINATE -> terminated(each, success);
        }
    }

    private static Act upAct(StateOperation what, Block each) {
        return switch (what) {
            case INITIATE -> each.creates ? Act.INITIATED : Act.LINKED;
            case QUERY -> Act.QUERIED;
            case UPDATE -> each.reference ? Act.LINKED : Act.UPDATED;
            case INVALIDATE -> Act.INVALIDATED;
            case TERMINATE -> Act.TERMINATED;
        };
    }

    private void initiated(Block each, boolean success) {
        VerifiedObject object = each.object;
        object.completing = true;
        if (success) {
            object.phase = Phase.OFFLOADED;
            object.upperToken = driver.entries().token(object.entry);
            byLowerToken.put(object.lowerToken, object);
            return;
        }
        for (long ref : each.chainRefs) {
            table.settle(table.place(ref), NblTable.FAILED_CHAIN);
        }
        forget(object);
    }

    private void updated(Block each, boolean success) {
        VerifiedObject object = each.object;
        if (each.reference) {
            return;
        }
        object.updates--;
        if (success
                && object.layer == VerifiedObject.PATH
                && each.under != null
                && each.under.object != null) {
            setParent(object, each.under.object);
        }
    }

    private void terminated(Block each, boolean success) {
        VerifiedObject object = each.object;
        if (!success && ++object.terminatesFailed < OffloadEntries.MAX_FAILURES) {
            object.phase = Phase.OFFLOADED;
            return;
        }
        // The sends handed back are the host's.
        for (long ref = each.chain; ref != 0; ref = list.wrap(ref).next()) {
            int at = table.find(ref);
            if (at < 0 || table.state(at) != NblTable.SEND || table.owner(at) != object) {
                break;
            }
            table.settle(at, NblTable.HOST);
        }
        object.out[VerifiedObject.SEND] = 0;
        if (!success) {
            table.lose(object);
        }
        forget(object);
    }

    private void forget(VerifiedObject object) {
        object.phase = Phase.GONE;
        setParent(object, null);
        byHandle.remove(object.upperHandle, object);
        byLowerToken.remove(object.lowerToken, object);
    }

    /** The completion above has returned: now the target may indicate (T-45). */
    void returned(VerifiedOperation operation) {
        for (Block each : operation.blocks) {
            if (each.object != null) {
                each.object.completing = false;
            }
        }
    }

    // ---- Hashes.

    private long linksHash(long ref) {
        ByteBuffer buffer = memory.buffer(Refs.region(ref));
        int at = Refs.offset(ref);
        long hash = 1;
        for (int word : LINK_WORDS) {
            hash = (hash ^ buffer.getLong(at + word)) * MIX;
        }
        return hash;
    }

    /** VlanId and UserPriority are a driver's to set on the way down (I-23). */
    private static int mask(StateType type, int at) {
        if (type == StateType.NEIGHBOR && at == VLAN_WORD) {
            return 0;
        }
        return type == StateType.TCP && at == PRIORITY_WORD ? 0xff00ffff : -1;
    }

    /** Over the structures that nobody may write while the operation runs. */
    private long stateHash(StateOperation what, Block each) {
        if (what != StateOperation.INITIATE && what != StateOperation.UPDATE || each.placeholder) {
            return 0;
        }
        StateType type = StateType.of(each.type);
        int bytes =
                switch (type == null ? StateType.NONE : type) {
                    case TCP -> StateOffsets.TCP_EXT - OffloadBlockList.BYTES;
                    case NEIGHBOR -> NEIGHBOR_BYTES;
                    case IP4, IP6 -> PATH_BYTES;
                    case NEIGHBOR_CACHED -> NeighborCached.BYTES;
                    case IP4_CACHED, IP6_CACHED -> PathCached.BYTES;
                    case TCP_CACHED -> TcpCached.BYTES;
                    default -> 0;
                };
        ByteBuffer buffer = memory.buffer(Refs.region(each.ref));
        int at = Refs.offset(each.ref) + OffloadBlockList.BYTES;
        long hash = 1;
        for (int i = 0; i < bytes; i += Integer.BYTES) {
            hash = (hash ^ buffer.getInt(at + i) & mask(type, i)) * MIX;
        }
        return hash;
    }
}
