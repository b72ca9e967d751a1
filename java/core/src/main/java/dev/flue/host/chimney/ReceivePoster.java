// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.host.link.BufferPool;
import dev.flue.host.tcp.ReceiveQueue;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.offload.OffloadStatus;

/**
 * Posts receives (chimney 5.3): real ones when the stack is told to keep some posted, which the
 * target fills in order instead of indicating; and the one without room that lets a target indicate
 * again what was refused (H-43). Nothing here allocates.
 */
final class ReceivePoster implements AutoCloseable {
    private final ChimneyContext context;
    private final BufferPool records;
    private final ReceivePosts posts;

    /**
     * @param records for receives without room, shared with disconnects
     */
    ReceivePoster(ChimneyContext context, BufferPool records, ReceivePosts posts) {
        this.context = context;
        this.records = records;
        this.posts = posts;
    }

    /** Post what is missing and may be posted. */
    void post(Flow flow) {
        TcpConnection c = flow.connection;
        boolean may =
                flow.state == State.PRESENT
                        && !flow.uploading
                        && !flow.aborting
                        && !c.over()
                        && !c.discards();
        if (may && posts.count() > 0 && !c.peerFinished()) {
            postBuffers(flow, c.receiveQueue(), c.receiveBuffer());
        }
        if (may && flow.refused && c.receiveQueue().held() < c.receiveBuffer() / 2) {
            postNothing(flow);
        }
    }

    private void postBuffers(Flow flow, ReceiveQueue queue, int receiveBuffer) {
        long first = 0;
        long last = 0;
        boolean memoryIsOut = false;
        while (queue.posted() < posts.count()
                && queue.held() + queue.postedBytes() < receiveBuffer) {
            long buffer = queue.post();
            if (buffer == 0) {
                memoryIsOut = true;
                break;
            }
            context.list.wrap(buffer).protocolReserved0(flow.handle);
            context.list.receiveNoPush(posts.push() ? 0 : 1).next(0);
            if (first == 0) {
                first = buffer;
            } else {
                context.list.wrap(last).next(buffer);
            }
            last = buffer;
            context.counters.receivesPosted++;
        }
        if (first != 0) {
            flow.refused = false;
            context.binding.tcpOffloadReceive(flow.handle, first);
        }
        if (memoryIsOut && queue.posted() == 0) {
            context.tcp.awaitBuffers(flow.connection, queue.pool());
        }
    }

    private void postNothing(Flow flow) {
        long record = records.allocate();
        if (record == 0) {
            // The flush asks again: nobody else would, once the application has everything.
            context.tcp.awaitBuffers(flow.connection, records);
            return;
        }
        flow.refused = false;
        context.list.wrap(record).protocolReserved0(flow.handle);
        context.binding.tcpOffloadReceive(flow.handle, record);
    }

    void complete(long netBufferLists) {
        long at = netBufferLists;
        while (at != 0) {
            context.list.wrap(at);
            long next = context.list.next();
            if (records.owns(at)) {
                records.free(at);
            } else {
                filled(at);
            }
            at = next;
        }
    }

    /** Whatever the status: the bytes it counts are received. */
    private void filled(long buffer) {
        Flow flow = context.objects.flow(context.list.protocolReserved0());
        if (flow == null) {
            context.counters.strays++;
            return;
        }
        TcpConnection c = flow.connection;
        int bytes = context.list.bytesTransferred();
        int status = context.list.status();
        boolean wanted = !c.over() && !c.discards();
        c.receiveQueue().filled(buffer, wanted ? bytes : 0);
        context.counters.bytesInPosted += bytes;
        // The end of the stream may be told before the last buffers come back (6.3).
        boolean end = c.peerFinished() && c.receiveQueue().posted() == 0;
        if (wanted && (bytes > 0 || end)) {
            c.readable();
        }
        if (status == OffloadStatus.SUCCESS.code()) {
            context.tcp.markDirty(c);
        }
    }

    @Override
    public void close() {
        records.close();
    }
}
