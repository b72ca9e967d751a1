// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Two or more targets as one. Each connection is at one member, its home, which the last bits of
 * its flow hash choose from a table as a device with receive-side scaling chooses the queue;
 * neighbors and paths are at each member that has connections over them. When a member pauses,
 * gives everything back or loses its link, its connections move to the others, and when it returns,
 * those whose home it is move back: the host is asked to take them back, and then to offload them
 * anew, which loses no byte (I-24).
 *
 * <p>The team has the MAC address of its first member. Ordinary frames go through the first member
 * whose link is up, and come from any; frames that the team sent itself and a switch brought back
 * are dropped. Each time members come or go the host is told that the capabilities changed (I-25),
 * and announces its addresses.
 */
public final class TeamDriver extends IntermediateDriver {
    /** Entries of the table of homes. A flow hash belongs to that of its last seven bits. */
    public static final int BUCKETS = 128;

    /** Blocks beyond those that name every object at every member. */
    private static final int SPARE_BLOCKS = 64;

    private static final int SOURCE_MAC_AT = 6;
    private static final long MAC_MASK = 0xffff_ffff_ffffL;

    private final TeamMembers members;
    private final TeamObjects objects;
    private final TeamArrivals arrivals;
    private final TeamMoves moves;
    private final TeamPropagation propagation;
    private final TeamRequests requests;
    private final ProtocolOffloadBlockList block;
    private final NblView frames;
    private final long ownMac;
    private long now;

    /**
     * What a team is told once.
     *
     * @param maxObjects neighbors, paths and connections at a time
     * @param maxLists sends, posted receives and other I/O below at a time
     * @param movesPerTurn connections asked back in one turn of the duty cycle, at most
     */
    public record Settings(int maxObjects, int maxLists, int movesPerTurn) {
        /** For so many connections. */
        public static Settings of(int connections) {
            return new Settings(2 * connections + 16, 4 * connections + 1024, 256);
        }
    }

    /**
     * @param below the members, 2 to 15; each MAC address but the first one's is not used when they
     *     can send with another
     */
    public TeamDriver(Memory memory, List<MiniportAdapter> below, Settings settings) {
        super(
                memory,
                below,
                Math.multiplyExact(settings.maxObjects(), below.size() + 1),
                settings.maxLists());
        LowerInterface[] faces = new LowerInterface[below.size()];
        for (int i = 0; i < faces.length; i++) {
            faces[i] = lower(i);
        }
        int blocks = Math.multiplyExact(settings.maxObjects(), faces.length) + SPARE_BLOCKS;
        int entries = entries().available();
        this.block = new ProtocolOffloadBlockList(memory);
        this.frames = new NblView(memory);
        this.members = new TeamMembers(faces);
        this.ownMac = Long.reverseBytes(members.mac()) >>> 16;
        ArrayDeque<Runnable> made = new ArrayDeque<>();
        made.push(super::close);
        try {
            this.objects =
                    new TeamObjects(memory, entries(), members, upper(), settings.maxObjects());
            made.push(objects::close);
            this.arrivals = new TeamArrivals(memory, this, entries, TeamPropagation.CALLS);
            made.push(arrivals::close);
            this.moves = new TeamMoves(this, members, objects, arrivals, settings.movesPerTurn());
            this.propagation =
                    new TeamPropagation(memory, this, members, objects, arrivals, moves, blocks);
            made.push(propagation::close);
            this.requests = new TeamRequests(memory, this, members);
        } catch (OutOfMemoryError memoryIsOut) {
            made.forEach(Runnable::run);
            throw memoryIsOut;
        }
    }

    @Override
    public String name() {
        return "team";
    }

    /** Connections that moved, to another member or back home. */
    public long moved() {
        return moves.moved();
    }

    /**
     * Changes the table of homes: connections of this bucket belong to that member from now on.
     * Those that are elsewhere move, if it is active and has room, as they do when a member
     * returns. At first bucket {@code n} belongs to member {@code n % members}. On the thread that
     * turns the driver, not from a handler.
     *
     * @param bucket 0 to {@link #BUCKETS} - 1
     * @param member 0 to the number of members - 1
     * @throws IndexOutOfBoundsException there is no such bucket or member
     */
    public void assign(int bucket, int member) {
        members.home(
                Objects.checkIndex(bucket, BUCKETS), Objects.checkIndex(member, members.count()));
        moves.due();
    }

    /** The member that connections of this flow hash belong to. */
    public int homeOf(int flowHash) {
        return members.home(flowHash);
    }

    /** Connections at a member. */
    public int connectionsAt(int member) {
        return members.connections(member);
    }

    /** The smallest common ones of the members that are active; room for connections adds up. */
    @Override
    protected Capabilities capabilities(UpperInterface face) {
        return members.common(name());
    }

    // ---- State.

    @Override
    protected void stateOperation(UpperInterface from, StateOperation operation, long root) {
        propagation.submit(from, operation, root);
    }

    @Override
    protected void stateOperationComplete(
            LowerInterface from, StateOperation operation, long root) {
        propagation.complete(from, operation, root);
    }

    // ---- Data, events.

    @Override
    protected void ioComplete(LowerInterface from, IoKind kind, long netBufferLists) {
        long chain = kind == IoKind.RECEIVE ? arrivals.strip(netBufferLists) : netBufferLists;
        if (chain != 0) {
            super.ioComplete(from, kind, chain);
        }
    }

    @Override
    protected OffloadStatus receiveIndicate(
            int entry, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        if (arrivals.early(entry)) {
            arrivals.refused(entry);
            consumed.bytes = 0;
            return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
        }
        return super.receiveIndicate(entry, netBufferList, status, consumed);
    }

    @Override
    protected void event(int entry, TcpEvent event, long information) {
        if (arrivals.early(entry)) {
            arrivals.missed(entry, event, information);
        } else {
            super.event(entry, event, information);
        }
    }

    /** Of one whose initiate is not complete above the block goes back as it came. */
    @Override
    protected void neighborEvent(LowerInterface from, long blockRef, OffloadEvent event) {
        int entry = entries().ofHandle(block.wrap(blockRef).offloadHandle());
        if (entry < 0 || entries().offloaded(objects.owner(entry))) {
            super.neighborEvent(from, blockRef, event);
        }
    }

    // ---- Members come and go.

    @Override
    protected void status(LowerInterface from, StatusIndication indication) {
        int before = members.activeOnes();
        boolean linkBefore = members.anyLink();
        members.heard(from.number(), indication);
        int after = members.activeOnes();
        if (linkBefore != members.anyLink()) {
            tell(
                    from,
                    linkBefore
                            ? StatusIndication.MEDIA_DISCONNECT
                            : StatusIndication.MEDIA_CONNECT);
        }
        if (after == 0) {
            if (members.anyGaveBack() && indication != StatusIndication.MEDIA_CONNECT) {
                tell(from, StatusIndication.UPLOAD_ALL);
            } else if (before != 0) {
                tell(from, StatusIndication.OFFLOAD_PAUSE);
            }
            return;
        }
        moves.due();
        if (before == 0) {
            tell(from, StatusIndication.OFFLOAD_RESUME);
        }
        if (before != after
                || indication == StatusIndication.TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES) {
            tell(from, StatusIndication.TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES);
        }
    }

    private void tell(LowerInterface from, StatusIndication indication) {
        super.status(from, indication);
    }

    // ---- The team as a whole.

    @Override
    protected void oidRequest(UpperInterface from, long request) {
        requests.submit(from, request);
    }

    @Override
    protected void oidRequestComplete(LowerInterface from, long request) {
        requests.complete(from, request);
    }

    // ---- Frames.

    @Override
    protected void sendFrames(UpperInterface from, long netBufferLists) {
        routing().sendFrames(from, lower(members.forFrames()), netBufferLists);
    }

    /** A switch may bring back through one member what another one sent to a group. */
    @Override
    protected UpperInterface receiverOf(LowerInterface from, long netBufferList) {
        int bytes = frames.sample(netBufferList, SOURCE_MAC_AT);
        boolean own = bytes >= SOURCE_MAC_AT && (frames.sampled & MAC_MASK) == ownMac;
        return own ? null : upper();
    }

    // ---- Duty cycle.

    @Override
    protected int doWork(long nowNanos) {
        now = nowNanos;
        int work = propagation.run(nowNanos);
        work += moves.run();
        work += arrivals.run();
        work += clear();
        if (moves.takeBack() && members.activeOnes() != 0) {
            tell(lower(), StatusIndication.OFFLOAD_RESUME);
            work++;
        }
        return work + super.doWork(nowNanos);
    }

    /** A member that wants everything back gets what no connection needs there any more. */
    private int clear() {
        int cleared = 0;
        for (int member = 0; member < members.count(); member++) {
            if (clears(member)) {
                cleared += clear(member);
            }
        }
        return cleared;
    }

    private boolean clears(int member) {
        return members.gaveBack(member)
                && members.connections(member) == 0
                && objects.at(member) > 0;
    }

    private int clear(int member) {
        for (int entry = 0; entry < objects.capacity(); entry++) {
            if (objects.idle(entry) && entries().lower(entry) == member) {
                return propagation.terminate(entry, member) ? 1 : 0;
            }
        }
        return 0;
    }

    @Override
    protected long nextDeadline() {
        boolean due = propagation.due() || arrivals.due() || !moves.idle();
        for (int member = 0; member < members.count() && !due; member++) {
            due = clears(member);
        }
        return due ? now : super.nextDeadline();
    }

    // ---- For people and tests.

    @Override
    public Map<String, Integer> held() {
        Map<String, Integer> held = new TreeMap<>(super.held());
        held.put("team objects", objects.held());
        held.put("team calls", propagation.callsHeld());
        held.put("team blocks", propagation.blocksHeld());
        held.put(
                "waiting operations",
                propagation.operationsWaiting() + held.get("waiting operations"));
        held.put("zero-byte receives", arrivals.postsHeld());
        held.put("team requests", requests.held());
        return held;
    }

    @Override
    public void close() {
        requests.close();
        propagation.close();
        arrivals.close();
        objects.close();
        super.close();
    }
}
