// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.OidRequest;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An intermediate driver: a target to what is above it, a host stack to what is below (chimney
 * section 7). This class passes everything through; a driver extends it and overrides the hooks it
 * needs, most of which call this one on.
 *
 * <pre>
 *   above:  host's handle  --slot--> our token      (names an offload entry)
 *   here:   offload entry  = host's handle + our own handle
 *   below:  our handle     --slot--> token of the driver below
 * </pre>
 *
 * <p>A driver has one {@link UpperInterface} or several, and one {@link LowerInterface} or several.
 * Which of them an object belongs to stands in its entry, and an NBL's in its context; a driver
 * that has one of each needs no contexts.
 *
 * <p>Block lists are not copied: on its way down each block gets our handle in place of the one
 * above, and on its way up the other way round. Query, update, invalidate and terminate never fail
 * for want of memory: they wait for a call entry. An initiate that finds no room is completed with
 * FAILURE in every block; I/O that finds no context asks for an upload (7.10). What this driver
 * answers itself comes out of {@link #doWork}.
 *
 * <p>One thread, that of the duty cycle. Nothing is allocated after the constructor and the last
 * {@link #openUpper}.
 */
public abstract class IntermediateDriver implements AutoCloseable {
    private static final int OID_CALLS = 64;

    private final Memory memory;
    private final List<LowerInterface> lowers = new ArrayList<>();
    private final List<UpperInterface> uppers = new ArrayList<>();
    private final StatePropagation propagation;
    private final OffloadEntries entries;
    private final ListRouting routing;
    private final OidCalls oidCalls;
    private final OidRequest oid;
    private final MiniportOffloadBlockList block;
    private long lastNow;
    private long staleTokens;
    private long strayCalls;

    /**
     * One face above, one below, no contexts.
     *
     * @param lower the miniport below; this driver binds to it
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     */
    protected IntermediateDriver(Memory memory, MiniportAdapter lower, int maxObjects) {
        this(memory, List.of(lower), maxObjects, 0);
    }

    /**
     * @param lowers the miniports below, 1 to 15; this driver binds to each
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     * @param maxLists NBLs that are below at a time, each with a context; 0 = no contexts, for a
     *     driver that needs none and has one face on either side
     */
    protected IntermediateDriver(
            Memory memory, List<MiniportAdapter> lowers, int maxObjects, int maxLists) {
        if (lowers.isEmpty()
                || lowers.size() > ListRouting.MAX_LENDERS
                || maxLists == 0 && lowers.size() > 1) {
            throw new IllegalArgumentException(
                    lowers.size() + " miniports below and " + maxLists + " contexts");
        }
        this.memory = memory;
        this.oidCalls = new OidCalls(memory, OID_CALLS);
        this.oid = new OidRequest(memory);
        this.block = new MiniportOffloadBlockList(memory);
        for (MiniportAdapter each : lowers) {
            this.lowers.add(new LowerInterface(memory, this, this.lowers.size(), each));
        }
        this.uppers.add(new UpperInterface(memory, this, 0, ""));
        NblContexts contexts = maxLists == 0 ? null : new NblContexts(memory, maxLists);
        this.routing = new ListRouting(memory, this, contexts);
        this.propagation = new StatePropagation(memory, this, routing, maxObjects);
        this.entries = propagation.entries();
    }

    /** For people. */
    public abstract String name();

    // ---- Faces.

    /** The first face above. */
    public final UpperInterface upper() {
        return uppers.get(0);
    }

    /** The faces above, in the order they were opened. */
    public final List<UpperInterface> uppers() {
        return List.copyOf(uppers);
    }

    /**
     * One more face above, before anything is offloaded. Frames from below then have to be told
     * apart: {@link #receiverOf}.
     *
     * @throws IllegalStateException this driver has no contexts to tell completions apart
     */
    protected final UpperInterface openUpper(String name) {
        if (!routing.hasContexts()) {
            throw new IllegalStateException("several faces above need contexts");
        }
        UpperInterface face = new UpperInterface(memory, this, uppers.size(), name);
        uppers.add(face);
        return face;
    }

    /** The first face below. */
    protected final LowerInterface lower() {
        return lowers.get(0);
    }

    /** The face of this number, without an allocation. */
    protected final LowerInterface lower(int number) {
        return lowers.get(number);
    }

    /** The face of this number, without an allocation. */
    protected final UpperInterface upper(int number) {
        return uppers.get(number);
    }

    /** How many faces there are below. */
    protected final int lowerCount() {
        return lowers.size();
    }

    final int upperCount() {
        return uppers.size();
    }

    // ---- Objects. An entry is a number, 0..maxObjects + 63, valid until gone().

    /** Entries are numbers below this: what a table beside them needs. */
    protected final int entryLimit() {
        return entries.limit();
    }

    /** The face above that the object came from. */
    protected final UpperInterface upperOf(int entry) {
        return uppers.get(entries.upper(entry));
    }

    /** The face below that the object is at. */
    protected final LowerInterface lowerOf(int entry) {
        return lowers.get(entries.lower(entry));
    }

    /** Our own handle of the object: what the driver below knows it by. */
    protected final long handleOf(int entry) {
        return entries.handle(entry);
    }

    /** Handle of whoever offloaded it. */
    protected final long upperHandleOf(int entry) {
        return entries.upperHandle(entry);
    }

    /** The offload entries, for drivers of this package. */
    final OffloadEntries entries() {
        return entries;
    }

    /** A block from above that names nothing, met by a driver of this package. */
    final void staleReference() {
        staleTokens++;
    }

    /** A completion from below that belongs to nothing, met by a driver of this package. */
    final void strayCall() {
        strayCalls++;
    }

    /** How NBLs find their owner, for drivers of this package. */
    final ListRouting routing() {
        return routing;
    }

    // ---- Hooks. `blockRef` is the object's block, its state structures behind it.

    /**
     * Whether connections may be offloaded through this driver. One that changes packets in a way
     * that breaks offloads says false: its capabilities name it as the cause, queries for what can
     * be offloaded are answered NOT_SUPPORTED (I-20, I-22), initiates fail.
     */
    protected boolean offersChimney() {
        return true;
    }

    /** The face below that a new tree goes to. */
    protected LowerInterface lowerFor(UpperInterface from, long root) {
        return lowers.get(0);
    }

    /**
     * Whether a new object may go down. Anything but SUCCESS refuses the whole tree with this
     * status, before anything of it is changed.
     */
    protected OffloadStatus admits(UpperInterface from, long blockRef) {
        return OffloadStatus.SUCCESS;
    }

    /**
     * A new object is on its way down. The hook may change CONST and CACHED values (I-23), links
     * and handles not.
     */
    protected void offering(int entry, long blockRef) {}

    /** New CACHED values of an object, or a new link, are on their way down: likewise. */
    protected void updating(int entry, long blockRef) {}

    /** The driver below took the object. */
    protected void offloaded(int entry, long blockRef) {}

    /** The driver below did not take the object; lists that came with it are in the block again. */
    protected void refused(int entry, long blockRef) {}

    /** The object is back in the hands of whoever offloaded it. */
    protected void gone(int entry, long blockRef) {}

    /** What to keep with the NBLs of a call; {@link #completed} gets it. */
    protected long noteFor(IoKind kind, int entry) {
        return 0;
    }

    /** An NBL is on its way back up, its status written. Only of drivers with contexts. */
    protected void completed(IoKind kind, int entry, long netBufferList, long note) {}

    /**
     * Whether {@link #receiverOf} is asked for each frame also when there is one face on either
     * side.
     */
    protected boolean sortsFrames() {
        return false;
    }

    /**
     * With several faces: the one above that a frame from below is for; null = for none, it goes
     * back. It may be changed here.
     */
    protected UpperInterface receiverOf(LowerInterface from, long netBufferList) {
        return uppers.get(0);
    }

    /** For drivers of this package: the operation has our handles and call entry, and goes down. */
    void goesDown(StateOperation operation, long root) {}

    /** For drivers of this package: the call down has returned. */
    void wentDown() {}

    /** For drivers of this package: I/O by a token that names nothing. */
    void staleToken(IoKind kind, long token) {}

    /** For drivers of this package: an indication for an object that is not there (entry -1). */
    void strayIndication(int entry, long handle, boolean event) {}

    // ---- What passes, each to be overridden and called on.

    /** What the face can do: what lies below can. */
    protected Capabilities capabilities(UpperInterface face) {
        Capabilities below = lower().binding().miniport().capabilities();
        return offersChimney() ? below : below.without("the driver " + name() + " changes packets");
    }

    /** A state operation came from above. */
    protected void stateOperation(UpperInterface from, StateOperation operation, long root) {
        propagation.submit(from, operation, root);
    }

    /** A state operation is complete. */
    protected void stateOperationComplete(
            LowerInterface from, StateOperation operation, long root) {
        propagation.complete(operation, root);
    }

    /** Send, posted receive, disconnect or forward of a connection. */
    protected void io(IoKind kind, int entry, long netBufferLists, int flags) {
        routing.down(kind, entry, netBufferLists, flags);
    }

    /** A chain of these is complete; it may hold NBLs of several connections. */
    protected void ioComplete(LowerInterface from, IoKind kind, long netBufferLists) {
        routing.up(kind, netBufferLists);
    }

    /** Data of a connection; the verdict is that of whoever is above (5.4). */
    protected OffloadStatus receiveIndicate(
            int entry, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        return routing.indicate(entry, netBufferList, status, consumed);
    }

    /** Indicated lists come back. */
    protected void receiveReturn(UpperInterface from, long netBufferLists) {
        routing.returned(netBufferLists);
    }

    /** An event of a connection. */
    protected void event(int entry, TcpEvent event, long information) {
        upperOf(entry).adapter().tcpOffloadEvent(entries.upperHandle(entry), event, information);
    }

    /** PAUSE, UPLOAD_ALL, RESUME, link: to all faces above (I-32). */
    protected void status(LowerInterface from, StatusIndication indication) {
        for (int i = 0; i < uppers.size(); i++) {
            if (uppers.get(i).adapter() != null) {
                uppers.get(i).adapter().statusIndication(indication);
            }
        }
    }

    /** An event of a neighbor, its block with our handle; its answer is written into the block. */
    protected void neighborEvent(LowerInterface from, long blockRef, OffloadEvent event) {
        long own = block.wrap(blockRef).ndisOffloadHandle();
        int entry = indicated(from, own, true);
        if (entry < 0) {
            return;
        }
        block.wrap(blockRef).ndisOffloadHandle(entries.upperHandle(entry));
        upperOf(entry).adapter().offloadEventIndicate(blockRef, event);
        block.wrap(blockRef).ndisOffloadHandle(own);
    }

    /** A request to the adapter as a whole: down as it is. */
    protected void oidRequest(UpperInterface from, long request) {
        if (!offersChimney() && asksForChimney(request)) {
            from.oidRefusals().add(request, OffloadStatus.NOT_SUPPORTED);
        } else if (oidCalls.open(request, from.number())) {
            lower().binding().oidRequest(request);
        } else {
            from.oidRefusals().add(request, OffloadStatus.RESOURCES);
        }
    }

    private boolean asksForChimney(long request) {
        int what = oid.wrap(request).oid();
        return oid.type() == OidRequest.REQUEST_QUERY
                && (what == Oid.TCP_TASK_OFFLOAD.code()
                        || what == Oid.TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG.code()
                        || what == Oid.TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES.code());
    }

    /** And up, to the face that it came from. */
    protected void oidRequestComplete(LowerInterface from, long request) {
        int face = oidCalls.close(request);
        if (face >= 0) {
            uppers.get(face).adapter().oidRequestComplete(request);
        } else {
            strayCalls++;
        }
    }

    /** Ordinary frames, down. */
    protected void sendFrames(UpperInterface from, long netBufferLists) {
        routing.sendFrames(from, lower(), netBufferLists);
    }

    /** Ordinary frames that were sent. */
    protected void framesSent(LowerInterface from, long netBufferLists) {
        routing.framesSent(netBufferLists);
    }

    /** Ordinary frames, up. */
    protected void receiveFrames(LowerInterface from, long netBufferLists) {
        routing.receiveFrames(from, netBufferLists);
    }

    /** Received frames come back. */
    protected void returnFrames(UpperInterface from, long netBufferLists) {
        routing.returnFrames(netBufferLists);
    }

    // ---- Duty cycle.

    /**
     * A turn: what this driver answers itself, then what lies below. A driver that has work of its
     * own overrides this and calls it on.
     *
     * @param nowNanos monotonic time
     * @return how much was done; 0 = idle
     */
    protected int doWork(long nowNanos) {
        lastNow = nowNanos;
        int work = 0;
        for (int i = 0; i < uppers.size(); i++) {
            work += uppers.get(i).completeRefusals();
        }
        for (int i = 0; i < lowers.size(); i++) {
            work += lowers.get(i).binding().doWork(nowNanos);
        }
        return work;
    }

    /** When the next turn is due if nothing arrives before, or Long.MAX_VALUE. */
    protected long nextDeadline() {
        for (int i = 0; i < uppers.size(); i++) {
            if (!uppers.get(i).idle()) {
                return lastNow;
            }
        }
        long next = Long.MAX_VALUE;
        for (int i = 0; i < lowers.size(); i++) {
            next = Math.min(next, lowers.get(i).binding().nextDeadline());
        }
        return next;
    }

    // ---- For people and tests.

    /** Offload entries, call entries, waiting operations, contexts held: all 0 at rest. */
    public Map<String, Integer> held() {
        int refused = 0;
        for (UpperInterface each : uppers) {
            refused += each.refusals().operations();
        }
        return Map.of(
                "offload entries", entries.held(),
                "call entries", propagation.callsHeld(),
                "waiting operations", propagation.operationsWaiting() + refused,
                "list contexts", routing.contextsHeld(),
                "OID calls", oidCalls.held());
    }

    /** What it counts, and what it holds now. A driver with figures of its own adds them. */
    public DriverFigures figures() {
        Map<String, Long> levels = new TreeMap<>();
        held().forEach((name, count) -> levels.put(name, count.longValue()));
        Map<String, Long> counters = new TreeMap<>();
        counters.put("stale tokens", staleTokens());
        counters.put("stray calls", strayCalls());
        return new DriverFigures(counters, levels);
    }

    /** Calls from above with a token that names nothing. */
    public final long staleTokens() {
        return staleTokens + propagation.staleReferences();
    }

    /** Completions and indications from below that belong to nothing here. */
    public final long strayCalls() {
        return strayCalls + propagation.strayCalls() + routing.strayLists();
    }

    /** Frees its memory. Nothing may be offloaded through it any more. */
    @Override
    public void close() {
        propagation.close();
    }

    // ---- From the faces.

    final void ioByToken(UpperInterface from, IoKind kind, long token, long chain, int flags) {
        int entry = entries.find(token);
        if (entry < 0 || entries.upper(entry) != from.number()) {
            staleTokens++;
            staleToken(kind, token);
            from.refusals().io(kind).add(chain, OffloadStatus.INVALID_STATE);
        } else {
            io(kind, entry, chain, flags);
        }
    }

    /** The object that an indication from below is for, or -1, which is counted. */
    final int indicated(LowerInterface from, long handle, boolean event) {
        int entry = entries.ofHandle(handle);
        if (entry < 0 || !entries.offloaded(entry) || entries.lower(entry) != from.number()) {
            strayCalls++;
            strayIndication(entry, handle, event);
            return -1;
        }
        return entry;
    }
}
