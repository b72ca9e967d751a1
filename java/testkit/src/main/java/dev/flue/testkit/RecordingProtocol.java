// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * A protocol edge that writes down what comes up, for tests of drivers and targets. Frames are
 * copied and given back at once; of receive indications it takes what {@link #taking} says.
 */
public final class RecordingProtocol implements Protocol {
    /** A completed state operation: "initiate", "query", "update", "invalidate", "terminate". */
    public record Completion(String operation, long root) {}

    /** A completed NBL: "send", "receive", "disconnect", "forward". */
    public record IoCompletion(String operation, long netBufferList, int status, int bytes) {}

    /** Data that was indicated, copied; {@code taken} bytes of it were accepted. */
    public record Indication(long handle, long netBufferList, byte[] data, int taken) {}

    public record Event(long handle, TcpEvent event, long information) {}

    /** A neighbor's event. */
    public record NeighborEvent(long handle, OffloadEvent event) {}

    private final NblReader reader;
    private final ProtocolOffloadBlockList block;
    private final NeighborCached cached;
    private final List<NeighborEvent> neighborEvents = new ArrayList<>();
    private final List<Long> oids = new ArrayList<>();
    private int reachabilityDelta;
    private final NetBufferList nbl;
    private final List<Completion> completions = new ArrayList<>();
    private final List<IoCompletion> io = new ArrayList<>();
    private final List<Indication> indications = new ArrayList<>();
    private final List<Event> events = new ArrayList<>();
    private final List<StatusIndication> statuses = new ArrayList<>();
    private final List<byte[]> frames = new ArrayList<>();
    private final List<Long> sentFrames = new ArrayList<>();
    private ToIntFunction<byte[]> verdict = data -> data.length;
    private Runnable onCompletion = () -> {};
    private Binding binding;

    public RecordingProtocol(Memory memory) {
        this.reader = new NblReader(memory);
        this.block = new ProtocolOffloadBlockList(memory);
        this.cached = new NeighborCached(memory);
        this.nbl = new NetBufferList(memory);
    }

    /** The binding below; needed to give frames back. */
    public void bind(Binding lower) {
        binding = lower;
    }

    public Binding binding() {
        return binding;
    }

    /** The HRD it answers neighbor events with (H-33). */
    public void reachabilityDelta(int ticks) {
        reachabilityDelta = ticks;
    }

    public List<NeighborEvent> neighborEvents() {
        return neighborEvents;
    }

    /** OID requests that completed. */
    public List<Long> oids() {
        return oids;
    }

    /** How many bytes of an indication to accept; all unless set. */
    public void taking(ToIntFunction<byte[]> bytes) {
        verdict = bytes;
    }

    /** Runs inside each completion of a state operation: handlers may submit. */
    public void onCompletion(Runnable action) {
        onCompletion = action;
    }

    public List<Completion> completions() {
        return completions;
    }

    public List<IoCompletion> io() {
        return io;
    }

    public List<Indication> indications() {
        return indications;
    }

    public List<Event> events() {
        return events;
    }

    public List<StatusIndication> statuses() {
        return statuses;
    }

    /** Frames received, copied. */
    public List<byte[]> frames() {
        return frames;
    }

    /** Free the frames whose sending has completed. How many. */
    public int takeSentFrames(NblPool pool) {
        int count = sentFrames.size();
        sentFrames.forEach(pool::free);
        sentFrames.clear();
        return count;
    }

    @Override
    public void initiateOffloadComplete(long root) {
        completed("initiate", root);
    }

    @Override
    public void queryOffloadComplete(long root) {
        completed("query", root);
    }

    @Override
    public void updateOffloadComplete(long root) {
        completed("update", root);
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        completed("invalidate", root);
    }

    @Override
    public void terminateOffloadComplete(long root) {
        completed("terminate", root);
    }

    private void completed(String operation, long root) {
        completions.add(new Completion(operation, root));
        onCompletion.run();
    }

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        record("send", netBufferLists);
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {
        record("receive", netBufferLists);
    }

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {
        record("disconnect", netBufferList);
    }

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {
        record("forward", netBufferLists);
    }

    private void record(String operation, long chain) {
        for (long ref = chain; ref != 0; ref = nbl.next()) {
            nbl.wrap(ref);
            io.add(new IoCompletion(operation, ref, nbl.status(), nbl.bytesTransferred()));
        }
    }

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        byte[] data = reader.bytes(netBufferList);
        int taken = verdict.applyAsInt(data);
        indications.add(new Indication(offloadHandle, netBufferList, data, taken));
        consumed.bytes = taken;
        if (taken == data.length) {
            return OffloadStatus.SUCCESS;
        }
        return taken == 0
                ? OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED
                : OffloadStatus.OFFLOAD_DATA_PARTIALLY_ACCEPTED;
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        events.add(new Event(offloadHandle, event, information));
    }

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {
        neighborEvents.add(new NeighborEvent(this.block.wrap(block).offloadHandle(), event));
        cached.wrap(block + StateOffsets.NEIGHBOR_CACHED).hostReachabilityDelta(reachabilityDelta);
    }

    @Override
    public void oidRequestComplete(long request) {
        oids.add(request);
    }

    @Override
    public void statusIndication(StatusIndication indication) {
        statuses.add(indication);
    }

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        for (long ref = netBufferLists; ref != 0; ref = nbl.wrap(ref).next()) {
            frames.add(reader.bytes(ref));
        }
        binding.returnNetBufferLists(netBufferLists);
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        for (long ref = netBufferLists; ref != 0; ref = nbl.wrap(ref).next()) {
            sentFrames.add(ref);
        }
    }
}
