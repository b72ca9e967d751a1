// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * A protocol bound to a miniport: the part NDIS plays. Going down it turns protocol block lists
 * into miniport block lists, coming up it turns them back, one level a call, in place (chimney
 * 3.2); it follows an offload handle one level to the token of the driver below.
 *
 * <p>A tree is walked without recursion: the blocks lie in memory that a driver may have broken, so
 * the walk is bounded and a tree that is larger, or that has more than three levels, is refused.
 */
public final class Binding {
    /** More blocks than this in one tree is misuse. */
    public static final int MAX_BLOCKS = 1 << 20;

    private static final int LEVELS = 3;

    private final Protocol upper;
    private final Miniport lower;
    private final MiniportAdapter adapter;
    private final OidRefusals refusals;
    private final long sourceHandle;
    private final OffloadHandle handle;
    private final OidRequest oid;
    private final MiniportOffloadBlockList miniportBlock;
    private final ProtocolOffloadBlockList protocolBlock;
    private final long[] path = new long[LEVELS + 1];

    public Binding(Memory memory, Protocol upper, MiniportAdapter adapter) {
        this.upper = upper;
        this.lower = adapter.miniport();
        this.adapter = adapter;
        this.refusals = new OidRefusals(memory);
        this.handle = new OffloadHandle(memory);
        this.oid = new OidRequest(memory);
        this.miniportBlock = new MiniportOffloadBlockList(memory);
        this.protocolBlock = new ProtocolOffloadBlockList(memory);
        this.sourceHandle = adapter.attach(this);
    }

    Protocol upper() {
        return upper;
    }

    public Miniport miniport() {
        return lower;
    }

    /** What it writes into the SourceHandle of all that goes down, to find the way back. */
    public long sourceHandle() {
        return sourceHandle;
    }

    // Down: state operations. `root` is a ProtocolOffloadBlockList.

    public void initiateOffload(long root) {
        lower.initiateOffload(toMiniport(root));
    }

    public void queryOffload(long root) {
        lower.queryOffload(toMiniport(root));
    }

    public void updateOffload(long root) {
        lower.updateOffload(toMiniport(root));
    }

    public void invalidateOffload(long root) {
        lower.invalidateOffload(toMiniport(root));
    }

    public void terminateOffload(long root) {
        lower.terminateOffload(toMiniport(root));
    }

    // Down: I/O. `offloadHandle` is a reference of an OffloadHandle.

    public void tcpOffloadSend(long offloadHandle, long netBufferLists) {
        lower.tcpOffloadSend(token(offloadHandle), netBufferLists);
    }

    public void tcpOffloadReceive(long offloadHandle, long netBufferLists) {
        lower.tcpOffloadReceive(token(offloadHandle), netBufferLists);
    }

    public void tcpOffloadDisconnect(long offloadHandle, long netBufferList, int flags) {
        lower.tcpOffloadDisconnect(token(offloadHandle), netBufferList, flags);
    }

    public void tcpOffloadForward(long offloadHandle, long netBufferLists) {
        lower.tcpOffloadForward(token(offloadHandle), netBufferLists);
    }

    public void tcpOffloadReceiveReturn(long netBufferLists) {
        lower.tcpOffloadReceiveReturn(netBufferLists);
    }

    // Down: ordinary frames.

    public void sendNetBufferLists(long netBufferLists) {
        lower.sendNetBufferLists(netBufferLists);
    }

    public void returnNetBufferLists(long netBufferLists) {
        lower.returnNetBufferLists(netBufferLists);
    }

    /**
     * {@code request}: an {@link OidRequest}, the miniport's until it completes. A set of the
     * offload parameters while another protocol has offload enabled here completes with FAILURE
     * (H-49).
     */
    public void oidRequest(long request) {
        oid.wrap(request).sourceHandle(sourceHandle);
        if (adapter.mayEnable(this, request)) {
            lower.oidRequest(request);
        } else {
            refusals.add(request, OffloadStatus.FAILURE);
        }
    }

    /** A turn of the miniport below, and what this binding answers itself. */
    public int doWork(long nowNanos) {
        return refusals.complete(adapter) + lower.doWork(nowNanos);
    }

    /** {@link Miniport#transmit} of the miniport below. */
    public int transmit(long nowNanos) {
        return lower.transmit(nowNanos);
    }

    /** When the next turn is due if nothing arrives before, or Long.MAX_VALUE. */
    public long nextDeadline() {
        return refusals.isEmpty() ? lower.nextDeadline() : 0;
    }

    // Up: completions, from the adapter.

    void initiateOffloadComplete(long root) {
        upper.initiateOffloadComplete(toProtocol(root));
    }

    void queryOffloadComplete(long root) {
        upper.queryOffloadComplete(toProtocol(root));
    }

    void updateOffloadComplete(long root) {
        upper.updateOffloadComplete(toProtocol(root));
    }

    void invalidateOffloadComplete(long root) {
        upper.invalidateOffloadComplete(toProtocol(root));
    }

    void terminateOffloadComplete(long root) {
        upper.terminateOffloadComplete(toProtocol(root));
    }

    void indicateOffloadEvent(long block, OffloadEvent event) {
        upper.indicateOffloadEvent(toProtocol(block), event);
    }

    private long token(long offloadHandle) {
        return handle.wrap(offloadHandle).miniportOffloadContext();
    }

    /**
     * Protocol block lists -> miniport block lists: the slot of each handle, and our SourceHandle.
     */
    private long toMiniport(long root) {
        return walk(root, true);
    }

    /** And back. The handle stands in the same place in both forms; only the slot goes. */
    private long toProtocol(long root) {
        return walk(root, false);
    }

    private long walk(long root, boolean down) {
        int level = 0;
        int visited = 0;
        long at = root;
        while (true) {
            if (++visited > MAX_BLOCKS) {
                throw new IllegalArgumentException(
                        "H-5: block list of more than 2^20 blocks, or a cycle");
            }
            convert(at, down);
            long dependent = miniportBlock.dependentBlockList();
            if (dependent != 0) {
                if (level + 1 >= LEVELS) {
                    throw new IllegalArgumentException("H-5: block list of more than three levels");
                }
                path[level++] = at;
                at = dependent;
                continue;
            }
            while (miniportBlock.wrap(at).nextBlock() == 0) {
                if (level == 0) {
                    return root;
                }
                at = path[--level];
            }
            at = miniportBlock.nextBlock();
        }
    }

    private void convert(long at, boolean down) {
        miniportBlock.wrap(at);
        if (down) {
            long offloadHandle = protocolBlock.wrap(at).offloadHandle();
            miniportBlock.miniportOffloadContext(
                    offloadHandle == 0
                            ? 0
                            : offloadHandle + OffloadHandle.MINIPORT_OFFLOAD_CONTEXT);
            miniportBlock.sourceHandle(sourceHandle);
        } else {
            miniportBlock.miniportOffloadContext(0);
        }
    }
}
