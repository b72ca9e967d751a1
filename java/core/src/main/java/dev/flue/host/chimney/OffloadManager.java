// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.host.ip.IpLayer;
import dev.flue.host.link.NeighborCache;
import dev.flue.host.link.Unfinished;
import dev.flue.host.tcp.Chimney;
import dev.flue.host.tcp.ConnectionSnapshot;
import dev.flue.host.tcp.OffloadPhase;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.host.tcp.TcpLayer;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/**
 * The offload side of a host stack: TCP asks here, the binding reports here. It decides what to
 * offload and hands the work to those who do one operation each. One thread.
 */
public final class OffloadManager implements Chimney, AutoCloseable {
    private final ChimneyContext context;
    private final OffloadGate gate;
    private final OffloadPolicy policy;
    private final Terminator terminator;
    private final Initiator initiator;
    private final Querier querier;
    private final Updater updater;
    private final Invalidator invalidator;
    private final NextHops nextHops;
    private final ReachabilityWatch watch;
    private final OidRequester oids;
    private final Administration administration;
    private final FlowIo io;
    private boolean due = true;

    public OffloadManager(
            Memory memory,
            Binding binding,
            TcpLayer tcp,
            IpLayer ip,
            NeighborCache neighbors,
            OffloadSettings settings,
            ChimneyCounters counters,
            Unfinished unfinished) {
        this.context =
                new ChimneyContext(
                        memory,
                        binding,
                        tcp,
                        ip,
                        neighbors,
                        settings.maxConnections(),
                        settings.sourceMac(),
                        counters,
                        unfinished);
        this.gate = new OffloadGate(context, settings.chimney());
        this.policy = settings.policy();
        this.terminator = new Terminator(context);
        this.watch = new ReachabilityWatch(context, terminator);
        this.io = new FlowIo(context, terminator, settings.posts(), policy, watch);
        unfinished.made(io::close);
        this.initiator = new Initiator(context, terminator, io, policy);
        unfinished.made(initiator::close);
        this.querier = new Querier(context, terminator);
        this.updater = new Updater(context, terminator);
        this.invalidator = new Invalidator(context, terminator);
        this.nextHops = new NextHops(context, initiator, updater, terminator);
        this.oids = new OidRequester(context);
        unfinished.made(oids::close);
        this.administration = new Administration(context, gate, oids, settings.parameters());
        administration.onOpened(this::reconsiderAll);
        neighbors.listener(
                new NeighborCache.Listener() {
                    @Override
                    public void macChanged(IpAddress hop, long mac) {
                        changed(hop, mac);
                    }

                    @Override
                    public void unreachable(IpAddress hop) {
                        invalidate(hop);
                        nextHops.unreachable(hop);
                    }
                });
        tcp.chimney(this);
    }

    // ---- What TCP asks.

    @Override
    public void established(TcpConnection connection) {
        reconsider(connection);
    }

    /** Ask the policy about a connection that is here. */
    @Override
    public void reconsider(TcpConnection connection) {
        if (connection.phase() != OffloadPhase.HOST
                || connection.keptHere()
                || connection.over()
                || Initiator.unfit(connection) != null) {
            return;
        }
        int offloaded = context.objects.flowCount() + initiator.waiting();
        OffloadPolicy.Verdict verdict =
                policy.decide(
                        connection,
                        new OffloadPolicy.Situation(
                                connection.bytesMoved(), offloaded, context.capabilities));
        if (verdict.offload()) {
            offload(connection);
        } else {
            connection.offloadCause(verdict.objection());
            connection.askAt(verdict.askAgainAfterBytes());
        }
    }

    private void reconsiderAll() {
        context.tcp.forEach(this::reconsider);
    }

    @Override
    public void offload(TcpConnection connection) {
        String objection = gate.objection(connection);
        if (objection != null) {
            connection.offloadCause(objection);
            return;
        }
        stir();
        initiator.request(connection);
    }

    @Override
    public void optionsChanged(TcpConnection connection, int flags) {
        stir();
        updater.options((Flow) connection.flow(), flags);
    }

    @Override
    public void upload(TcpConnection connection) {
        stir();
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
    public void segment(
            TcpConnection connection, ByteBuffer buffer, int at, int length, boolean marked) {
        io.segment((Flow) connection.flow(), buffer, at, length, marked);
    }

    @Override
    public void abort(TcpConnection connection) {
        stir();
        io.abort((Flow) connection.flow());
    }

    @Override
    public void giveBack(long netBufferList) {
        due = true;
        context.returns.add(netBufferList);
    }

    @Override
    public void pathMtu(IpAddress destination, int mtu) {
        context.objects.forEachPath(
                path -> {
                    if (path.destination.equals(destination)) {
                        stir();
                        updater.mtu(path, mtu);
                    }
                });
    }

    private void changed(IpAddress hop, long mac) {
        NeighborObject neighbor = context.objects.neighbor(hop);
        if (neighbor != null) {
            stir();
            updater.mac(neighbor, mac);
        }
    }

    /** The routes are not what they were: paths may have to move (H-17). */
    public void routesChanged() {
        stir();
        nextHops.changed();
    }

    /** Nothing is to be sent over a next hop any more; false when the target has no such one. */
    public boolean invalidate(IpAddress hop) {
        NeighborObject neighbor = context.objects.neighbor(hop);
        if (neighbor != null) {
            stir();
            invalidator.invalidate(neighbor);
        }
        return neighbor != null;
    }

    /** The same for a path; what else leads over its neighbor stays. */
    public boolean invalidate(IpAddress source, IpAddress destination) {
        PathObject path = context.objects.path(source, destination);
        if (path != null) {
            stir();
            invalidator.invalidate(path);
        }
        return path != null;
    }

    /** The same for one connection. */
    public boolean invalidate(TcpConnection connection) {
        boolean there = connection.flow() instanceof Flow flow && flow.handle != 0;
        if (there) {
            stir();
            invalidator.invalidate((Flow) connection.flow());
        }
        return there;
    }

    // ---- What the binding reports.

    public void initiateOffloadComplete(long root) {
        initiator.complete(root);
    }

    public void queryOffloadComplete(long root) {
        if (watch.owns(root)) {
            watch.complete(root);
        } else {
            querier.complete(root);
        }
    }

    public void updateOffloadComplete(long root) {
        stir();
        updater.complete(root);
    }

    public void invalidateOffloadComplete(long root) {
        stir();
        invalidator.complete(root);
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

    /** H-33: the answer is in the block when this returns. */
    public void indicateOffloadEvent(long block, OffloadEvent event) {
        if (event == OffloadEvent.NEIGHBOR_REACHABILITY_QUERY) {
            watch.indicated(block);
        }
    }

    public void oidRequestComplete(long request) {
        stir();
        oids.complete(request);
    }

    /** H-31, H-32, H-51. */
    public void statusIndication(StatusIndication indication) {
        stir();
        switch (indication) {
            case OFFLOAD_PAUSE -> pause();
            case UPLOAD_ALL -> {
                pause();
                terminator.uploadWhere(flow -> true, "the target gave everything back");
            }
            case OFFLOAD_RESUME -> resume();
            case TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES -> capabilitiesChanged();
            case MEDIA_DISCONNECT -> linkLost();
            case MEDIA_CONNECT -> {
                gate.linkLost(false);
                reconsiderAll();
            }
        }
    }

    private void pause() {
        gate.paused(true);
        initiator.cancelAll("the target pauses offloading");
    }

    /** What the target can do now may be something else, and so may its parameters. */
    private void resume() {
        gate.paused(false);
        capabilitiesChanged();
    }

    private void capabilitiesChanged() {
        context.capabilities = context.binding.miniport().capabilities();
        context.refusals.relent();
        administration.parametersDue();
        reconsiderAll();
    }

    private void linkLost() {
        gate.linkLost(true);
        initiator.cancelAll("the link is down");
        if (policy.uploadsOnLinkLoss()) {
            terminator.uploadWhere(flow -> true, "the link is down");
        }
    }

    // ---- Administration.

    /** Offload of one version of IP on or off; what uses it comes back first (H-47). */
    public void enable(boolean ipv4, boolean ipv6) {
        stir();
        gate.enable(ipv4, ipv6);
        initiator.cancelWhere(
                c -> !(c.remoteAddress().isIpv4() ? ipv4 : ipv6), "its offload is switched off");
        terminator.uploadWhere(
                flow -> !(flow.path.destination.isIpv4() ? ipv4 : ipv6),
                "its offload is switched off");
        administration.parametersDue();
    }

    /** What the port offers to everybody; it says itself what is to come back. */
    public void switchPort(boolean ipv4, boolean ipv6, Consumer<OffloadStatus> done) {
        stir();
        administration.switchPort(ipv4, ipv6, done);
    }

    /** Everything comes back, then the port goes to low power (H-48). */
    public void lowPower(Consumer<OffloadStatus> done) {
        stir();
        gate.lowPower(true);
        initiator.cancelAll("the port goes to low power");
        terminator.uploadWhere(flow -> true, "the port goes to low power");
        administration.lowPower(done);
    }

    /** The port works again; what the policy wants is offloaded again. */
    public void fullPower(Consumer<OffloadStatus> done) {
        stir();
        administration.fullPower(
                status -> {
                    if (status == OffloadStatus.SUCCESS) {
                        gate.lowPower(false);
                        administration.parametersDue();
                    }
                    done.accept(status);
                });
    }

    public void statistics(boolean ipv4, Consumer<OffloadStatistics> done) {
        stir();
        administration.statistics(ipv4, done);
    }

    public void resetStatistics(boolean ipv4, Consumer<OffloadStatus> done) {
        stir();
        administration.resetStatistics(ipv4, done);
    }

    // ---- The turn.

    /** Let the clock know the time before anything else of a turn. */
    public void now(long time) {
        context.now = time;
    }

    private void stir() {
        due = context.stirred = true;
    }

    /** Start the operations that may start now. Frames sent before must have gone down. */
    public int run() {
        due = false;
        return (context.stirred ? runOperations() : 0) + context.returns.flush();
    }

    private int runOperations() {
        int work = administration.run() + nextHops.run();
        work += administration.told() ? initiator.run() : 0;
        work += invalidator.run() + updater.run() + terminator.run() + querier.run() + watch.run();
        boolean rest = administration.settled() && nextHops.idle() && watch.settled();
        context.stirred = !rest || !operationsIdle();
        return work;
    }

    private boolean operationsIdle() {
        boolean state = updater.idle() && invalidator.idle() && querier.idle();
        return state && initiator.idle() && terminator.idle();
    }

    /** When {@link #run} has something to do, or Long.MAX_VALUE. */
    public long nextDeadline() {
        return due ? context.now : watch.nextDeadline();
    }

    /** Stop offloading for good, bring everything back. */
    public void uploadAll() {
        gate.stop();
        initiator.cancelAll("the stack is giving up offloading");
        terminator.uploadWhere(flow -> true, "the stack took everything back");
        stir();
    }

    /** Nothing is offloaded and nothing is under way. */
    public boolean quiescent() {
        return operationsIdle()
                && watch.idle()
                && administration.idle()
                && context.objects.isEmpty()
                && io.recordsHeld() + io.forwardsOut() + context.returns.waiting() == 0;
    }

    /** Connections that a target has. */
    public int offloadedCount() {
        return context.objects.present();
    }

    public void query(Consumer<List<ConnectionSnapshot>> done) {
        stir();
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
        return io.recordsHeld() + initiator.unreadHeld();
    }

    public int oidsHeld() {
        return oids.held();
    }

    @Override
    public void close() {
        context.objects.close();
        context.blocks.close();
        io.close();
        initiator.close();
        oids.close();
    }
}
