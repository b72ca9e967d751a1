// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/**
 * The miniport edge: what an offload target, or an intermediate driver seen from above, implements.
 *
 * <p>References name chains in regions. State operations and I/O return at once and complete later
 * through the {@link MiniportAdapter} given to {@link #initialize}, never from inside the call; all
 * completions and indications come out of {@link #doWork}. Handlers called from there may submit
 * but not poll. One thread, the channel's owner, makes all calls.
 *
 * <p>Tokens are what this miniport wrote through {@code miniportOffloadContext}.
 */
public interface Miniport {
    /** Called once, before anything else: where completions and indications go. */
    void initialize(MiniportAdapter adapter);

    /** What this miniport can do now. */
    Capabilities capabilities();

    // State operations (section 4): `root` is a MiniportOffloadBlockList, owned until completion.

    void initiateOffload(long root);

    void queryOffload(long root);

    void updateOffload(long root);

    void invalidateOffload(long root);

    void terminateOffload(long root);

    // I/O (section 5). All but the return complete later; T-81, T-95.

    void tcpOffloadSend(long token, long netBufferLists);

    /** Post receive buffers; a zero-byte one asks for indications again (T-104, T-105). */
    void tcpOffloadReceive(long token, long netBufferLists);

    /** {@code flags}: {@link #DISCONNECT_GRACEFUL} or {@link #DISCONNECT_ABORTIVE}. */
    void tcpOffloadDisconnect(long token, long netBufferList, int flags);

    /** Segments, TCP header first, one a list (5.7). */
    void tcpOffloadForward(long token, long netBufferLists);

    /** Give indicated lists back. No completion. */
    void tcpOffloadReceiveReturn(long netBufferLists);

    // Ordinary frames beside the chimney.

    /** Whole Ethernet frames, one a list. */
    void sendNetBufferLists(long netBufferLists);

    /** Give received frames back. No completion. */
    void returnNetBufferLists(long netBufferLists);

    /**
     * A question or a setting for the miniport as a whole (8.3): an {@link OidRequest}, owned until
     * its completion. An OID that is not known completes with NOT_SUPPORTED.
     */
    void oidRequest(long request);

    /**
     * A turn of the duty cycle: poll, deliver completions and indications.
     *
     * @param nowNanos monotonic time
     * @return how much was done; 0 = idle
     */
    int doWork(long nowNanos);

    /**
     * Later in the same turn: what was submitted since {@link #doWork} goes out. What that
     * completes may wait for the next doWork, and nothing need be received; a miniport that cannot
     * tell them apart takes a whole turn.
     *
     * @return how much was done
     */
    default int transmit(long nowNanos) {
        return doWork(nowNanos);
    }

    /** When the next turn is due if nothing arrives before, or Long.MAX_VALUE. */
    long nextDeadline();

    int DISCONNECT_GRACEFUL = 1;
    int DISCONNECT_ABORTIVE = 2;
}
