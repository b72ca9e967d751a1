// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;
import dev.flue.spi.Memory;
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
    final TargetLists lists;
    final TargetState state;
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
        this.lists = new TargetLists(memory);
        this.state = new TargetState(memory);
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
        state.read(conn, at);
        conns.put(token, conn);
        lists.addAll(conn.sends, block.wrap(at).netBufferListChain());
        block.wrap(at).netBufferListChain(0);
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
            lists.complete(nbl, OffloadStatus.UPLOAD_IN_PROGRESS, 0);
            adapter.tcpOffloadDisconnectComplete(nbl);
        }
    }

    /** Before the terminate completes. */
    private void giveBackPosts(TargetConn conn) {
        while (conn != null && !conn.posts.isEmpty()) {
            long nbl = conn.posts.remove(0);
            lists.alone(nbl);
            lists.complete(nbl, OffloadStatus.UPLOAD_IN_PROGRESS, 0);
            adapter.tcpOffloadReceiveComplete(nbl);
        }
    }

    private void giveBack(TargetConn conn, long at) {
        long chain = lists.chain(conn.sends);
        long tail = chain == 0 ? 0 : conn.sends.get(conn.sends.size() - 1);
        block.wrap(at).netBufferListChain(chain);
        state.write(conn, at);
        state.delegated.sendDataHead(chain).sendDataTail(tail).bufferedData(conn.buffered);
        conn.terminated = true;
        beforeTerminate.accept(conn, at);
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
                    state.write(conns.get(token()), at);
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
        lists.addAll(conns.get(token).sends, netBufferLists);
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
        if (lists.length(netBufferLists) > 0) {
            lists.addAll(conn.posts, netBufferLists);
            return;
        }
        conn.receivesPosted++;
        lists.complete(netBufferLists, OffloadStatus.SUCCESS, 0);
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
        conns.get(token).forwarded.add(lists.bytes(netBufferLists));
        lists.complete(netBufferLists, forwardStatus, 0);
        actions.add(() -> adapter.tcpOffloadForwardComplete(netBufferLists));
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        returned += lists.free(netBufferLists);
    }

    /** Complete the oldest send: SUCCESS acknowledges it. */
    void completeSend(TargetConn conn, OffloadStatus status) {
        long nbl = conn.sends.remove(0);
        int bytes = status == OffloadStatus.SUCCESS ? lists.length(nbl) : 0;
        conn.sndUna += bytes;
        conn.sndNxt = Math.max(conn.sndNxt, conn.sndUna);
        conn.sndMax = Math.max(conn.sndMax, conn.sndUna);
        lists.complete(nbl, status, bytes);
        lists.cut(nbl, bytes);
        lists.alone(nbl);
        actions.add(() -> adapter.tcpOffloadSendComplete(nbl));
    }

    /** Complete the oldest posted receive with so much data. */
    void completeReceive(TargetConn conn, byte[] data, OffloadStatus status) {
        long nbl = conn.posts.remove(0);
        lists.put(nbl, data);
        lists.alone(nbl);
        lists.complete(nbl, status, data.length);
        conn.rcvNxt += data.length;
        conn.rcvAdv = Math.max(conn.rcvAdv, conn.rcvNxt + 100_000);
        actions.add(() -> adapter.tcpOffloadReceiveComplete(nbl));
    }

    /** The peer acknowledged the first bytes of what is outstanding. */
    void acknowledge(TargetConn conn, int bytes) {
        conn.sndUna += bytes;
        lists.advance(conn.sends.get(0), bytes);
    }

    void completeDisconnect(TargetConn conn, OffloadStatus status) {
        long nbl = conn.disconnects.remove(0);
        lists.complete(nbl, status, 0);
        actions.add(() -> adapter.tcpOffloadDisconnectComplete(nbl));
    }

    /** Indicate data out of the next turn; {@link #lastVerdict} tells what became of it. */
    void indicate(TargetConn conn, byte[] data) {
        indicateInMdls(conn, data, data.length);
    }

    /** The same with more than one MDL. */
    void indicateInMdls(TargetConn conn, byte[] data, int piece) {
        actions.add(
                () -> {
                    long nbl = lists.indication(data, piece);
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
                        lists.indications.free(nbl);
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
        actions.add(() -> answer.accept(control.ask(adapter, neighborToken, nrd)));
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
}
