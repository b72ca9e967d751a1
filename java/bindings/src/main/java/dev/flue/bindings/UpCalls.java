// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;

/**
 * Entries of the up-ring become calls of the adapter above, in their order. What the spec wants an
 * answer to is answered by ring as soon as the handler is back. One thread; allocates nothing.
 */
final class UpCalls {
    private final UpRing ring;
    private final SubmissionQueue queue;
    private final EngineCapabilities capabilities;
    private final BytesConsumed consumed = new BytesConsumed();
    private MiniportAdapter adapter;
    private long ignored;

    UpCalls(UpRing ring, SubmissionQueue queue, EngineCapabilities capabilities) {
        this.ring = ring;
        this.queue = queue;
        this.capabilities = capabilities;
    }

    /** Whose handlers are called. */
    void initialize(MiniportAdapter miniportAdapter) {
        adapter = miniportAdapter;
    }

    boolean pending() {
        return ring.pending();
    }

    /** Entries with a number this version does not know. */
    long ignored() {
        return ignored;
    }

    /** Everything that is there. @return how much that was */
    int deliver() {
        int delivered = 0;
        ring.begin();
        while (ring.next()) {
            dispatch();
            delivered++;
        }
        return delivered;
    }

    private void dispatch() {
        long ref = ring.ref;
        switch (ring.op) {
            case ChannelLayout.UP_SEND_COMPLETE -> {
                queue.completeSends(ring.arg0);
                // Without a list it only gives credit back: a terminate took the lists along.
                if (ref != 0) {
                    adapter.tcpOffloadSendComplete(ref);
                }
            }
            case ChannelLayout.UP_RECEIVE_INDICATE -> receiveIndicate(ring.handle, ref, ring.arg1);
            case ChannelLayout.UP_RECEIVE_COMPLETE -> {
                queue.complete(ring.arg0);
                if (ref != 0) {
                    adapter.tcpOffloadReceiveComplete(ref);
                }
            }
            case ChannelLayout.UP_FRAME -> adapter.receiveNetBufferLists(ref);
            case ChannelLayout.UP_FRAME_SEND_COMPLETE -> {
                queue.complete(ring.arg0);
                if (ref != 0) {
                    adapter.sendNetBufferListsComplete(ref);
                }
            }
            case ChannelLayout.UP_DISCONNECT_COMPLETE -> {
                queue.complete(ring.arg0);
                adapter.tcpOffloadDisconnectComplete(ref);
            }
            case ChannelLayout.UP_FORWARD_COMPLETE -> {
                queue.complete(ring.arg0);
                adapter.tcpOffloadForwardComplete(ref);
            }
            case ChannelLayout.UP_EVENT -> event(ring.handle, ring.arg0, ring.arg1);
            case ChannelLayout.UP_OFFLOAD_EVENT -> offloadEvent(ref, ring.arg0, ring.arg1);
            case ChannelLayout.UP_STATUS -> status(ring.arg0, ring.arg1);
            case ChannelLayout.UP_OID_REQUEST_COMPLETE -> {
                queue.complete(1);
                adapter.oidRequestComplete(ref);
            }
            default -> stateComplete(ring.op, ref);
        }
    }

    private void stateComplete(int op, long root) {
        switch (op) {
            case ChannelLayout.UP_INITIATE_COMPLETE -> {
                queue.completeOperation();
                adapter.initiateOffloadComplete(root);
            }
            case ChannelLayout.UP_QUERY_COMPLETE -> {
                queue.completeOperation();
                adapter.queryOffloadComplete(root);
            }
            case ChannelLayout.UP_UPDATE_COMPLETE -> {
                queue.completeOperation();
                adapter.updateOffloadComplete(root);
            }
            case ChannelLayout.UP_INVALIDATE_COMPLETE -> {
                queue.completeOperation();
                adapter.invalidateOffloadComplete(root);
            }
            case ChannelLayout.UP_TERMINATE_COMPLETE -> {
                queue.completeOperation();
                adapter.terminateOffloadComplete(root);
            }
            default -> ignored++;
        }
    }

    /** The answer is asked for here and now, and goes back by ring (5.4). */
    private void receiveIndicate(long handle, long netBufferList, long token) {
        OffloadStatus verdict = OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
        consumed.bytes = 0;
        try {
            verdict =
                    adapter.tcpOffloadReceiveIndicate(
                            handle, netBufferList, OffloadStatus.SUCCESS, consumed);
        } finally {
            // Also when the handler threw: the engine must not wait for ever.
            queue.submitFree(
                    ChannelLayout.SUB_VERDICT,
                    verdict.code(),
                    token,
                    netBufferList,
                    consumed.bytes);
        }
    }

    private void event(long handle, int code, long information) {
        TcpEvent event = TcpEvent.of(code);
        if (event == null) {
            ignored++;
        } else {
            adapter.tcpOffloadEvent(handle, event, information);
        }
    }

    /** The host's answer is in the block when the verdict goes back. */
    private void offloadEvent(long block, int code, long token) {
        OffloadEvent event = OffloadEvent.of(code);
        try {
            if (event == null) {
                ignored++;
            } else {
                adapter.offloadEventIndicate(block, event);
            }
        } finally {
            queue.submitFree(ChannelLayout.SUB_OFFLOAD_EVENT_VERDICT, 0, token, block, 0);
        }
    }

    /** What is enabled from a RESUME on is known before anybody hears of it (T-11). */
    private void status(int code, long enabled) {
        StatusIndication indication = StatusIndication.of(code);
        if (indication == null) {
            ignored++;
            return;
        }
        if (indication == StatusIndication.OFFLOAD_PAUSE) {
            queue.holdInitiates();
        } else if (indication == StatusIndication.OFFLOAD_RESUME) {
            capabilities.resumed(enabled);
            queue.releaseInitiates();
        }
        adapter.statusIndication(indication);
    }
}
