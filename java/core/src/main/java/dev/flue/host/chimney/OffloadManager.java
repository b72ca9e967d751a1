// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.host.ip.IpLayer;
import dev.flue.host.link.NeighborCache;
import dev.flue.host.tcp.Chimney;
import dev.flue.host.tcp.ConnectionSnapshot;
import dev.flue.host.tcp.OffloadPhase;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.host.tcp.TcpLayer;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The offload side of a host stack: TCP asks here, the binding reports here. It decides what to
 * offload and hands the work to {@link Initiator}, {@link Terminator}, {@link Querier} and {@link
 * FlowIo}. One thread.
 */
public final class OffloadManager implements Chimney, AutoCloseable {
    private final ChimneyContext context;
    private final OffloadPolicy policy;
    private final boolean autoOffload;
    private final Terminator terminator;
    private final Initiator initiator;
    private final Querier querier;
    private final FlowIo io;
    private boolean due;

    /** What a manager is told once. */
    public record Settings(
            boolean chimney,
            boolean autoOffload,
            int maxConnections,
            int receiveBuffer,
            ReceivePosts posts,
            long sourceMac) {}

    public OffloadManager(
            Memory memory,
            Binding binding,
            TcpLayer tcp,
            IpLayer ip,
            NeighborCache neighbors,
            Settings settings,
            ChimneyCounters counters) {
        this.context =
                new ChimneyContext(
                        memory,
                        binding,
                        tcp,
                        ip,
                        neighbors,
                        settings.maxConnections(),
                        settings.sourceMac(),
                        counters);
        this.policy = new OffloadPolicy(context, settings.chimney(), settings.receiveBuffer());
        this.autoOffload = settings.autoOffload();
        this.terminator = new Terminator(context);
        this.io = new FlowIo(context, terminator, settings.posts(), settings.receiveBuffer());
        this.initiator = new Initiator(context, terminator, io);
        this.querier = new Querier(context, terminator);
        neighbors.listener(
                new NeighborCache.Listener() {
                    @Override
                    public void macChanged(IpAddress hop, long mac) {
                        uploadOver(hop, "the MAC address of its next hop changed");
                    }

                    @Override
                    public void unreachable(IpAddress hop) {
                        uploadOver(hop, "its next hop does not answer");
                    }
                });
        tcp.chimney(this);
    }

    // ---- What TCP asks.

    @Override
    public void established(TcpConnection connection) {
        if (autoOffload) {
            request(connection);
        }
    }

    @Override
    public void offload(TcpConnection connection) {
        request(connection);
    }

    private void request(TcpConnection connection) {
        String objection = policy.objection(connection.remoteAddress());
        if (objection != null) {
            connection.offloadCause(objection);
            return;
        }
        due = true;
        initiator.request(connection);
    }

    @Override
    public void upload(TcpConnection connection) {
        due = true;
        if (connection.phase() == OffloadPhase.REQUESTED) {
            initiator.cancel(connection, "taken back by the application");
        } else {
            terminator.upload((Flow) connection.flow(), "taken back by the application");
        }
    }

    @Override
    public void cancelled(TcpConnection connection) {
        initiator.cancel(connection, "it is closed");
    }

    @Override
    public void flush(TcpConnection connection) {
        io.flush((Flow) connection.flow());
    }

    @Override
    public void consumed(TcpConnection connection) {
        io.consumed((Flow) connection.flow());
    }

    @Override
    public void segment(TcpConnection connection, ByteBuffer buffer, int at, int length) {
        io.segment((Flow) connection.flow(), buffer, at, length);
    }

    @Override
    public void abort(TcpConnection connection) {
        due = true;
        io.abort((Flow) connection.flow());
    }

    @Override
    public void giveBack(long netBufferList) {
        due = true;
        context.returns.add(netBufferList);
    }

    @Override
    public void pathMtu(IpAddress destination, int mtu) {
        uploadWhere(
                flow -> flow.path.destination.equals(destination) && flow.path.mtu > mtu,
                "its path MTU changed");
    }

    private void uploadOver(IpAddress hop, String cause) {
        uploadWhere(flow -> flow.path.neighbor.nextHop.equals(hop), cause);
    }

    private void uploadWhere(Predicate<Flow> which, String cause) {
        context.objects.forEachFlow(
                flow -> {
                    if (which.test(flow)) {
                        due = true;
                        terminator.upload(flow, cause);
                    }
                });
    }

    // ---- What the binding reports.

    public void initiateOffloadComplete(long root) {
        initiator.complete(root);
    }

    public void queryOffloadComplete(long root) {
        querier.complete(root);
    }

    public void terminateOffloadComplete(long root) {
        terminator.complete(root);
    }

    public void tcpOffloadSendComplete(long netBufferLists) {
        io.sendComplete(netBufferLists);
    }

    public void tcpOffloadReceiveComplete(long netBufferLists) {
        io.receiveComplete(netBufferLists);
    }

    public void tcpOffloadDisconnectComplete(long netBufferList) {
        io.disconnectComplete(netBufferList);
    }

    public void tcpOffloadForwardComplete(long netBufferLists) {
        io.forwardComplete(netBufferLists);
    }

    public OffloadStatus tcpOffloadReceiveIndicate(
            long handle, long netBufferList, BytesConsumed consumed) {
        return io.indicate(handle, netBufferList, consumed);
    }

    public void tcpOffloadEvent(long handle, TcpEvent event, long information) {
        io.event(handle, event, information);
    }

    /** H-31, H-32. */
    public void statusIndication(StatusIndication indication) {
        switch (indication) {
            case OFFLOAD_PAUSE -> pause();
            case UPLOAD_ALL -> {
                pause();
                uploadWhere(flow -> true, "the target gave everything back");
            }
            case OFFLOAD_RESUME -> {
                context.capabilities = context.binding.miniport().capabilities();
                context.refusals.relent();
                policy.paused(false);
            }
        }
    }

    private void pause() {
        policy.paused(true);
        initiator.cancelAll("the target pauses offloading");
    }

    // ---- The turn.

    /** Let the clock know the time before anything else of a turn. */
    public void now(long time) {
        context.now = time;
    }

    /** Start the operations that may start now. Frames sent before must have gone down. */
    public int run() {
        due = false;
        return initiator.run() + terminator.run() + querier.run() + context.returns.flush();
    }

    /** Whether something asked for waits for {@link #run}. */
    public boolean due() {
        return due;
    }

    /** Stop offloading for good, bring everything back. */
    public void uploadAll() {
        policy.stop();
        initiator.cancelAll("the stack is giving up offloading");
        uploadWhere(flow -> true, "the stack took everything back");
        due = true;
    }

    /** Nothing is offloaded and nothing is under way. */
    public boolean quiescent() {
        return initiator.idle()
                && terminator.idle()
                && querier.idle()
                && context.objects.isEmpty()
                && io.recordsHeld() == 0
                && io.forwardsOut() == 0
                && context.returns.waiting() == 0;
    }

    /** Connections that a target has. */
    public int offloadedCount() {
        return context.objects.present();
    }

    public void query(Consumer<List<ConnectionSnapshot>> done) {
        due = true;
        querier.query(done);
    }

    /** What a target has, for {@link ObjectTree}. */
    ObjectTable objects() {
        return context.objects;
    }

    public int blocksHeld() {
        return context.blocks.held();
    }

    public int handlesHeld() {
        return context.objects.handlesHeld();
    }

    public int recordsHeld() {
        return io.recordsHeld();
    }

    @Override
    public void close() {
        context.objects.close();
        context.blocks.close();
        io.close();
    }
}
