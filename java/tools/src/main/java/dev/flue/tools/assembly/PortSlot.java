// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.Link;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StatusIndication;
import java.util.ArrayDeque;

/**
 * The miniport of a port that may go and come back: what is above stays bound to it, the target
 * behind it is another one each time. It is only exchanged when it has nothing, and while there is
 * no port a target stands there whose port leads nowhere. One thread.
 */
final class PortSlot implements Miniport {
    private final ArrayDeque<StatusIndication> toTell = new ArrayDeque<>();
    private MiniportAdapter adapter;
    private NativeOffloadTarget target;
    private boolean fresh;

    PortSlot(NativeOffloadTarget target) {
        this.target = target;
    }

    NativeOffloadTarget target() {
        return target;
    }

    /** Another target from now on; the one before, which has nothing, is the caller's. */
    NativeOffloadTarget exchange(NativeOffloadTarget another) {
        NativeOffloadTarget before = target;
        another.initialize(adapter);
        target = another;
        return before;
    }

    /** What is above hears of it in the next turn. */
    void tell(StatusIndication indication) {
        toTell.add(indication);
    }

    /** The target is of a port that was away: those above take its link for lost. */
    void returned() {
        fresh = true;
        tell(StatusIndication.OFFLOAD_RESUME);
    }

    @Override
    public int doWork(long nowNanos) {
        int work = target.doWork(nowNanos);
        if (fresh) {
            fresh = false;
            if (target.link() == Link.UP) {
                adapter.statusIndication(StatusIndication.MEDIA_CONNECT);
            }
        }
        while (!toTell.isEmpty()) {
            adapter.statusIndication(toTell.poll());
            work++;
        }
        return work;
    }

    @Override
    public int transmit(long nowNanos) {
        return target.transmit(nowNanos);
    }

    @Override
    public void initialize(MiniportAdapter newAdapter) {
        adapter = newAdapter;
        target.initialize(newAdapter);
    }

    @Override
    public Capabilities capabilities() {
        return target.capabilities();
    }

    @Override
    public void initiateOffload(long root) {
        target.initiateOffload(root);
    }

    @Override
    public void queryOffload(long root) {
        target.queryOffload(root);
    }

    @Override
    public void updateOffload(long root) {
        target.updateOffload(root);
    }

    @Override
    public void invalidateOffload(long root) {
        target.invalidateOffload(root);
    }

    @Override
    public void terminateOffload(long root) {
        target.terminateOffload(root);
    }

    @Override
    public void tcpOffloadSend(long token, long netBufferLists) {
        target.tcpOffloadSend(token, netBufferLists);
    }

    @Override
    public void tcpOffloadReceive(long token, long netBufferLists) {
        target.tcpOffloadReceive(token, netBufferLists);
    }

    @Override
    public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
        target.tcpOffloadDisconnect(token, netBufferList, flags);
    }

    @Override
    public void tcpOffloadForward(long token, long netBufferLists) {
        target.tcpOffloadForward(token, netBufferLists);
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        target.tcpOffloadReceiveReturn(netBufferLists);
    }

    @Override
    public void sendNetBufferLists(long netBufferLists) {
        target.sendNetBufferLists(netBufferLists);
    }

    @Override
    public void returnNetBufferLists(long netBufferLists) {
        target.returnNetBufferLists(netBufferLists);
    }

    @Override
    public void oidRequest(long request) {
        target.oidRequest(request);
    }

    @Override
    public long nextDeadline() {
        return target.nextDeadline();
    }
}
