// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.link.BufferPool;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Mdl;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.TcpStateExt;
import dev.flue.offload.UploadReason;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;

/**
 * A target without TCP: it records what the host stack asks, completes when the test says so, and
 * indicates what the test wants. Frames pass through to another port.
 */
final class FakeTarget implements Miniport {
    final Memory memory;
    private final Miniport frames;
    private final MiniportOffloadBlockList block;
    private final OffloadHandle slot;
    private final TreeShape shape;
    private final NetBufferList list;
    private final NetBuffer netBuffer;
    private final Mdl mdl;
    final TcpConst constant;
    final TcpCached cached;
    final TcpDelegated delegated;
    final TcpStateExt ext;
    final BufferPool indications;
    final TargetControl control;
    final TargetOids oids;
    private MiniportAdapter adapter;
    private final ArrayDeque<Runnable> actions = new ArrayDeque<>();
    final List<Long> initiates = new ArrayList<>();
    final List<Long> terminates = new ArrayList<>();
    final List<Long> queries = new ArrayList<>();
    final List<Long> updates = new ArrayList<>();
    final List<Long> invalidates = new ArrayList<>();
    final List<String> shapes = new ArrayList<>();
    final List<String> calls = new ArrayList<>();
    final Map<Long, TargetConn> conns = new HashMap<>();
    final Map<Long, Integer> objects = new HashMap<>();
    final Map<Integer, OffloadStatus> refusals = new HashMap<>();

    /** Complete state operations in the next turn by itself. */
    boolean auto = true;

    /** Sees a connection's block before its terminate completes. */
    BiConsumer<TargetConn, Long> beforeTerminate = (conn, ref) -> {};

    boolean ipv4 = true;
    boolean chimney = true;
    OffloadStatus terminateStatus = OffloadStatus.SUCCESS;
    OffloadStatus queryStatus = OffloadStatus.SUCCESS;
    OffloadStatus forwardStatus = OffloadStatus.SUCCESS;
    OffloadStatus lastVerdict;
    int lastConsumed;
    int returned;

    /** Send and receive calls made within one, and the last receive posted. */
    int nested;

    long lastReceive;
    private boolean inCall;
    private long nextToken = 1;

    FakeTarget(Memory memory, Miniport frames) {
        this.memory = memory;
        this.frames = frames;
        this.block = new MiniportOffloadBlockList(memory);
        this.slot = new OffloadHandle(memory);
        this.control = new TargetControl(memory);
        this.oids = new TargetOids(memory);
        this.shape = new TreeShape(memory);
        this.list = new NetBufferList(memory);
        this.netBuffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
        this.constant = new TcpConst(memory);
        this.cached = new TcpCached(memory);
        this.delegated = new TcpDelegated(memory);
        this.ext = new TcpStateExt(memory);
        this.indications = new BufferPool(memory, 4096, 16, 1024);
    }

    @Override
    public void initialize(MiniportAdapter value) {
        adapter = value;
        frames.initialize(value);
    }

    @Override
    public Capabilities capabilities() {
        long mac = frames.capabilities().macAddress();
        String cause = chimney ? "" : "switched off in the test";
        return new Capabilities(
                chimney, cause, ipv4, true, true, 100, 1 << 24, 1500, mac, "fake target");
    }

    /** The only connection. */
    TargetConn conn() {
        if (conns.size() != 1) {
            throw new AssertionError(conns.size() + " connections in the target");
        }
        return conns.values().iterator().next();
    }

    // ---- State operations.

    @Override
    public void initiateOffload(long root) {
        control.initiate(root);
        initiates.add(root);
        shapes.add(shape.of(root, "initiate"));
        if (auto) {
            actions.add(this::completeInitiate);
        }
    }

    @Override
    public void terminateOffload(long root) {
        terminates.add(root);
        shapes.add(shape.of(root, "terminate"));
        control.terminate(root);
        if (auto) {
            actions.add(this::completeTerminate);
        }
    }

    @Override
    public void queryOffload(long root) {
        queries.add(root);
        shapes.add(shape.of(root, "query"));
        control.query(root);
        if (auto) {
            actions.add(this::completeQuery);
        }
    }

    @Override
    public void updateOffload(long root) {
        updates.add(root);
        shapes.add(shape.of(root, "update"));
        control.update(root);
        if (auto) {
            actions.add(this::completeUpdate);
        }
    }

    /** Complete the oldest update. */
    void completeUpdate() {
        long root = updates.remove(0);
        control.updated(root);
        adapter.updateOffloadComplete(root);
    }

    @Override
    public void invalidateOffload(long root) {
        invalidates.add(root);
        shapes.add(shape.of(root, "invalidate"));
        control.invalidate(root);
        if (auto) {
            actions.add(this::completeInvalidate);
        }
    }

    /** Complete the oldest invalidate. */
    void completeInvalidate() {
        long root = invalidates.remove(0);
        control.invalidated(root);
        adapter.invalidateOffloadComplete(root);
    }

    private long token() {
        return slot.wrap(block.ndisOffloadHandle()).miniportOffloadContext();
    }

    /** Later, out of the next turn. */
    void later(Runnable action) {
        actions.add(action);
    }

    /** Complete the oldest initiate, with the refusals by state type that the test set. */
    void completeInitiate() {
        long root = initiates.remove(0);
        initiate(root, OffloadStatus.SUCCESS, 0);
        control.initiated(root);
        adapter.initiateOffloadComplete(root);
    }

    /** Status by status, as 4.2 wants it; returns how many of the list are there, and how many. */
    private int[] initiate(long first, OffloadStatus below, long parent) {
        int there = 0;
        int all = 0;
        for (long at = first; at != 0; at = block.wrap(at).nextBlock()) {
            all++;
            block.wrap(at);
            boolean fresh = block.miniportOffloadContext() != 0 && token() == 0;
            OffloadStatus own =
                    below != OffloadStatus.SUCCESS
                            ? OffloadStatus.FAILURE
                            : fresh
                                    ? refusals.getOrDefault(block.type(), OffloadStatus.SUCCESS)
                                    : OffloadStatus.SUCCESS;
            if (own == OffloadStatus.SUCCESS && fresh) {
                install(at, parent);
            }
            long self = block.wrap(at).miniportOffloadContext() == 0 ? 0 : token();
            int[] dependents = initiate(block.wrap(at).dependentBlockList(), own, self);
            boolean partly = dependents[0] < dependents[1];
            boolean link = !fresh && block.wrap(at).miniportOffloadContext() != 0;
            OffloadStatus status = own;
            if (own == OffloadStatus.SUCCESS && partly && (fresh || link)) {
                status =
                        link && dependents[0] == 0
                                ? OffloadStatus.FAILURE
                                : OffloadStatus.OFFLOAD_PARTIAL_SUCCESS;
            }
            block.wrap(at).status(status.code());
            there += own == OffloadStatus.SUCCESS ? 1 : 0;
        }
        return new int[] {there, all};
    }

    private void install(long at, long parent) {
        long token = nextToken++ | (long) block.type() << 56;
        slot.wrap(block.ndisOffloadHandle()).miniportOffloadContext(token);
        objects.put(token, block.type());
        control.installed(at, token, parent);
        if (block.type() != StateType.TCP.code()) {
            return;
        }
        TargetConn conn = new TargetConn(this);
        conn.token = token;
        conn.handle = block.ndisOffloadHandle();
        delegated.wrap(at + StateOffsets.TCP_DELEGATED);
        ext.wrap(at + StateOffsets.TCP_EXT);
        conn.state = delegated.state();
        conn.sndUna = delegated.sndUna();
        conn.sndNxt = delegated.sndNxt();
        conn.sndMax = delegated.sndMax();
        conn.rcvNxt = delegated.rcvNxt();
        conn.rcvAdv = ext.rcvAdv();
        conn.tsTime = delegated.tsTime();
        conn.tsRecent = delegated.tsRecent();
        conn.sndWnd = delegated.sndWnd();
        conn.extFlags = ext.flags();
        conn.rexmtDelta = delegated.retransmitTimeoutDelta();
        conns.put(token, conn);
        addAll(conn.sends, block.wrap(at).netBufferListChain());
        block.wrap(at).netBufferListChain(0);
    }

    private void addAll(List<Long> to, long chain) {
        for (long nbl = chain; nbl != 0; nbl = list.wrap(nbl).next()) {
            to.add(nbl);
        }
    }

    /** Complete the oldest terminate. */
    void completeTerminate() {
        long root = terminates.remove(0);
        terminate(root);
        adapter.terminateOffloadComplete(root);
    }

    private void terminate(long first) {
        for (long at = first; at != 0; at = block.wrap(at).nextBlock()) {
            block.wrap(at);
            terminate(block.dependentBlockList());
            block.wrap(at);
            boolean named = block.miniportOffloadContext() != 0;
            block.status((named ? terminateStatus : OffloadStatus.SUCCESS).code());
            long token = named ? token() : 0;
            control.terminated(token, terminateStatus == OffloadStatus.SUCCESS);
            if (named && terminateStatus == OffloadStatus.SUCCESS) {
                objects.remove(token);
                giveBackPosts(conns.get(token));
                TargetConn conn = conns.remove(token);
                if (conn != null) {
                    giveBackDisconnects(conn);
                    giveBack(conn, at);
                }
            }
        }
    }

    /** Before the terminate completes. */
    private void giveBackDisconnects(TargetConn conn) {
        while (!conn.disconnects.isEmpty()) {
            long nbl = conn.disconnects.remove(0);
            complete(nbl, OffloadStatus.UPLOAD_IN_PROGRESS, 0);
            adapter.tcpOffloadDisconnectComplete(nbl);
        }
    }

    /** Before the terminate completes. */
    private void giveBackPosts(TargetConn conn) {
        while (conn != null && !conn.posts.isEmpty()) {
            long nbl = conn.posts.remove(0);
            list.wrap(nbl).next(0);
            complete(nbl, OffloadStatus.UPLOAD_IN_PROGRESS, 0);
            adapter.tcpOffloadReceiveComplete(nbl);
        }
    }

    private void giveBack(TargetConn conn, long at) {
        long chain = 0;
        long tail = 0;
        for (long nbl : conn.sends) {
            list.wrap(nbl).next(0);
            if (tail == 0) {
                chain = nbl;
            } else {
                list.wrap(tail).next(nbl);
            }
            tail = nbl;
        }
        block.wrap(at).netBufferListChain(chain);
        fill(conn, at);
        delegated.sendDataHead(chain).sendDataTail(tail).bufferedData(conn.buffered);
        conn.terminated = true;
        beforeTerminate.accept(conn, at);
    }

    private void fill(TargetConn conn, long at) {
        delegated.wrap(at + StateOffsets.TCP_DELEGATED).clear();
        delegated.recognizedOptions(TcpDelegated.OPTION_EXT).state(conn.state);
        delegated.sndUna(conn.sndUna).sndNxt(conn.sndNxt).sndMax(conn.sndMax);
        delegated.sndWnd(conn.sndWnd).maxSndWnd(60_000).cwnd(40_000).ssthresh(30_000);
        delegated.rcvNxt(conn.rcvNxt).rcvWnd(conn.rcvAdv - conn.rcvNxt);
        delegated
                .sendWl1(conn.rcvNxt)
                .tsTime(conn.tsTime)
                .tsRecent(conn.tsRecent)
                .srtt(80)
                .rttvar(40);
        delegated.kaTimeoutDelta(-1).retransmitTimeoutDelta(conn.rexmtDelta);
        ext.wrap(at + StateOffsets.TCP_EXT).clear();
        ext.version(TcpStateExt.CURRENT_VERSION).flags(conn.extFlags);
        ext.rcvAdv(conn.rcvAdv).recover(conn.sndUna).srttUs(10_500).rttvarUs(2_000);
        ext.rtoUs(250_000).lastAckSent(conn.rcvNxt).sndWl2(conn.sndUna);
        ext.bytesIn(777).bytesOut(888).retransmits(3);
    }

    /** Complete the oldest query. */
    void completeQuery() {
        long root = queries.remove(0);
        query(root);
        adapter.queryOffloadComplete(root);
    }

    private void query(long first) {
        for (long at = first; at != 0; at = block.wrap(at).nextBlock()) {
            block.wrap(at);
            query(block.dependentBlockList());
            block.wrap(at).status(OffloadStatus.SUCCESS.code());
            if (block.miniportOffloadContext() != 0) {
                block.status(queryStatus.code());
                control.queried(at);
                if (conns.containsKey(token())) {
                    fill(conns.get(token()), at);
                } else if (block.type() == StateType.IP4_CACHED.code()
                        || block.type() == StateType.IP6_CACHED.code()) {
                    control.pathCached.wrap(at + OffloadBlockList.BYTES).pathMtu(control.pathMtu);
                } else {
                    control.neighborDelegated.wrap(at + OffloadBlockList.BYTES);
                    control.neighborDelegated.nicReachabilityDelta(control.nicReachabilityDelta);
                }
            }
        }
    }

    // ---- I/O.

    @Override
    public void tcpOffloadSend(long token, long netBufferLists) {
        calls.add("send");
        enter();
        control.io(token, "send");
        addAll(conns.get(token).sends, netBufferLists);
        inCall = false;
    }

    private void enter() {
        nested += inCall ? 1 : 0;
        inCall = true;
    }

    @Override
    public void tcpOffloadReceive(long token, long netBufferLists) {
        calls.add("receive");
        control.io(token, "receive");
        enter();
        control.io(token, "receive");
        lastReceive = netBufferLists;
        TargetConn conn = conns.get(token);
        inCall = false;
        if (length(netBufferLists) > 0) {
            addAll(conn.posts, netBufferLists);
            return;
        }
        conn.receivesPosted++;
        complete(netBufferLists, OffloadStatus.SUCCESS, 0);
        actions.add(() -> adapter.tcpOffloadReceiveComplete(netBufferLists));
    }

    @Override
    public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
        calls.add("disconnect " + flags);
        control.io(token, "disconnect");
        conns.get(token).disconnects.add(netBufferList);
        conns.get(token).disconnectFlags.add(flags);
    }

    @Override
    public void tcpOffloadForward(long token, long netBufferLists) {
        calls.add("forward");
        control.io(token, "forward");
        conns.get(token).forwarded.add(bytes(netBufferLists));
        complete(netBufferLists, forwardStatus, 0);
        actions.add(() -> adapter.tcpOffloadForwardComplete(netBufferLists));
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        for (long nbl = netBufferLists; nbl != 0; ) {
            long next = list.wrap(nbl).next();
            indications.free(nbl);
            returned++;
            nbl = next;
        }
    }

    private void complete(long nbl, OffloadStatus status, int bytes) {
        list.wrap(nbl).status(status.code()).bytesTransferred(bytes);
    }

    /** Complete the oldest send: SUCCESS acknowledges it. */
    void completeSend(TargetConn conn, OffloadStatus status) {
        long nbl = conn.sends.remove(0);
        int bytes = status == OffloadStatus.SUCCESS ? length(nbl) : 0;
        conn.sndUna += bytes;
        conn.sndNxt = Math.max(conn.sndNxt, conn.sndUna);
        conn.sndMax = Math.max(conn.sndMax, conn.sndUna);
        complete(nbl, status, bytes);
        netBuffer.wrap(list.firstNetBuffer());
        netBuffer.dataOffset(netBuffer.dataOffset() + bytes).dataLength(length(nbl) - bytes);
        list.wrap(nbl).next(0);
        actions.add(() -> adapter.tcpOffloadSendComplete(nbl));
    }

    /** Complete the oldest posted receive with so much data. */
    void completeReceive(TargetConn conn, byte[] data, OffloadStatus status) {
        long nbl = conn.posts.remove(0);
        netBuffer.wrap(list.wrap(nbl).firstNetBuffer());
        mdl.wrap(netBuffer.currentMdl());
        int at = Refs.offset(mdl.data()) + netBuffer.currentMdlOffset();
        memory.buffer(Refs.region(mdl.data())).put(at, data);
        list.next(0);
        complete(nbl, status, data.length);
        conn.rcvNxt += data.length;
        conn.rcvAdv = Math.max(conn.rcvAdv, conn.rcvNxt + 100_000);
        actions.add(() -> adapter.tcpOffloadReceiveComplete(nbl));
    }

    /** The peer acknowledged the first bytes of what is outstanding. */
    void acknowledge(TargetConn conn, int bytes) {
        long nbl = conn.sends.get(0);
        conn.sndUna += bytes;
        netBuffer.wrap(list.wrap(nbl).firstNetBuffer());
        int left = netBuffer.dataLength() - bytes;
        netBuffer.dataOffset(netBuffer.dataOffset() + bytes).dataLength(left);
        netBuffer.currentMdlOffset(netBuffer.currentMdlOffset() + bytes);
    }

    void completeDisconnect(TargetConn conn, OffloadStatus status) {
        long nbl = conn.disconnects.remove(0);
        complete(nbl, status, 0);
        actions.add(() -> adapter.tcpOffloadDisconnectComplete(nbl));
    }

    /** A list that holds these bytes. */
    long indication(byte[] data) {
        long nbl = indications.allocate();
        ByteBuffer buffer = indications.buffer(nbl);
        buffer.put(BufferPool.dataAt(nbl), data, 0, data.length);
        indications.range(nbl, 0, data.length);
        return nbl;
    }

    /** A list that holds these bytes, which fit into one buffer, in MDLs of {@code piece} each. */
    private long indication(byte[] data, int piece) {
        long nbl = indication(data);
        long first = netBuffer.wrap(list.wrap(nbl).firstNetBuffer()).mdlChain();
        int bytes = Math.min(piece, data.length);
        long start = mdl.wrap(first).data();
        mdl.byteCount(bytes);
        // The further MDLs lie behind the data, in the same buffer.
        long at = start + (data.length + 7 & ~7);
        for (int done = bytes; done < data.length; done += piece, at += Mdl.BYTES) {
            mdl.next(at);
            mdl.wrap(at).next(0).data(start + done).byteCount(Math.min(piece, data.length - done));
        }
        return nbl;
    }

    /** Indicate data out of the next turn; {@link #lastVerdict} tells what became of it. */
    void indicate(TargetConn conn, byte[] data) {
        indicateInMdls(conn, data, data.length);
    }

    /** The same with more than one MDL. */
    void indicateInMdls(TargetConn conn, byte[] data, int piece) {
        actions.add(
                () -> {
                    long nbl = indication(data, piece);
                    BytesConsumed consumed = new BytesConsumed();
                    consumed.bytes = -1;
                    lastVerdict =
                            adapter.tcpOffloadReceiveIndicate(
                                    conn.handle, nbl, OffloadStatus.SUCCESS, consumed);
                    lastConsumed = consumed.bytes;
                    if (lastVerdict == OffloadStatus.SUCCESS) {
                        conn.rcvNxt += data.length;
                        conn.rcvAdv = Math.max(conn.rcvAdv, conn.rcvNxt + 100_000);
                    } else {
                        indications.free(nbl);
                    }
                });
    }

    void event(TargetConn conn, TcpEvent event, int information) {
        actions.add(() -> adapter.tcpOffloadEvent(conn.handle, event, information));
    }

    void retrieve(TargetConn conn, UploadReason reason) {
        event(conn, TcpEvent.RETRIEVE, reason.code());
    }

    /** Ask the host of a neighbor, out of the next turn; {@code answer} hears its HRD (6.4). */
    void ask(long neighborToken, int nrd, IntConsumer answer) {
        actions.add(
                () -> {
                    long ref = control.events.allocate();
                    block.wrap(ref).clear(StateType.NEIGHBOR);
                    block.ndisOffloadHandle(control.handles.get(neighborToken));
                    control.neighborCached.wrap(ref + StateOffsets.NEIGHBOR_CACHED).clear();
                    control.neighborCached.hostReachabilityDelta(77);
                    control.neighborDelegated.wrap(ref + StateOffsets.NEIGHBOR_DELEGATED).clear();
                    control.neighborDelegated.nicReachabilityDelta(nrd);
                    adapter.offloadEventIndicate(ref, OffloadEvent.NEIGHBOR_REACHABILITY_QUERY);
                    control.neighborCached.wrap(ref + StateOffsets.NEIGHBOR_CACHED);
                    answer.accept(control.neighborCached.hostReachabilityDelta());
                    control.events.free(ref);
                });
    }

    void status(StatusIndication indication) {
        actions.add(() -> adapter.statusIndication(indication));
    }

    // ---- Frames, and the turn.

    @Override
    public void sendNetBufferLists(long netBufferLists) {
        frames.sendNetBufferLists(netBufferLists);
    }

    @Override
    public void returnNetBufferLists(long netBufferLists) {
        frames.returnNetBufferLists(netBufferLists);
    }

    @Override
    public void oidRequest(long request) {
        oids.asked(request);
    }

    @Override
    public int doWork(long nowNanos) {
        int work = oids.complete(adapter);
        for (int left = actions.size(); left > 0; left--) {
            actions.poll().run();
            work++;
        }
        return work + frames.doWork(nowNanos);
    }

    @Override
    public long nextDeadline() {
        return actions.isEmpty() && oids.isEmpty() ? frames.nextDeadline() : 0;
    }

    int length(long nbl) {
        return netBuffer.wrap(list.wrap(nbl).firstNetBuffer()).dataLength();
    }

    byte[] bytes(long nbl) {
        netBuffer.wrap(list.wrap(nbl).firstNetBuffer());
        byte[] bytes = new byte[netBuffer.dataLength()];
        mdl.wrap(netBuffer.currentMdl());
        ByteBuffer buffer = memory.buffer(Refs.region(mdl.data()));
        buffer.get(Refs.offset(mdl.data()) + netBuffer.currentMdlOffset(), bytes);
        return bytes;
    }
}
