// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.OidRefusals;
import dev.flue.offload.Protocol;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.Map;

/**
 * An intermediate driver: a target to what is above it, a host stack to what is below (chimney
 * section 7). This class passes everything through; a driver extends it and sets the hooks it
 * needs, or overrides a call and calls this one on.
 *
 * <pre>
 *   above:  host's handle  --slot--> our token      (names an offload entry)
 *   here:   offload entry  = host's handle + our own handle
 *   below:  our handle     --slot--> token of the driver below
 * </pre>
 *
 * <p>Block lists are not copied: on its way down each block gets our handle in place of the one
 * above, and on its way up the other way round. Query, update, invalidate and terminate never fail
 * for want of memory: they wait for a call entry. An initiate that finds no room is completed with
 * FAILURE in every block. What this driver answers itself comes out of {@link #doWork}.
 *
 * <p>One thread, that of the duty cycle. Nothing is allocated after the constructor.
 */
public abstract class IntermediateDriver implements Miniport, Protocol, AutoCloseable {
    /** Call entries that initiates leave for the operations that must not fail. */
    private static final int RESERVED_CALLS = 16;

    private static final int CALLS = 256;

    /** Entries for references from above that name nothing. */
    private static final int GHOSTS = 64;

    private static final int OID_CALLS = 64;

    private final Binding lower;
    private final OffloadEntries entries;
    private final CallEntries calls;
    private final OperationQueue waiting;
    private final Refusals refusals;
    private final OidCalls oidCalls;
    private final OidRefusals oidRefusals;
    private final BlockWalk walk;
    private final MiniportOffloadBlockList block;
    private final OffloadHandle slot;
    private MiniportAdapter upper;
    private long lastNow;
    private long staleTokens;
    private long strayCalls;

    /**
     * @param lower the miniport below; this driver binds to it
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     */
    protected IntermediateDriver(Memory memory, MiniportAdapter lower, int maxObjects) {
        this.entries = new OffloadEntries(memory, Math.addExact(maxObjects, GHOSTS));
        this.calls = new CallEntries(memory, CALLS);
        this.waiting = new OperationQueue(memory);
        this.refusals = new Refusals(memory);
        this.oidCalls = new OidCalls(memory, OID_CALLS);
        this.oidRefusals = new OidRefusals(memory);
        this.walk = new BlockWalk(memory);
        this.block = new MiniportOffloadBlockList(memory);
        this.slot = new OffloadHandle(memory);
        this.lower = new Binding(memory, this, lower);
    }

    /** For people. */
    public abstract String name();

    // Hooks. `blockRef` is the object's block, its state structures behind it.

    /**
     * A new object is on its way down. The hook may change CONST and CACHED values (I-23), links
     * and handles not.
     */
    protected void offering(long blockRef) {}

    /** The driver below took the object; {@code entry} is its number until {@link #gone}. */
    protected void offloaded(int entry, long blockRef) {}

    /** The object is back in the hands of whoever offloaded it. */
    protected void gone(int entry, long blockRef) {}

    /** The binding to the miniport below. */
    protected final Binding lower() {
        return lower;
    }

    /** Where completions and indications go. */
    protected final MiniportAdapter upper() {
        return upper;
    }

    /** Our own handle of the object that a token from above names; 0 = stale or forged. */
    protected final long handleOf(long token) {
        int entry = entries.find(token);
        return entry < 0 ? 0 : entries.handle(entry);
    }

    /** The number of that object, 0..maxObjects + 63, or -1. */
    protected final int entryOf(long token) {
        return entries.find(token);
    }

    /** Offload entries, call entries and waiting operations held: all 0 at rest. */
    public final Map<String, Integer> held() {
        return Map.of(
                "offload entries", entries.held(),
                "call entries", calls.held(),
                "waiting operations", waiting.length() + refusals.operations(),
                "OID calls", oidCalls.held());
    }

    /** Calls from above with a token that names nothing. */
    public final long staleTokens() {
        return staleTokens;
    }

    /** Completions and indications from below that belong to nothing here. */
    public final long strayCalls() {
        return strayCalls;
    }

    @Override
    public void initialize(MiniportAdapter adapter) {
        upper = adapter;
    }

    @Override
    public Capabilities capabilities() {
        return lower.miniport().capabilities();
    }

    // State operations, down.

    @Override
    public void initiateOffload(long root) {
        submit(StateOperation.INITIATE, root);
    }

    @Override
    public void queryOffload(long root) {
        submit(StateOperation.QUERY, root);
    }

    @Override
    public void updateOffload(long root) {
        submit(StateOperation.UPDATE, root);
    }

    @Override
    public void invalidateOffload(long root) {
        submit(StateOperation.INVALIDATE, root);
    }

    @Override
    public void terminateOffload(long root) {
        submit(StateOperation.TERMINATE, root);
    }

    private void submit(StateOperation operation, long root) {
        boolean initiate = operation == StateOperation.INITIATE;
        int reserve = initiate ? RESERVED_CALLS : 0;
        if (waiting.isEmpty() && calls.available() > reserve) {
            pass(operation, root);
        } else if (initiate) {
            refusals.add(root, operation);
        } else {
            waiting.add(root, operation);
        }
    }

    private void pass(StateOperation operation, long root) {
        if (!fits(operation, root)) {
            refusals.add(root, operation);
            return;
        }
        calls.open(root, operation);
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            convertDown(operation, ref);
        }
        operation.down(lower, root);
    }

    /** Counts before anything is changed, so that an operation that is refused needs no undoing. */
    private boolean fits(StateOperation operation, long root) {
        int objects = 0;
        int ghosts = 0;
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            block.wrap(ref);
            if (block.miniportOffloadContext() == 0) {
                continue;
            }
            if (createsObject(operation)) {
                objects++;
            } else if (referenced() < 0) {
                ghosts++;
            }
        }
        int free = entries.available();
        return ghosts <= free && (objects == 0 || objects + ghosts <= free - GHOSTS);
    }

    /** Whether {@link #block} brings a new object: an initiate, and the slot is still empty. */
    private boolean createsObject(StateOperation operation) {
        return operation == StateOperation.INITIATE && token() == 0;
    }

    /** The entry that {@link #block} refers to by the token in its slot, or -1. */
    private int referenced() {
        int entry = entries.find(token());
        return entry >= 0 && entries.upperHandle(entry) == block.ndisOffloadHandle() ? entry : -1;
    }

    private long token() {
        return slot.wrap(block.miniportOffloadContext() - Long.BYTES).miniportOffloadContext();
    }

    private void convertDown(StateOperation operation, long ref) {
        block.wrap(ref);
        if (block.miniportOffloadContext() == 0) {
            return;
        }
        long above = block.ndisOffloadHandle();
        int entry;
        if (createsObject(operation)) {
            entry = entries.create(above);
            offering(ref);
        } else {
            entry = referenced();
            if (entry < 0) {
                staleTokens++;
                entry = entries.createGhost(above);
            }
        }
        entries.use(entry);
        block.wrap(ref).ndisOffloadHandle(entries.handle(entry));
    }

    // State operations, up.

    @Override
    public void initiateOffloadComplete(long root) {
        complete(StateOperation.INITIATE, root);
    }

    @Override
    public void queryOffloadComplete(long root) {
        complete(StateOperation.QUERY, root);
    }

    @Override
    public void updateOffloadComplete(long root) {
        complete(StateOperation.UPDATE, root);
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        complete(StateOperation.INVALIDATE, root);
    }

    @Override
    public void terminateOffloadComplete(long root) {
        complete(StateOperation.TERMINATE, root);
    }

    private void complete(StateOperation operation, long root) {
        int call = calls.find(root, operation);
        if (call < 0) {
            strayCalls++;
            return;
        }
        long sourceHandle = calls.sourceHandle(call);
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            block.wrap(ref).sourceHandle(sourceHandle);
            if (block.ndisOffloadHandle() != 0) {
                convertUp(operation, ref);
            }
        }
        calls.close(call);
        operation.complete(upper, root);
        passWaiting();
    }

    private void convertUp(StateOperation operation, long ref) {
        int entry = entries.ofHandle(block.ndisOffloadHandle());
        if (entry < 0) {
            strayCalls++;
            return;
        }
        long above = entries.upperHandle(entry);
        block.ndisOffloadHandle(above).miniportOffloadContext(above + Long.BYTES);
        if (operation == StateOperation.INITIATE && entries.initiating(entry)) {
            finishInitiate(entry, ref, above);
        } else if (operation == StateOperation.TERMINATE
                && entries.offloaded(entry)
                && block.status() == OffloadStatus.SUCCESS.code()) {
            entries.offloaded(entry, false);
            slot.wrap(above).miniportOffloadContext(0);
            gone(entry, ref);
        }
        entries.unuse(entry);
    }

    private void finishInitiate(int entry, long ref, long above) {
        boolean success =
                block.status() == OffloadStatus.SUCCESS.code()
                        || block.status() == OffloadStatus.OFFLOAD_PARTIAL_SUCCESS.code();
        if (success && entries.lowerToken(entry) == 0) {
            block.status(OffloadStatus.FAILURE.code());
            strayCalls++;
            success = false;
        }
        entries.offloaded(entry, success);
        if (success) {
            slot.wrap(above).miniportOffloadContext(entries.token(entry));
            offloaded(entry, ref);
        }
    }

    private void passWaiting() {
        while (!waiting.isEmpty() && calls.available() > 0) {
            StateOperation operation = waiting.peekOperation();
            pass(operation, waiting.remove());
        }
    }

    // I/O, down: the same lists by our own handle.

    @Override
    public void tcpOffloadSend(long token, long netBufferLists) {
        long handle = handleOf(token);
        if (handle != 0) {
            lower.tcpOffloadSend(handle, netBufferLists);
        } else {
            refuse(refusals.sends(), netBufferLists);
        }
    }

    @Override
    public void tcpOffloadReceive(long token, long netBufferLists) {
        long handle = handleOf(token);
        if (handle != 0) {
            lower.tcpOffloadReceive(handle, netBufferLists);
        } else {
            refuse(refusals.receives(), netBufferLists);
        }
    }

    @Override
    public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
        long handle = handleOf(token);
        if (handle != 0) {
            lower.tcpOffloadDisconnect(handle, netBufferList, flags);
        } else {
            refuse(refusals.disconnects(), netBufferList);
        }
    }

    @Override
    public void tcpOffloadForward(long token, long netBufferLists) {
        long handle = handleOf(token);
        if (handle != 0) {
            lower.tcpOffloadForward(handle, netBufferLists);
        } else {
            refuse(refusals.forwards(), netBufferLists);
        }
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        lower.tcpOffloadReceiveReturn(netBufferLists);
    }

    private void refuse(RefusedIo list, long chain) {
        staleTokens++;
        list.add(chain, OffloadStatus.INVALID_STATE);
    }

    // I/O, up.

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        upper.tcpOffloadSendComplete(netBufferLists);
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {
        upper.tcpOffloadReceiveComplete(netBufferLists);
    }

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {
        upper.tcpOffloadDisconnectComplete(netBufferList);
    }

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {
        upper.tcpOffloadForwardComplete(netBufferLists);
    }

    // Indications: with the handle from above and otherwise unchanged.

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        int entry = entries.ofHandle(offloadHandle);
        if (entry < 0 || !entries.offloaded(entry)) {
            strayCalls++;
            consumed.bytes = 0;
            return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
        }
        return upper.tcpOffloadReceiveIndicate(
                entries.upperHandle(entry), netBufferList, status, consumed);
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        int entry = entries.ofHandle(offloadHandle);
        if (entry < 0 || !entries.offloaded(entry)) {
            strayCalls++;
        } else {
            upper.tcpOffloadEvent(entries.upperHandle(entry), event, information);
        }
    }

    @Override
    public void statusIndication(StatusIndication indication) {
        upper.statusIndication(indication);
    }

    @Override
    public void indicateOffloadEvent(long blockRef, OffloadEvent event) {
        long own = block.wrap(blockRef).ndisOffloadHandle();
        int entry = entries.ofHandle(own);
        if (entry < 0 || !entries.offloaded(entry)) {
            strayCalls++;
            return;
        }
        block.ndisOffloadHandle(entries.upperHandle(entry));
        upper.offloadEventIndicate(blockRef, event);
        block.wrap(blockRef).ndisOffloadHandle(own);
    }

    // Requests to the adapter as a whole: down and up as they are.

    @Override
    public void oidRequest(long request) {
        if (oidCalls.open(request)) {
            lower.oidRequest(request);
        } else {
            oidRefusals.add(request, OffloadStatus.RESOURCES);
        }
    }

    @Override
    public void oidRequestComplete(long request) {
        if (oidCalls.close(request)) {
            upper.oidRequestComplete(request);
        } else {
            strayCalls++;
        }
    }

    // Ordinary frames.

    @Override
    public void sendNetBufferLists(long netBufferLists) {
        lower.sendNetBufferLists(netBufferLists);
    }

    @Override
    public void returnNetBufferLists(long netBufferLists) {
        lower.returnNetBufferLists(netBufferLists);
    }

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        upper.receiveNetBufferLists(netBufferLists);
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        upper.sendNetBufferListsComplete(netBufferLists);
    }

    // Duty cycle.

    @Override
    public int doWork(long nowNanos) {
        lastNow = nowNanos;
        return refusals.complete(upper)
                + oidRefusals.complete(upper)
                + lower.miniport().doWork(nowNanos);
    }

    @Override
    public long nextDeadline() {
        return refusals.isEmpty() && oidRefusals.isEmpty()
                ? lower.miniport().nextDeadline()
                : lastNow;
    }

    /** Frees its memory. Nothing may be offloaded through it any more. */
    @Override
    public void close() {
        entries.close();
    }
}
