// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.HeapMemory;

/**
 * A target that counts calls and completes all it was given, once a turn, without an allocation.
 */
final class QuietTarget implements Miniport {
    private final MiniportOffloadBlockList block;
    private final NetBufferList list;
    private final OffloadHandle slot;
    private final BytesConsumed consumed = new BytesConsumed();
    private MiniportAdapter adapter;
    private long pending;
    private long handle;
    private long sends;
    private long receives;
    private long forwards;
    private long indicated;
    private long sentFrame;
    long receivedFrame;
    long calls;

    QuietTarget(HeapMemory memory) {
        block = new MiniportOffloadBlockList(memory);
        list = new NetBufferList(memory);
        slot = new OffloadHandle(memory);
    }

    @Override
    public void initialize(MiniportAdapter miniportAdapter) {
        adapter = miniportAdapter;
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(true, "", true, true, true, 1024, 0, 0, 0x0200c6120001L, "quiet");
    }

    @Override
    public void initiateOffload(long root) {
        pending = root;
    }

    @Override
    public void queryOffload(long root) {}

    @Override
    public void oidRequest(long request) {}

    @Override
    public void updateOffload(long root) {}

    @Override
    public void invalidateOffload(long root) {}

    @Override
    public void terminateOffload(long root) {}

    @Override
    public void tcpOffloadSend(long token, long netBufferLists) {
        sends = before(sends, netBufferLists);
        indicated = netBufferLists;
        calls++;
    }

    @Override
    public void tcpOffloadReceive(long token, long netBufferLists) {
        receives = before(receives, netBufferLists);
        calls++;
    }

    @Override
    public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
        calls++;
    }

    @Override
    public void tcpOffloadForward(long token, long netBufferLists) {
        forwards = before(forwards, netBufferLists);
        calls++;
    }

    /** Each list of a chain before those that are there. */
    private long before(long others, long chain) {
        long first = others;
        long next;
        for (long at = chain; at != 0; at = next) {
            next = list.wrap(at).next();
            list.next(first);
            first = at;
        }
        return first;
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        calls++;
    }

    @Override
    public void sendNetBufferLists(long netBufferLists) {
        sentFrame = netBufferLists;
        calls++;
    }

    @Override
    public void returnNetBufferLists(long netBufferLists) {
        calls++;
    }

    @Override
    public int doWork(long nowNanos) {
        calls++;
        if (pending != 0) {
            handle = block.wrap(pending).ndisOffloadHandle();
            block.status(OffloadStatus.SUCCESS.code());
            slot.wrap(handle).miniportOffloadContext(1);
            long root = pending;
            pending = 0;
            adapter.initiateOffloadComplete(root);
            return 1;
        }
        completeAll();
        adapter.tcpOffloadReceiveIndicate(handle, indicated, OffloadStatus.SUCCESS, consumed);
        adapter.tcpOffloadEvent(handle, TcpEvent.DISCONNECT, 0);
        adapter.receiveNetBufferLists(receivedFrame == 0 ? indicated : receivedFrame);
        adapter.sendNetBufferListsComplete(sentFrame);
        return 7;
    }

    /** Each list in a call of its own: its host sends it again as it is. */
    private void completeAll() {
        long next;
        for (long at = sends; at != 0; at = next) {
            next = unchained(at);
            adapter.tcpOffloadSendComplete(at);
        }
        for (long at = receives; at != 0; at = next) {
            next = unchained(at);
            adapter.tcpOffloadReceiveComplete(at);
        }
        for (long at = forwards; at != 0; at = next) {
            next = unchained(at);
            adapter.tcpOffloadForwardComplete(at);
        }
        sends = 0;
        receives = 0;
        forwards = 0;
    }

    private long unchained(long one) {
        long next = list.wrap(one).next();
        list.next(0);
        return next;
    }

    @Override
    public long nextDeadline() {
        return 0;
    }
}
