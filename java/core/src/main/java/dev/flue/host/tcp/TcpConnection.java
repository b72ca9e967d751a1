// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.BurstHandler;
import dev.flue.data.ConnectionOptions;
import dev.flue.data.ConnectionProblem;
import dev.flue.data.IpAddress;
import dev.flue.data.ReceiveHandler;
import dev.flue.data.SendClaim;
import dev.flue.host.ip.SourceRoute;
import dev.flue.host.link.BufferPool;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;

/**
 * A connection: what the application holds, and the transmission control block behind it. While a
 * target has it the control block is frozen at what was handed over; only the queues and the
 * application's wishes live on here.
 */
public final class TcpConnection extends NamedConnection {
    static final int EVENT_CONNECTED = 1;
    static final int EVENT_OFFLOAD_CHANGED = 2;
    static final int EVENT_READABLE = 4;
    static final int EVENT_WRITABLE = 8;
    static final int EVENT_CLOSED = 16;
    static final int EVENT_PROBLEM = 32;
    static final int EVENT_URGENT = 64;

    final TcpListener listener;

    final SendVariables snd = new SendVariables();
    final ReceiveVariables rcv = new ReceiveVariables();
    final RttEstimator rtt;
    final Congestion congestion;
    final Recovery recovery = new Recovery();
    final Ecn ecn = new Ecn();
    final UrgentData urgent = new UrgentData(this);
    final Reassembly reassembly;
    final TcpOptions options;
    final KeepAlive keepAlive = new KeepAlive();
    TcpState state = TcpState.CLOSED;

    // The timer.
    TimerKind timerKind = TimerKind.NONE;
    long timerAt = Long.MAX_VALUE;
    long heapKey;
    int heapIndex = -1;
    int retransmitCount;
    long retransmittingSince;
    int probeCount;
    int unansweredProbes;

    /** The application closed it, and the peer's FIN did not come in time. */
    boolean finWait2Expired;

    // The timer as it was when the state was handed over.
    TimerKind frozenKind = TimerKind.NONE;
    long frozenAt;

    // A round trip being measured: the ACK of timedEnd ends it.
    boolean timing;
    int timedEnd;
    long timedAt;
    long lastSentAt;

    /** A target sent what is in flight, once: the answer is no sample, but it ends a back-off. */
    boolean sentByTarget;

    // ACKs owed.
    boolean ackPending;
    int duplicateAcksOwed;
    long challengedAt = Long.MIN_VALUE;

    boolean awaitsBuffers;
    BufferPool awaitedPool;

    /** Problems to tell of, a bit each, by ordinal. */
    int problems;

    boolean activeOpen;
    boolean needsIpOptions;

    /** The way of its packets, or null: IP's. */
    SourceRoute route;

    /** The application named it. */
    boolean routeNamed;

    int flowLabel;
    final Ending ending = new Ending(this);
    private boolean established;

    private String offloadCause = "not asked for";

    private boolean keptHere;
    long askAt = Long.MAX_VALUE;

    long bytesIn;
    long bytesOut;
    long retransmits;

    TcpConnection(
            TcpLayer layer,
            TcpListener listener,
            IpAddress localAddress,
            int localPort,
            IpAddress remoteAddress,
            int remotePort) {
        super(layer, localAddress, localPort, remoteAddress, remotePort);
        this.listener = listener;
        this.rtt = new RttEstimator((int) (layer.settings().rtoMinNanos() / 1_000));
        this.congestion = new Congestion(layer.settings().features().congestion());
        this.sending = new SendSide(this, sendQueue);
        receiveQueue.onRelease(this::consumed);
        this.reassembly = layer.newReassembly();
        this.options = new TcpOptions(this);
    }

    // ---- The application's side.

    @Override
    public int send(ByteBuffer source) {
        return sending.send(source);
    }

    @Override
    public int sendUrgent(ByteBuffer source) {
        return urgent.send(source);
    }

    @Override
    public int urgent() {
        return urgent.left();
    }

    /** Whether urgent data of either side is on its way: then no target can have it. */
    public boolean hasUrgentData() {
        return urgent.underWay();
    }

    @Override
    public int sendRoom() {
        return sending.room();
    }

    @Override
    public boolean tryClaim(int length, SendClaim claim) {
        return sending.tryClaim(length, claim);
    }

    @Override
    public int maxClaim() {
        return sendQueue.maxClaim();
    }

    @Override
    public int receive(ReceiveHandler receiver, int limit) {
        int taken = receiveQueue.deliver(receiver, limit);
        if (taken > 0) {
            consumed();
        }
        return taken;
    }

    @Override
    public int poll(BurstHandler receiver, int limit) {
        int pieces = receiveQueue.lend(receiver, limit);
        if (pieces > 0) {
            consumed();
        }
        return pieces;
    }

    /** The application took data, or gave some back. */
    void consumed() {
        if (!onHost()) {
            layer.chimney().consumed(this);
        } else if (TcpOutput.windowUpdateDue(this)) {
            ackPending = true;
            layer.markDirty(this);
        }
        if (over() && receiveQueue.bytes() == 0) {
            layer.raise(this, EVENT_CLOSED);
        }
    }

    @Override
    public int available() {
        return receiveQueue.bytes();
    }

    @Override
    public boolean endOfStream() {
        return finReceived && receiveQueue.bytes() == 0 && receiveQueue.posted() == 0;
    }

    @Override
    public void shutdownOutput() {
        if (!over() && !finQueued) {
            sending.checkNoClaim();
            endOutput();
        }
    }

    void endOutput() {
        if (over() || finQueued) {
            return;
        }
        finQueued = true;
        if (state == TcpState.ESTABLISHED) {
            state = TcpState.FIN_WAIT1;
        } else if (state == TcpState.CLOSE_WAIT) {
            state = TcpState.LAST_ACK;
        }
        layer.markDirty(this);
    }

    @Override
    public void close() {
        ending.close();
    }

    @Override
    public void abort() {
        ending.abort();
    }

    /** Received data is thrown away because the application closed. */
    public void lostToClose() {
        ending.lostToClose();
    }

    /** Tell the peer that data was lost, once it has all of ours: then it is over. */
    public boolean resetIfDataLost() {
        return ending.resetIfDataLost();
    }

    @Override
    public void offload() {
        keptHere = false;
        if (!over() && phase == OffloadPhase.HOST) {
            layer.chimney().offload(this);
        }
    }

    @Override
    public void upload() {
        keptHere = true;
        if (phase != OffloadPhase.HOST) {
            layer.chimney().upload(this);
        }
    }

    @Override
    public ConnectionOptions options() {
        return options;
    }

    /** Bytes it may hold unread. */
    public int receiveBuffer() {
        return receiveQueue.limit();
    }

    /** Payload in both directions since it was established. */
    public long bytesMoved() {
        return bytesIn + bytesOut;
    }

    /** Ask the offload policy again once so many bytes have moved. */
    public void askAt(long bytes) {
        askAt = bytes;
    }

    /** The application took it back: the policy is not asked. */
    public boolean keptHere() {
        return keptHere;
    }

    @Override
    public boolean offloaded() {
        return phase == OffloadPhase.OFFLOADED || phase == OffloadPhase.UPLOADING;
    }

    @Override
    public String offloadCause() {
        return offloaded() ? "" : offloadCause;
    }

    @Override
    public TcpState state() {
        return state;
    }

    // ---- The stack's side.

    /** When the first of its timers fires, or Long.MAX_VALUE. */
    long deadline() {
        long data = Math.min(timerAt, recovery.timerAt);
        return Math.min(Math.min(rcv.delay.dueAt, keepAlive.dueAt), data);
    }

    /** Whether the host stack processes it. */
    public boolean onHost() {
        return phase == OffloadPhase.HOST || phase == OffloadPhase.REQUESTED;
    }

    public OffloadPhase phase() {
        return phase;
    }

    /** Move it to another phase; tells the application when {@link #offloaded} changes. */
    public void phase(OffloadPhase value) {
        boolean before = offloaded();
        phase = value;
        if (before != offloaded() && !over()) {
            layer.raise(this, EVENT_OFFLOAD_CHANGED);
        }
        if (value == OffloadPhase.HOST) {
            roomGrew();
        }
    }

    public void offloadCause(String value) {
        offloadCause = value;
    }

    /** What the offload side keeps with it. */
    public Object flow() {
        return flow;
    }

    public void flow(Object value) {
        flow = value;
    }

    public SendQueue sendQueue() {
        return sendQueue;
    }

    public ReceiveQueue receiveQueue() {
        return receiveQueue;
    }

    /** Received data is thrown away: the application closed it. */
    public boolean discards() {
        return discards;
    }

    /** The peer's FIN came, here or to a target. */
    public boolean peerFinished() {
        return finReceived;
    }

    /** Whether the application asked for a FIN. */
    public boolean finQueued() {
        return finQueued;
    }

    /** Closed both ways, reset, timed out or aborted; the application may still read. */
    public boolean over() {
        return over;
    }

    /** Whether its segments carried IP options: then no target can have it (H-2). */
    public boolean needsIpOptions() {
        return needsIpOptions;
    }

    /** What a packet of the peer says of the way back; one that the application named stays. */
    void cameBy(SourceRoute back) {
        if (back != null && !routeNamed && !back.equals(route)) {
            route = back;
            needsIpOptions = true;
            layer.output().routeChanged(this);
        }
    }

    /** Where its packets go first. */
    IpAddress hop() {
        return route == null ? remoteAddress : route.firstHop();
    }

    /** Whether data waits for data before it. */
    public boolean hasHoles() {
        return !reassembly.isEmpty();
    }

    /** Data came from the target, or the end of it. */
    public void readable() {
        layer.raise(this, EVENT_READABLE);
    }

    /** Bytes were acknowledged: perhaps there is room again. */
    public void roomGrew() {
        if (!over() && !finQueued && sending.roomGrew()) {
            layer.raise(this, EVENT_WRITABLE);
        }
    }

    /** A target gave it back: what it found out about the way counts as if it was found here. */
    public void returned() {
        if (!over() && retransmitCount >= TcpTimers.DOUBTED_RETRANSMITS) {
            layer.timers().doubt(this);
        }
    }

    /** Something hinders it: the application hears of it. */
    public void problem(ConnectionProblem what) {
        if (!over()) {
            problems |= 1 << what.ordinal();
            layer.raise(this, EVENT_PROBLEM);
        }
    }

    /** It is established: the application hears of it. */
    void establish() {
        established = true;
        state = finQueued ? TcpState.FIN_WAIT1 : TcpState.ESTABLISHED;
        layer.timers().restartKeepAlive(this, layer.now());
        layer.raise(this, EVENT_CONNECTED);
        layer.chimney().established(this);
    }

    /** The end: no segment is processed any more; what was received can still be read. */
    public void finish(String why) {
        ending.finish(why);
    }

    /** A target received an acceptable RST. */
    public void resetByPeer() {
        ending.tellClosed("connection reset by peer");
    }

    /** It was aborted while it could not be, and now can. */
    public void abortNow() {
        layer.output().reset(this);
        finish("aborted");
    }

    boolean wasEstablished() {
        return established;
    }

    /** The flow label of its packets; 0 over IPv4. */
    public int flowLabel() {
        return flowLabel;
    }
}
