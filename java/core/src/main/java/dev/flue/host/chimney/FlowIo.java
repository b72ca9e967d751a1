// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.host.link.BufferPool;
import dev.flue.host.tcp.Fins;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.host.tcp.WaitingSegments;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Miniport;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;
import java.nio.ByteBuffer;

/**
 * The data of offloaded connections: sends, disconnects, forwards and receives down, completions,
 * indications and events up. Nothing here allocates.
 */
final class FlowIo implements AutoCloseable {
    private static final int RECORDS_FIRST = 64;
    private static final int RECORDS_MAX = 65536;
    private static final int RECORD_BYTES = 8;

    private final ChimneyContext context;
    private final Terminator terminator;
    private final NetBuffer netBuffer;

    private final WaitingSegments waiting;

    /** NBLs without data: disconnects and zero-byte receives. */
    private final BufferPool records;

    private final OffloadPolicy policy;
    private final ReachabilityWatch watch;
    private final ReceivePoster poster;
    private int forwarded;

    FlowIo(
            ChimneyContext context,
            Terminator terminator,
            ReceivePosts posts,
            OffloadPolicy policy,
            ReachabilityWatch watch) {
        this.context = context;
        this.terminator = terminator;
        this.policy = policy;
        this.watch = watch;
        this.netBuffer = new NetBuffer(context.memory);
        this.waiting = new WaitingSegments(context.tcp);
        this.records = new BufferPool(context.memory, RECORD_BYTES, RECORDS_FIRST, RECORDS_MAX);
        this.poster = new ReceivePoster(context, records, posts);
    }

    int recordsHeld() {
        return records.held();
    }

    int forwardsOut() {
        return forwarded;
    }

    // ---- Down.

    /** The target has it: forward what was held (H-13), then send what waited. */
    void start(Flow flow) {
        if (flow.abortWanted) {
            flow.abortWanted = false;
            abort(flow);
            flow.held.clear();
            return;
        }
        if (!flow.uploadWanted) {
            for (long s = nextKept(flow); s != 0; s = nextKept(flow)) {
                forward(flow, s);
            }
        }
        context.tcp.markDirty(flow.connection);
    }

    /** What waits behind a hole first: it came first. What a target gives back stays here. */
    private long nextKept(Flow flow) {
        if (flow.uploading) {
            return 0;
        }
        long segment = waiting.next(flow.connection);
        if (segment != 0) {
            context.list.wrap(segment).flags(NetBufferList.FLAG_TOLD);
            context.counters.segmentsMoved++;
            return segment;
        }
        return flow.held.poll();
    }

    /** Send what is queued, and the FIN behind it. */
    void flush(Flow flow) {
        if (flow.state != State.PRESENT || flow.uploading || flow.aborting) {
            return;
        }
        TcpConnection c = flow.connection;
        consumed(flow);
        if (!c.sendQueue().makeLendable()) {
            context.tcp.awaitBuffers(c);
            return;
        }
        long chain = c.sendQueue().lend(flow.handle);
        if (chain != 0) {
            watch.beforeSend(flow.path.neighbor);
            context.binding.tcpOffloadSend(flow.handle, chain);
        }
        if (c.finQueued() && !flow.finHandedOver && !c.over()) {
            flow.finHandedOver = disconnect(flow, Miniport.DISCONNECT_GRACEFUL);
            if (!flow.finHandedOver) {
                terminator.upload(flow, "out of records");
            }
        }
    }

    /** RST, now or when its initiate is done. */
    void abort(Flow flow) {
        if (flow.state == State.INITIATING) {
            flow.abortWanted = true;
        } else if (flow.state == State.PRESENT && !flow.uploading) {
            flow.aborting = disconnect(flow, Miniport.DISCONNECT_ABORTIVE);
            flow.abortWanted = !flow.aborting;
            terminator.upload(flow, "aborted");
        } else {
            // On its way back: the stack resets it itself.
            flow.abortWanted = true;
        }
    }

    private boolean disconnect(Flow flow, int flags) {
        long record = record(flow);
        if (record != 0) {
            context.list.wrap(record).protocolReserved1(flags);
            context.binding.tcpOffloadDisconnect(flow.handle, record, flags);
        }
        return record != 0;
    }

    private long record(Flow flow) {
        long record = records.allocate();
        if (record != 0) {
            context.list.wrap(record).protocolReserved0(flow.handle);
        }
        return record;
    }

    /** A segment came here that is the target's. */
    void segment(Flow flow, ByteBuffer buffer, int at, int length, boolean marked) {
        if (flow.connection.over()) {
            return;
        }
        if (flow.state == State.PRESENT && !flow.uploading) {
            long copy = HeldSegments.copy(context.tcp.segments(), buffer, at, length, marked);
            if (copy != 0) {
                forward(flow, copy);
            } else {
                context.counters.segmentsNotForwarded++;
            }
        } else if (flow.held.hold(buffer, at, length, marked)) {
            context.counters.segmentsHeld++;
        } else {
            context.counters.segmentsNotHeld++;
        }
    }

    private void forward(Flow flow, long segment) {
        context.list.wrap(segment).protocolReserved0(flow.handle);
        context.counters.segmentsForwarded++;
        forwarded++;
        context.binding.tcpOffloadForward(flow.handle, segment);
    }

    /** The application took data: the target may indicate again once half is free (H-43). */
    void consumed(Flow flow) {
        poster.post(flow);
    }

    // ---- Up: completions.

    void sendComplete(long netBufferLists) {
        long at = netBufferLists;
        while (at != 0) {
            long next = context.list.wrap(at).next();
            Flow flow = context.objects.flow(context.list.protocolReserved0());
            if (flow == null) {
                context.counters.strays++;
            } else {
                sent(flow, at, context.list.status());
            }
            at = next;
        }
    }

    /** H-38, H-39: what the target did not do stays queued, and is done here after the upload. */
    private void sent(Flow flow, long netBufferList, int status) {
        TcpConnection c = flow.connection;
        boolean done =
                status == OffloadStatus.SUCCESS.code()
                        || status == OffloadStatus.REQUEST_ABORTED.code();
        if (!done) {
            terminator.upload(flow, "the target gave sends back");
            return;
        }
        if (!c.sendQueue().completed(netBufferList)) {
            context.counters.strays++;
            return;
        }
        c.roomGrew();
    }

    void receiveComplete(long netBufferLists) {
        poster.complete(netBufferLists);
    }

    void disconnectComplete(long netBufferList) {
        context.list.wrap(netBufferList);
        Flow flow = context.objects.flow(context.list.protocolReserved0());
        boolean abortive = context.list.protocolReserved1() == Miniport.DISCONNECT_ABORTIVE;
        int status = context.list.status();
        records.free(netBufferList);
        if (flow == null) {
            context.counters.strays++;
        } else if (abortive) {
            flow.aborting = false;
        } else if (status == OffloadStatus.SUCCESS.code()) {
            Fins.acknowledged(flow.connection);
            uploadWhenClosed(flow);
        } else if (status != OffloadStatus.REQUEST_ABORTED.code()) {
            // Never again here (H-40): EXT says how far the FIN got, the stack does the rest.
            terminator.upload(flow, "the target gave the disconnect back");
        }
    }

    private void uploadWhenClosed(Flow flow) {
        if (Fins.both(flow.connection)) {
            terminator.upload(flow, "");
        }
    }

    void forwardComplete(long netBufferLists) {
        BufferPool segments = context.tcp.segments();
        long at = netBufferLists;
        while (at != 0) {
            context.list.wrap(at);
            long next = context.list.next();
            boolean unprocessed =
                    context.list.status() == OffloadStatus.UPLOAD_IN_PROGRESS.code()
                            || context.list.status() == OffloadStatus.REQUEST_UPLOAD.code()
                            || context.list.status() == OffloadStatus.UPLOAD_REQUESTED.code();
            Flow flow = context.objects.flow(context.list.protocolReserved0());
            forwarded--;
            if (unprocessed && flow != null && !flow.connection.over()) {
                flow.held.append(at);
                terminator.upload(flow, "the target gave segments back");
            } else {
                segments.free(at);
            }
            at = next;
        }
    }

    // ---- Up: indications and events.

    OffloadStatus indicate(long handle, long netBufferList, BytesConsumed consumed) {
        Flow flow = context.objects.flow(handle);
        int length = netBuffer.wrap(context.list.wrap(netBufferList).firstNetBuffer()).dataLength();
        if (flow == null) {
            context.counters.strays++;
        }
        if (flow == null || flow.connection.over() || flow.connection.discards()) {
            consumed.bytes = length;
            context.returns.add(netBufferList);
            if (flow != null) {
                flow.connection.lostToClose();
            }
            return OffloadStatus.SUCCESS;
        }
        TcpConnection c = flow.connection;
        if (c.receiveQueue().held() >= c.receiveBuffer()) {
            consumed.bytes = 0;
            flow.refused = true;
            context.counters.indicationsRefused++;
            return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
        }
        consumed.bytes = length;
        c.receiveQueue().appendLent(netBufferList, length);
        c.readable();
        return OffloadStatus.SUCCESS;
    }

    void event(long handle, TcpEvent event, long information) {
        Flow flow = context.objects.flow(handle);
        if (flow == null) {
            context.counters.strays++;
            return;
        }
        switch (event) {
            case DISCONNECT -> {
                Fins.received(flow.connection);
                uploadWhenClosed(flow);
            }
            case ABORT -> {
                flow.connection.resetByPeer();
                terminator.upload(flow, "reset by peer");
            }
            case RETRIEVE -> retrieve(flow, (int) information);
            case SEND_BACKLOG_CHANGE -> {}
        }
    }

    /** H-29. */
    private void retrieve(Flow flow, int code) {
        UploadReason reason = UploadReason.of(code);
        boolean optional =
                reason != null
                        && switch (reason) {
                            case LOW_ACTIVITY,
                                    HIGH_DROP_RATE,
                                    SMALL_IO,
                                    NO_BUFFER_PREPOSTING,
                                    HIGH_FRAGMENTATION,
                                    HIGH_OUT_OF_ORDER_PACKETS ->
                                    true;
                            default -> false;
                        };
        if (optional && !policy.grants(flow.connection, reason)) {
            context.counters.uploadsIgnored++;
            return;
        }
        context.counters.uploadsRequested++;
        terminator.upload(flow, "the target gave it back: " + reason);
    }

    @Override
    public void close() {
        poster.close();
    }
}
