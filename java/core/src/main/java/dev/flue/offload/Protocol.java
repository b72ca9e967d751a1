// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/**
 * The protocol edge: what a host stack, or an intermediate driver seen from below, implements. All
 * calls come on the thread that runs the duty cycle of the miniport below.
 *
 * <p>Handles are references of {@link OffloadHandle}s that this protocol passed down.
 */
public interface Protocol {
    // Completions of state operations: `root` is the same ProtocolOffloadBlockList that went down.

    void initiateOffloadComplete(long root);

    void queryOffloadComplete(long root);

    void updateOffloadComplete(long root);

    void invalidateOffloadComplete(long root);

    void terminateOffloadComplete(long root);

    // Completions of I/O.

    void tcpOffloadSendComplete(long netBufferLists);

    void tcpOffloadReceiveComplete(long netBufferLists);

    void tcpOffloadDisconnectComplete(long netBufferList);

    void tcpOffloadForwardComplete(long netBufferLists);

    /**
     * Data of a connection (5.4). SUCCESS: all taken, the list comes back by
     * tcpOffloadReceiveReturn; OFFLOAD_DATA_NOT_ACCEPTED: nothing taken; PARTIALLY_ACCEPTED: the
     * first {@code consumed.bytes} taken; after the last two the list is the target's again at
     * once.
     *
     * @param status always SUCCESS
     */
    OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed);

    /** {@code information}: an upload reason's code, or a byte count (6.1). */
    void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information);

    /** PAUSE, UPLOAD_ALL, RESUME (6.5). */
    void statusIndication(StatusIndication indication);

    /**
     * A neighbor's event (6.4). {@code block} is a ProtocolOffloadBlockList of the target's with
     * our handle and all three neighbor structures behind it; for NEIGHBOR_REACHABILITY_QUERY the
     * HostReachabilityDelta is to be written into CACHED before this returns (H-33). Valid during
     * the call.
     */
    void indicateOffloadEvent(long block, OffloadEvent event);

    /** The request that went down by {@link Binding#oidRequest}. */
    void oidRequestComplete(long request);

    // Ordinary frames beside the chimney.

    /** Received frames, one a list; to be given back by returnNetBufferLists. */
    void receiveNetBufferLists(long netBufferLists);

    void sendNetBufferListsComplete(long netBufferLists);
}
