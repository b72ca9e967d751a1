// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.ConnectionProblem;
import dev.flue.data.IpAddress;
import dev.flue.data.OpenOptions;
import dev.flue.host.ip.Datagram;
import dev.flue.host.ip.IpLayer;
import dev.flue.host.ip.SegmentSink;
import dev.flue.host.link.BufferPool;
import dev.flue.host.link.Unfinished;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpState;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * All connections of a stack: finds the one a segment belongs to, keeps listeners, timers, and the
 * lists of what wants to be sent or told. One thread.
 *
 * <p>Call order of a turn: {@link #segment} for what came, {@link #runTimers}, {@link
 * #runCallbacks}, {@link #flush}. Acknowledgments wait for the flush, so a batch of segments is
 * answered once.
 */
public final class TcpLayer implements SegmentSink, AutoCloseable {
    private boolean replaying;
    private static final int FIRST_BUFFERS = 16;
    private static final long MAX_POOL_BYTES = 1L << 30;

    private final Memory memory;
    private final IpLayer ip;
    private final TcpSettings settings;
    private final TcpCounters counters;
    private final Secrets secrets;
    private final SendBuffers sendBuffers;
    private final ReceiveBuffers receiveBuffers;
    private final BufferPool segments;
    private final Loans loans = new Loans();
    private final ConnectionTable table;
    private final Openings openings;
    private final TimerHeap heap = new TimerHeap();
    private final TimeWaits timeWaits;
    private final CallbackQueue callbacks = new CallbackQueue();
    private final List<TcpConnection> lingering = new ArrayList<>();
    private final List<TcpConnection> awaiting = new ArrayList<>();
    private final TcpOutput output;
    private final TcpInput input;
    private final TcpTimers timers;
    private final LossRecovery recovery;
    private final Handshake handshake;
    private final Segment segment = new Segment();
    private ArrayList<TcpConnection> dirty = new ArrayList<>();
    private ArrayList<TcpConnection> dirtyBefore = new ArrayList<>();
    private Chimney chimney;
    private long now;

    public TcpLayer(Memory memory, IpLayer ip, TcpSettings settings, TcpCounters counters) {
        this.memory = memory;
        this.ip = ip;
        this.settings = settings;
        this.counters = counters;
        this.secrets = Secrets.of(settings);
        this.table = new ConnectionTable(secrets.tableSeed());
        Unfinished unfinished = new Unfinished();
        try {
            this.sendBuffers = SendBuffers.of(settings, this::pool);
            unfinished.made(sendBuffers::close);
            BufferPool pool = pool(ReceiveBuffers.BYTES, settings.receiveBuffer());
            this.receiveBuffers = new ReceiveBuffers(memory, pool, loans, l -> chimney.giveBack(l));
            unfinished.made(receiveBuffers::close);
            this.segments = pool(ip.mtu(), settings.receiveBuffer());
        } catch (OutOfMemoryError memoryIsOut) {
            unfinished.undo();
            throw memoryIsOut;
        }
        this.output = new TcpOutput(this, ip, counters);
        this.timers = new TcpTimers(this, output, counters);
        this.timeWaits = new TimeWaits(this, settings.maxConnections(), counters);
        this.recovery = new LossRecovery(this, output, timers, counters);
        AckProcessor acks = new AckProcessor(this, output, timers, counters);
        this.openings = new Openings(this, table, ip, secrets);
        this.handshake = new Handshake(this, ip, output, timers, secrets, counters);
        this.input = new TcpInput(this, acks, handshake, counters);
    }

    private BufferPool pool(int bytes, int perConnection) {
        long wanted = Math.min(MAX_POOL_BYTES, (long) settings.maxConnections() * perConnection);
        int limit = (int) Math.max(FIRST_BUFFERS, wanted / bytes);
        return new BufferPool(memory, bytes, FIRST_BUFFERS, limit);
    }

    /** Who offloads; set once, before the first connection. */
    public void chimney(Chimney value) {
        chimney = value;
    }

    Chimney chimney() {
        return chimney;
    }

    TcpSettings settings() {
        return settings;
    }

    TcpOutput output() {
        return output;
    }

    TcpTimers timers() {
        return timers;
    }

    TcpInput input() {
        return input;
    }

    LossRecovery recovery() {
        return recovery;
    }

    TimerHeap heap() {
        return heap;
    }

    IpLayer ip() {
        return ip;
    }

    long now() {
        return now;
    }

    SendQueue newSendQueue() {
        return new SendQueue(sendBuffers);
    }

    ReceiveQueue newReceiveQueue() {
        return new ReceiveQueue(receiveBuffers, settings.receiveBuffer());
    }

    Reassembly newReassembly() {
        return new Reassembly(segments);
    }

    /** Room that is worth telling an application of. */
    int writableRoom() {
        return Math.min(settings.sendChunk(), Math.max(1, settings.sendBuffer() / 4));
    }

    // ---- Opening.

    /** {@link Openings#listen}. IllegalStateException when the port is taken. */
    public TcpListener listen(
            IpAddress address, int port, int backlog, Supplier<ConnectionHandler> handlers) {
        return openings.listen(address, port, backlog, handlers);
    }

    void closed(TcpListener listener) {
        openings.closed(listener);
    }

    public TcpConnection connect(
            IpAddress address, int port, ConnectionHandler handler, OpenOptions options) {
        return openings.connect(address, port, handler, options);
    }

    void add(TcpConnection connection) {
        connection.inTable = true;
        table.add(connection);
    }

    /** A connection is gone from the wire: its segments are a stranger's from now on. */
    void forget(TcpConnection connection) {
        timers.stop(connection);
        connection.keepAlive.stop();
        connection.rcv.delay.stop();
        connection.recovery.stopTimer();
        heap.remove(connection);
        timeWaits.remove(connection);
        if (connection.inTable) {
            connection.inTable = false;
            table.remove(connection);
        }
        if (connection.listener != null && !connection.wasEstablished() && !connection.over()) {
            connection.listener.opening(-1);
        }
    }

    /** Connections in any state but TIME_WAIT. */
    public int connectionCount() {
        return table.size() - timeWaits.size();
    }

    public int timeWaitCount() {
        return timeWaits.size();
    }

    TimeWaits timeWaits() {
        return timeWaits;
    }

    public void forEach(Consumer<TcpConnection> action) {
        table.forEach(action);
    }

    public TcpCounters counters() {
        return counters;
    }

    /** Options of a connection changed; {@code flags}: TcpCached.FLAG_* that say which. */
    void optionsChanged(TcpConnection connection, int flags) {
        if (!connection.onHost()) {
            chimney.optionsChanged(connection, flags);
            return;
        }
        if ((flags & TcpCached.FLAG_KEEP_ALIVE_RESTART) != 0) {
            timers.restartKeepAlive(connection, now);
        }
        if ((flags & TcpCached.FLAG_MAX_RT_RESTART) != 0) {
            connection.retransmittingSince = now;
        }
        connection.ackPending |=
                (flags & TcpCached.FLAG_UPDATE_RCV_WND) != 0
                        && TcpOutput.windowUpdateDue(connection);
        markDirty(connection);
    }

    /** Whether a segment is for a connection here, or for somebody who listens. */
    public boolean claims(
            IpAddress local, int localPort, long remoteHi, long remoteLo, int remotePort) {
        return openings.claims(local, localPort, remoteHi, remoteLo, remotePort);
    }

    @Override
    public void segment(Datagram datagram, long time) {
        now = time;
        if (!segment.parse(datagram)) {
            counters.countError(datagram.local.isIpv4());
            return;
        }
        TcpConnection connection =
                table.get(
                        segment.sourceHi,
                        segment.sourceLo,
                        segment.sourcePort,
                        segment.local,
                        segment.destinationPort);
        if (connection != null && !connection.onHost()) {
            connection.needsIpOptions |= segment.ipOptions;
            chimney.segment(
                    connection, datagram.buffer, datagram.at, datagram.length, segment.marked);
            return;
        }
        process(connection);
    }

    /**
     * A segment that was held while its connection was elsewhere.
     *
     * @param marked IP said that it met congestion
     * @param told the peer may have heard of it: behind a hole it draws no duplicate ACK
     */
    public void replay(
            TcpConnection connection,
            ByteBuffer buffer,
            int at,
            int length,
            boolean marked,
            boolean told) {
        if (segment.parse(connection, buffer, at, length, marked)) {
            replaying = told;
            process(connection.inTable ? connection : null);
            replaying = false;
        }
    }

    /** Whether the segment in hand comes from a target that had it before us. */
    boolean replaying() {
        return replaying;
    }

    private void process(TcpConnection found) {
        counters.countIn(segment.local.isIpv4());
        TcpConnection connection = found;
        if (connection != null && connection.state != TcpState.TIME_WAIT) {
            connection.needsIpOptions |= segment.ipOptions;
            input.segment(connection, segment, now);
            return;
        }
        TcpListener listener = openings.listener(segment.local, segment.destinationPort);
        TcpConnection before = null;
        if (connection != null && listener != null && handshake.reopens(connection, segment)) {
            before = connection;
            connection.finish("");
            connection = null;
        }
        if (connection == null && listener != null) {
            connection = handshake.cookie(listener, segment, now);
        }
        if (connection != null) {
            input.segment(connection, segment, now);
        } else if (listener == null || !handshake.listen(listener, segment, before, now)) {
            output.resetStranger(segment);
        }
    }

    @Override
    public boolean icmpError(
            ConnectionProblem problem,
            boolean hard,
            IpAddress local,
            IpAddress remote,
            int localPort,
            int remotePort,
            int sequence) {
        TcpConnection connection = table.get(remote, remotePort, local, localPort);
        return connection != null && handshake.icmpError(connection, problem, hard, sequence);
    }

    @Override
    public void pathMtu(IpAddress destination, int mtu) {
        table.forEach(
                each -> {
                    if (each.remoteAddress.equals(destination) && each.onHost()) {
                        output.pathMtuChanged(each, mtu);
                    }
                });
        chimney.pathMtu(destination, mtu);
    }

    // ---- The turn.

    /** Let the clock know the time before anything else of a turn. */
    public void now(long time) {
        now = time;
    }

    /** Fire what is due; timers fired. */
    public int runTimers() {
        int work = 0;
        for (TcpConnection due = heap.poll(now); due != null; due = heap.poll(now)) {
            timers.fire(due, now);
            work++;
        }
        return work;
    }

    /** Call the applications that have something to hear; calls made. */
    public int runCallbacks() {
        wakeAwaiting();
        return callbacks.run();
    }

    private void wakeAwaiting() {
        boolean sendable = sendBuffers.available() > 0 && ip.framesAvailable() > 0;
        int kept = 0;
        for (int i = 0; i < awaiting.size(); i++) {
            TcpConnection connection = awaiting.get(i);
            BufferPool pool = connection.awaitedPool;
            if (connection.awaitsBuffers && sendable || pool != null && pool.available() > 0) {
                connection.awaitsBuffers = false;
                connection.awaitedPool = null;
                connection.roomGrew();
                markDirty(connection);
            } else {
                awaiting.set(kept++, connection);
            }
        }
        while (awaiting.size() > kept) {
            awaiting.remove(awaiting.size() - 1);
        }
    }

    /** Send what was asked for since the last flush; connections looked at. */
    public int flush() {
        ArrayList<TcpConnection> batch = dirty;
        dirty = dirtyBefore;
        dirtyBefore = batch;
        for (int i = 0; i < batch.size(); i++) {
            TcpConnection connection = batch.get(i);
            connection.dirty = false;
            if (connection.inTable) {
                if (connection.onHost()) {
                    handshake.openIfDue(connection, now);
                    output.flush(connection, now);
                    if (connection.bytesMoved() >= connection.askAt) {
                        connection.askAt = Long.MAX_VALUE;
                        chimney.reconsider(connection);
                    }
                } else {
                    chimney.flush(connection);
                }
            }
        }
        int work = batch.size();
        batch.clear();
        return work;
    }

    /** When the next turn is due, or Long.MAX_VALUE. */
    public long nextDeadline() {
        if (!dirty.isEmpty() || !callbacks.isEmpty()) {
            return now;
        }
        return heap.nextDeadline();
    }

    /** Something of this connection waits for the next flush. */
    public void markDirty(TcpConnection connection) {
        if (!connection.dirty) {
            connection.dirty = true;
            dirty.add(connection);
        }
    }

    void raise(TcpConnection connection, int event) {
        callbacks.raise(connection, event);
    }

    /** Send buffers, or frames, ran out: look at this connection again when there are some. */
    public void awaitBuffers(TcpConnection connection) {
        enlist(connection);
        connection.awaitsBuffers = true;
    }

    /** The same for something else that has run out: flushed again once the pool has some. */
    public void awaitBuffers(TcpConnection connection, BufferPool pool) {
        enlist(connection);
        connection.awaitedPool = pool;
    }

    private void enlist(TcpConnection connection) {
        if (!connection.awaitsBuffers && connection.awaitedPool == null) {
            awaiting.add(connection);
        }
    }

    /** Over, but the application has not read everything. */
    void linger(TcpConnection connection) {
        lingering.add(connection);
        lingering.removeIf(each -> each != connection && each.receiveQueue.bytes() == 0);
    }

    // ---- Leak checks.

    public int sendBuffersHeld() {
        return sendBuffers.held();
    }

    /** Loans of received data that applications keep. */
    public int loansHeld() {
        return loans.count();
    }

    public int receiveBuffersHeld() {
        return receiveBuffers.pool.held();
    }

    public int segmentsHeld() {
        return segments.held();
    }

    /** Buffers for segments that the offload side holds or forwards. */
    public BufferPool segments() {
        return segments;
    }

    /** Abort everything: RST to every peer that has a connection here, loans back. Pools stay. */
    public void abortAll() {
        List<TcpConnection> all = new ArrayList<>();
        table.forEach(all::add);
        for (TcpConnection connection : all) {
            if (connection.state == TcpState.TIME_WAIT) {
                connection.finish("");
            } else {
                connection.abort();
            }
        }
        for (TcpConnection connection : lingering) {
            connection.receiveQueue.clear();
        }
        lingering.clear();
        runCallbacks();
        flush();
        loans.revokeAll();
    }

    /** Free the pools. Nothing may be used afterwards. */
    @Override
    public void close() {
        sendBuffers.close();
        receiveBuffers.close();
        segments.close();
    }
}
