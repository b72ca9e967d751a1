// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.data.OpenOptions;
import dev.flue.host.chimney.ObjectTree;
import dev.flue.host.chimney.OffloadManager;
import dev.flue.host.chimney.OffloadSettings;
import dev.flue.host.chimney.ReceivePosts;
import dev.flue.host.ip.IpLayer;
import dev.flue.host.ip.RouteTable;
import dev.flue.host.link.Arp;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.NeighborCache;
import dev.flue.host.link.Unfinished;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.host.tcp.TcpLayer;
import dev.flue.host.tcp.TcpListener;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A TCP/IP stack in Java that can hand its connections to the offload target below and take them
 * back at any time. It keeps a whole TCP of its own, and what never leaves the host: set-up, ARP
 * and neighbor discovery, ICMP, fragments, TIME_WAIT.
 *
 * <p>One thread owns it: whoever calls {@link #doWork} also calls everything else here and on the
 * connections. Applications are called out of {@code doWork} only. Time is an argument, nanoseconds
 * of any clock that does not go back.
 */
public final class UserHostStack implements Protocol, AutoCloseable {
    /** Turns that {@link #close} gives the port and the target to finish. */
    private static final int CLOSING_TURNS = 100_000;

    private final Binding binding;
    private final EthernetLink link;
    private final Arp arp;
    private final NeighborCache neighbors;
    private final IpLayer ip;
    private final TcpLayer tcp;
    private final OffloadManager chimney;
    private final FrameReceiver receiver;
    private final HostStackCounters counters = new HostStackCounters();
    private long now;
    private boolean closed;

    /**
     * Makes its own Binding to {@code lower}. Nothing runs until {@link #doWork} is called.
     *
     * @throws OutOfMemoryError when memory is out; what was made before is freed, {@code lower} is
     *     used up
     */
    public UserHostStack(HostStackConfig config, Memory memory, MiniportAdapter lower) {
        this.binding = new Binding(memory, this, lower);
        long portMac = binding.miniport().capabilities().macAddress();
        long mac = config.macAddress() != 0 ? config.macAddress() : portMac;
        this.link = new EthernetLink(memory, binding, mac, config.mtu(), counters.link);
        RouteTable routes =
                new RouteTable(
                        config.ipv4(),
                        config.ipv6(),
                        config.ipv6() == null ? null : RouteTable.linkLocal(mac));
        this.neighbors = new NeighborCache(link, counters.link);
        this.arp =
                config.ipv4() == null
                        ? null
                        : new Arp(link, config.ipv4().address(), neighbors, counters.link);
        if (arp != null) {
            neighbors.ipv4Resolver(arp);
        }
        int firstId = (int) (config.seed() * 0x9E3779B97F4A7C15L >>> 40);
        this.ip =
                new IpLayer(
                        link,
                        neighbors,
                        routes,
                        config.mtu(),
                        firstId,
                        config.detectDuplicates(),
                        counters.ip);
        OffloadSettings settings =
                new OffloadSettings(
                        config.chimney(),
                        config.offloadPolicy(),
                        config.offloadParameters(),
                        config.maxConnections(),
                        new ReceivePosts(config.postedReceives(), config.receivePush()),
                        mac == portMac ? 0 : mac);
        Unfinished unfinished = new Unfinished();
        unfinished.made(link::close);
        try {
            this.tcp = new TcpLayer(memory, ip, config.tcp(), counters.tcp);
            unfinished.made(tcp::close);
            ip.sink(tcp);
            this.chimney =
                    new OffloadManager(
                            memory,
                            binding,
                            tcp,
                            ip,
                            neighbors,
                            settings,
                            counters.chimney,
                            unfinished);
            this.receiver = new FrameReceiver(memory, mac, arp, ip, counters.link);
        } catch (OutOfMemoryError memoryIsOut) {
            unfinished.undo();
            throw memoryIsOut;
        }
    }

    /** Our addresses and the ways from them. */
    public RouteTable routes() {
        return ip.routes();
    }

    public long macAddress() {
        return link.mac();
    }

    /**
     * Take connections on a port.
     *
     * @param backlog handshakes that may be under way at a time
     * @param handlers called once for each accepted connection to get its handler
     * @throws IllegalStateException when the port is taken
     */
    public Listener listen(int port, int backlog, Supplier<ConnectionHandler> handlers) {
        return listen(null, port, backlog, handlers);
    }

    /**
     * The same for one of our addresses only; null = all of them.
     *
     * @throws IllegalArgumentException when it is none of ours
     */
    public Listener listen(
            IpAddress address, int port, int backlog, Supplier<ConnectionHandler> handlers) {
        TcpListener listener = tcp.listen(address, port, backlog, handlers);
        return new Listener() {
            @Override
            public int port() {
                return listener.port();
            }

            @Override
            public void close() {
                listener.close();
            }
        };
    }

    /**
     * Open a connection; the handler hears whether it worked.
     *
     * @throws IllegalStateException when ports or connections are used up
     */
    public OffloadConnection connect(IpAddress address, int port, ConnectionHandler handler) {
        return connect(address, port, handler, OpenOptions.DEFAULTS);
    }

    /**
     * The same from an address, a port, or by a route that the application names.
     *
     * @throws IllegalArgumentException when the address is none of ours, or of the other version
     * @throws IllegalStateException when ports or connections are used up, or the port named is
     */
    public OffloadConnection connect(
            IpAddress address, int port, ConnectionHandler handler, OpenOptions options) {
        if (port < 1 || port > 0xffff) {
            throw new IllegalArgumentException("port " + port);
        }
        return tcp.connect(address, port, handler, options);
    }

    /**
     * Whether segments from a remote address and port to one of ours are this stack's: there is
     * such a connection, or somebody listens. For who shares our addresses with somebody else;
     * allocates nothing. Addresses are the two halves of an {@link IpAddress}.
     */
    public boolean claims(
            long localHi,
            long localLo,
            int localPort,
            long remoteHi,
            long remoteLo,
            int remotePort) {
        IpAddress local = ip.routes().ours(localHi, localLo);
        return local != null && tcp.claims(local, localPort, remoteHi, remoteLo, remotePort);
    }

    /**
     * One turn: what was asked for since the last one goes down; frames, completions and
     * indications come up; timers; applications; and once more what they asked for.
     *
     * @return how much was done; 0 = idle, or closed
     */
    public int doWork(long nowNanos) {
        if (closed) {
            return 0;
        }
        now = nowNanos;
        neighbors.now(nowNanos);
        ip.now(nowNanos);
        tcp.now(nowNanos);
        chimney.now(nowNanos);
        int work = transmit();
        work += binding.doWork(nowNanos);
        work += neighbors.runTimers(nowNanos);
        work += ip.runTimers(nowNanos);
        work += tcp.runTimers();
        work += tcp.runCallbacks();
        int answered = transmit();
        if (answered > 0) {
            // An answer goes out now, not with what comes next.
            work += binding.transmit(nowNanos);
        }
        return work + answered;
    }

    /** Segments before operations: what H-7 makes us send first must go first. */
    private int transmit() {
        int work = tcp.flush();
        work += link.flush();
        return work + chimney.run();
    }

    /** When the next turn is due if nothing arrives before, or Long.MAX_VALUE. */
    public long nextDeadline() {
        if (closed) {
            return Long.MAX_VALUE;
        }
        long timers = Math.min(neighbors.nextDeadline(), tcp.nextDeadline());
        timers = Math.min(timers, ip.nextDeadline());
        timers = Math.min(timers, chimney.nextDeadline());
        return Math.min(timers, binding.nextDeadline());
    }

    /** Connections in any state but TIME_WAIT. */
    public int connectionCount() {
        return tcp.connectionCount();
    }

    /** Connections that a target has. */
    public int offloadedCount() {
        return chimney.offloadedCount();
    }

    /**
     * Snapshot of all connections, those in TIME_WAIT too. Offloaded ones are queried; {@code done}
     * is called out of a later {@link #doWork}.
     */
    public void query(Consumer<List<ConnectionInfo>> done) {
        chimney.query(
                snapshots -> {
                    List<ConnectionInfo> infos = new ArrayList<>(snapshots.size());
                    snapshots.forEach(snapshot -> infos.add(ConnectionInfo.of(snapshot)));
                    done.accept(infos);
                });
    }

    /** What a target has now: neighbors, their paths, their connections, with tokens. */
    public List<OffloadTreeNode> offloadTree() {
        return ObjectTree.of(chimney, OffloadTreeNode::new);
    }

    public HostStackCounters counters() {
        return counters;
    }

    /** Stop offloading for good, upload everything. Takes some turns; see {@link #quiescent}. */
    public void uploadAll() {
        chimney.uploadAll();
    }

    /** True when nothing is offloaded and no operation is under way. */
    public boolean quiescent() {
        return chimney.quiescent();
    }

    /**
     * Nothing is to be sent to a next hop any more: its offloaded object is invalidated, and all
     * that depends on it comes back.
     *
     * @return false when no target has it
     */
    public boolean invalidate(IpAddress hop) {
        return chimney.invalidate(hop);
    }

    /**
     * The same for one path: other connections over its next hop stay where they are.
     *
     * @return false when no target has it
     */
    public boolean invalidate(IpAddress local, IpAddress remote) {
        return chimney.invalidate(local, remote);
    }

    /**
     * The same for one connection of this stack, where a neighbor or a path would be too much: it
     * comes back, and keeps all it has.
     *
     * @return false when no target has it
     */
    public boolean invalidate(OffloadConnection connection) {
        return chimney.invalidate((TcpConnection) connection);
    }

    /** A next hop has this MAC address, as if it had announced that unasked (update, 4.4). */
    public void neighbor(IpAddress hop, long mac) {
        neighbors.learn(hop, mac, true);
    }

    /** Only packets of so many bytes get to a destination, as if a router had said so. */
    public void pathMtu(IpAddress destination, int mtu) {
        ip.tooBig(destination, mtu, mtu, now);
    }

    /**
     * Another next hop to the networks of its version of IP that are not on the link. Offloaded
     * paths that led over the old one move to the new one (H-17).
     */
    public void gateway(IpAddress hop) {
        ip.routes().gateway(hop);
        chimney.routesChanged();
    }

    /** What the target and the stack are told and asked as a whole. */
    public OffloadAdministration offloadAdministration() {
        return new OffloadAdministration(chimney);
    }

    /**
     * Abort (RST) what is left, free pools. Call after {@link #uploadAll} and {@link #quiescent}: a
     * target that still has connections is given some turns, not time. Idempotent.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        chimney.uploadAll();
        tcp.abortAll();
        for (int turn = 0; turn < CLOSING_TURNS; turn++) {
            transmit();
            if (quiescent() && link.frames().held() == neighbors.framesWaiting()) {
                break;
            }
            binding.doWork(now);
        }
        closed = true;
        neighbors.clear();
        link.close();
        tcp.close();
        chimney.close();
        receiver.close();
    }

    /**
     * Buffers and records held: all 0 when no connection is left and nothing is under way. For leak
     * checks.
     */
    public Map<String, Integer> held() {
        Map<String, Integer> held = new LinkedHashMap<>();
        held.put("frames", link.frames().held());
        held.put("sendBuffers", tcp.sendBuffersHeld());
        held.put("receiveBuffers", tcp.receiveBuffersHeld());
        held.put("loans", tcp.loansHeld());
        held.put("segments", tcp.segmentsHeld());
        held.put("blocks", chimney.blocksHeld());
        held.put("handles", chimney.handlesHeld());
        held.put("records", chimney.recordsHeld());
        held.put("oids", chimney.oidsHeld());
        return held;
    }

    // ---- Protocol: what the binding reports.

    @Override
    public void initiateOffloadComplete(long root) {
        chimney.initiateOffloadComplete(root);
    }

    @Override
    public void queryOffloadComplete(long root) {
        chimney.queryOffloadComplete(root);
    }

    @Override
    public void updateOffloadComplete(long root) {
        chimney.updateOffloadComplete(root);
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        chimney.invalidateOffloadComplete(root);
    }

    @Override
    public void terminateOffloadComplete(long root) {
        chimney.terminateOffloadComplete(root);
    }

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        chimney.tcpOffloadSendComplete(netBufferLists);
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {
        chimney.tcpOffloadReceiveComplete(netBufferLists);
    }

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {
        chimney.tcpOffloadDisconnectComplete(netBufferList);
    }

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {
        chimney.tcpOffloadForwardComplete(netBufferLists);
    }

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        return chimney.tcpOffloadReceiveIndicate(offloadHandle, netBufferList, consumed);
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        chimney.tcpOffloadEvent(offloadHandle, event, information);
    }

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {
        chimney.indicateOffloadEvent(block, event);
    }

    @Override
    public void oidRequestComplete(long request) {
        chimney.oidRequestComplete(request);
    }

    @Override
    public void statusIndication(StatusIndication indication) {
        chimney.statusIndication(indication);
        if (indication == StatusIndication.MEDIA_CONNECT
                || indication == StatusIndication.TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES) {
            announce();
        }
    }

    /**
     * The way to our MAC address may be another one now: switches and peers are to learn it. What
     * is beyond may have changed as well, while nobody could tell us: next hops are asked anew.
     */
    private void announce() {
        if (closed) {
            return;
        }
        if (arp != null) {
            arp.announce();
        }
        ip.announce();
        neighbors.askAnew();
    }

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        if (!closed) {
            receiver.receive(netBufferLists, now);
        }
        binding.returnNetBufferLists(netBufferLists);
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        if (!closed) {
            link.complete(netBufferLists);
        }
    }
}
