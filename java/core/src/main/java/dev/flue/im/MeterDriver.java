// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Changes nothing and accounts: what each connection sent, received and was told, and how long its
 * sends took ({@link MeterReading}, {@link Latency}). Figures of a connection are those of one
 * offload: they are gone when it is taken back, and begin anew when it is offloaded again. Those of
 * the driver hold all offloads there were, and never go back.
 *
 * <p><b>Time</b> is that of turns: what comes down has the time that was given to the last {@link
 * #doWork}, what comes up that of the turn in which it does. A send takes from its submission until
 * it is complete, which is when the peer has acknowledged all of it; a posted receive likewise
 * until it is handed back filled. Only those that succeed are measured. So a time is wrong by less
 * than the turn before the submission, with the pause behind it, and the turn of the completion; in
 * a duty cycle that polls these are microseconds. A list that comes down before the first turn is
 * counted, and not measured.
 *
 * <p>Every list has a context while it is below: there are as many as the settings say, and what
 * finds none asks for an upload (chimney 7.10). One thread, that of the duty cycle, for the
 * readings too; these allocate, nothing else does after the constructor.
 */
public final class MeterDriver extends IntermediateDriver {
    private static final long NO_TIME = Long.MIN_VALUE;

    private final Latencies latencies;
    private final MeteredConnections connections;
    private final MiniportOffloadBlockList block;
    private final NetBufferList list;
    private final NblView view;
    private final BlockWalk walk;
    private long now = NO_TIME;

    /**
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     */
    public MeterDriver(
            Memory memory, MiniportAdapter lower, int maxObjects, MeterSettings settings) {
        // What takes most memory first: nothing has to be given back when there is not enough.
        this(
                memory,
                lower,
                maxObjects,
                settings.lists(),
                new Latencies(settings.histograms(), settings.digits()));
    }

    private MeterDriver(
            Memory memory,
            MiniportAdapter lower,
            int maxObjects,
            int maxLists,
            Latencies latencies) {
        super(memory, List.of(lower), maxObjects, maxLists);
        this.latencies = latencies.entries(entryLimit());
        this.connections = new MeteredConnections(memory, entryLimit());
        this.block = new MiniportOffloadBlockList(memory);
        this.list = new NetBufferList(memory);
        this.view = new NblView(memory);
        this.walk = new BlockWalk(memory);
    }

    @Override
    public String name() {
        return "meter";
    }

    // ---- Readings.

    /** What was counted of all connections since the driver was made. */
    public MeterReading total() {
        return connections.total();
    }

    /** How long sends took, of all connections since the driver was made. */
    public Latency sends() {
        return latencies.sends();
    }

    /** How long posted receives waited until they were handed back, likewise. */
    public Latency receives() {
        return latencies.receives();
    }

    /** Connections that are there now. */
    public int connectionCount() {
        return (int) entriesThere().count();
    }

    /**
     * Those that have carried the most bytes, at most so many, the busiest first; its time grows
     * with the number of entries.
     */
    public List<MeterConnection> connections(int most) {
        return entriesThere()
                .boxed()
                .sorted(Comparator.comparingLong((Integer each) -> -connections.payload(each)))
                .limit(most)
                .map(each -> connections.connection(each, latencies.sends(each)))
                .toList();
    }

    private IntStream entriesThere() {
        return IntStream.range(0, entryLimit()).filter(connections::isThere);
    }

    @Override
    public Map<String, Integer> held() {
        Map<String, Integer> held = new HashMap<>(super.held());
        held.put("histograms", latencies.held());
        return held;
    }

    @Override
    public DriverFigures figures() {
        DriverFigures figures = super.figures();
        figures.counters().putAll(total().asMap());
        return figures;
    }

    // ---- State.

    @Override
    protected void offering(int entry, long blockRef) {
        if (connections.offering(entry, blockRef)) {
            long chain = block.wrap(blockRef).netBufferListChain();
            count(IoKind.SEND, entry, IoOutcome.REQUESTED, chain);
        }
    }

    /** The tree tells which path a connection goes over, be it a new one or not. */
    @Override
    void goesDown(StateOperation operation, long root) {
        if (operation != StateOperation.INITIATE) {
            return;
        }
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            int entry = entryOf(ref);
            if (entry >= 0 && entries().initiating(entry) && isConnection(ref)) {
                connections.over(entry, walk.under() == 0 ? -1 : entryOf(walk.under()));
            }
        }
    }

    private int entryOf(long blockRef) {
        return entries().ofHandle(block.wrap(blockRef).ndisOffloadHandle());
    }

    @Override
    protected void offloaded(int entry, long blockRef) {
        if (isConnection(blockRef)) {
            connections.offloaded(entry);
            latencies.open(entry);
        }
    }

    @Override
    protected void refused(int entry, long blockRef) {
        if (isConnection(blockRef)) {
            connections.add(entry, MeterReading.REFUSED, 1);
            returned(entry, blockRef);
        }
    }

    @Override
    protected void gone(int entry, long blockRef) {
        if (connections.isThere(entry)) {
            connections.add(entry, MeterReading.UPLOADS, 1);
            returned(entry, blockRef);
            connections.gone(entry);
            latencies.close(entry);
        }
    }

    /**
     * Sends that come back in the block. Of a list that is acknowledged in part the rest comes
     * back: what was acknowledged is what is missing when all lists are back.
     */
    private void returned(int entry, long blockRef) {
        long chain = block.wrap(blockRef).netBufferListChain();
        count(IoKind.SEND, entry, IoOutcome.RETURNED, chain);
        if (chain != 0 && connections.open(entry, IoKind.SEND, 0) == 0) {
            long acknowledged = connections.open(entry, IoKind.SEND, 1);
            connections.add(entry, IoKind.SEND, IoOutcome.DONE, 0, acknowledged);
        }
    }

    private boolean isConnection(long blockRef) {
        return block.wrap(blockRef).type() == StateType.TCP.code();
    }

    // ---- Data.

    @Override
    protected long noteFor(IoKind kind, int entry) {
        return now;
    }

    /** Counted before the call: after it the lists are the target's, but for those it refused. */
    @Override
    protected void io(IoKind kind, int entry, long netBufferLists, int flags) {
        count(kind, entry, IoOutcome.REQUESTED, netBufferLists);
        super.io(kind, entry, netBufferLists, flags);
        if (entries().shortOfMemory(entry)) {
            count(kind, entry, IoOutcome.FAILED, netBufferLists);
        }
    }

    private void count(IoKind kind, int entry, IoOutcome outcome, long chain) {
        int lists = 0;
        long bytes = 0;
        for (long at = chain; at != 0; at = list.wrap(at).next()) {
            lists++;
            bytes += view.length(at);
        }
        connections.add(entry, kind, outcome, lists, bytes);
    }

    @Override
    protected void completed(IoKind kind, int entry, long netBufferList, long note) {
        boolean success = list.wrap(netBufferList).status() == OffloadStatus.SUCCESS.code();
        long transferred = list.bytesTransferred();
        if (!success) {
            connections.add(entry, kind, IoOutcome.DONE, 0, transferred);
            connections.add(entry, kind, IoOutcome.FAILED, 1, view.length(netBufferList));
            return;
        }
        if (kind == IoKind.FORWARD) {
            transferred += view.length(netBufferList); // Its data may have stayed where it was.
        }
        connections.add(entry, kind, IoOutcome.DONE, 1, transferred);
        if (note == NO_TIME) {
            return;
        }
        if (kind == IoKind.SEND) {
            latencies.send(entry, now - note);
        } else if (kind == IoKind.RECEIVE) {
            latencies.receive(now - note);
        }
    }

    @Override
    protected OffloadStatus receiveIndicate(
            int entry, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        int length = view.length(netBufferList);
        OffloadStatus verdict = super.receiveIndicate(entry, netBufferList, status, consumed);
        connections.add(entry, MeterReading.INDICATIONS, 1);
        connections.add(entry, MeterReading.INDICATED_BYTES, length);
        connections.add(
                entry,
                MeterReading.CONSUMED_BYTES,
                switch (verdict) {
                    case SUCCESS -> length;
                    case OFFLOAD_DATA_PARTIALLY_ACCEPTED -> consumed.bytes;
                    default -> 0;
                });
        return verdict;
    }

    @Override
    protected void event(int entry, TcpEvent event, long information) {
        connections.add(entry, MeterReading.figure(event), 1);
        super.event(entry, event, information);
    }

    @Override
    protected int doWork(long nowNanos) {
        now = nowNanos;
        return super.doWork(nowNanos);
    }
}
