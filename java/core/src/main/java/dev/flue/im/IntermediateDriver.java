// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadEvent;
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
    private static final int OID_CALLS = 64;

    private final Binding lower;
    private final StatePropagation propagation;
    private final OffloadEntries entries;
    private final Refusals refusals;
    private final OidCalls oidCalls;
    private final OidRefusals oidRefusals;
    private final MiniportOffloadBlockList block;
    private MiniportAdapter upper;
    private long lastNow;
    private long staleTokens;
    private long strayCalls;

    /**
     * @param lower the miniport below; this driver binds to it
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     */
    protected IntermediateDriver(Memory memory, MiniportAdapter lower, int maxObjects) {
        this.refusals = new Refusals(memory);
        this.oidCalls = new OidCalls(memory, OID_CALLS);
        this.oidRefusals = new OidRefusals(memory);
        this.block = new MiniportOffloadBlockList(memory);
        this.lower = new Binding(memory, this, lower);
        this.propagation = new StatePropagation(memory, this, this.lower, refusals, maxObjects);
        this.entries = propagation.entries();
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

    /** For drivers of this package: the operation has our handles and call entry, and goes down. */
    void goesDown(StateOperation operation, long root) {}

    /** For drivers of this package: the call down has returned. */
    void wentDown() {}

    /** For drivers of this package: this driver will answer the operation with FAILURE itself. */
    void refused(StateOperation operation, long root) {}

    /** The offload entries, for drivers of this package. */
    final OffloadEntries entries() {
        return entries;
    }

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
                "call entries", propagation.callsHeld(),
                "waiting operations", propagation.operationsWaiting() + refusals.operations(),
                "OID calls", oidCalls.held());
    }

    /** Calls from above with a token that names nothing. */
    public final long staleTokens() {
        return staleTokens + propagation.staleReferences();
    }

    /** Completions and indications from below that belong to nothing here. */
    public final long strayCalls() {
        return strayCalls + propagation.strayCalls();
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
        propagation.submit(StateOperation.INITIATE, root);
    }

    @Override
    public void queryOffload(long root) {
        propagation.submit(StateOperation.QUERY, root);
    }

    @Override
    public void updateOffload(long root) {
        propagation.submit(StateOperation.UPDATE, root);
    }

    @Override
    public void invalidateOffload(long root) {
        propagation.submit(StateOperation.INVALIDATE, root);
    }

    @Override
    public void terminateOffload(long root) {
        propagation.submit(StateOperation.TERMINATE, root);
    }

    // State operations, up.

    @Override
    public void initiateOffloadComplete(long root) {
        propagation.complete(StateOperation.INITIATE, root);
    }

    @Override
    public void queryOffloadComplete(long root) {
        propagation.complete(StateOperation.QUERY, root);
    }

    @Override
    public void updateOffloadComplete(long root) {
        propagation.complete(StateOperation.UPDATE, root);
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        propagation.complete(StateOperation.INVALIDATE, root);
    }

    @Override
    public void terminateOffloadComplete(long root) {
        propagation.complete(StateOperation.TERMINATE, root);
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
        propagation.close();
    }
}
