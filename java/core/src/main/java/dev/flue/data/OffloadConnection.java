// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;

/**
 * A TCP connection as an application sees it: the same object before, during and after any
 * hand-over between the host stack and an offload target (the switch of chimney 1.2).
 *
 * <p>Owned by the thread that runs the stack's duty cycle; every call is made there, on claims and
 * loans too. Nothing here blocks. Sending and receiving allocate nothing, once the objects that the
 * application brings along exist.
 *
 * <p>{@link #tryClaim} and {@link #poll} are the burst API: bytes are written and read where they
 * lie. {@link #send} and {@link #receive} are the same with a copy, or with the end of the call as
 * the end of the loan.
 */
public interface OffloadConnection {
    /**
     * Take bytes to send, from the buffer's position on, into lent send buffers.
     *
     * @return bytes taken; 0 = no room now, {@link ConnectionHandler#onWritable} tells when there
     *     is; or the connection broke, {@link ConnectionHandler#onClosed} tells next
     * @throws IllegalStateException after shutdownOutput or onClosed, or while a claim is open
     */
    int send(ByteBuffer source);

    /**
     * The same, and the peer is told that everything sent up to the end of these bytes is urgent
     * (RFC 9293, 3.8.5; new protocols should do without). A target cannot do that: an offloaded
     * connection comes back first, and {@link ConnectionHandler#onWritable} tells when it has.
     *
     * @return bytes taken; 0 = no room now, or not back yet
     * @throws IllegalStateException as {@link #send}
     */
    int sendUrgent(ByteBuffer source);

    /**
     * Bytes from the next one to be received to the end of the peer's urgent data; they may not all
     * have come. 0 = none is ahead.
     */
    int urgent();

    /** Bytes that {@link #send} would take now. */
    int sendRoom();

    /**
     * Claim {@code length} contiguous bytes of send memory, to be filled in place and then
     * committed or aborted. What is committed between two duty cycles leaves as one list. A
     * connection has at most one open claim; until it is ended nothing else can be sent.
     *
     * @param claim the application's, not open; open when this returns true
     * @return false = no room now, {@link ConnectionHandler#onWritable} tells when there is; or the
     *     connection broke, {@link ConnectionHandler#onClosed} tells next
     * @throws IllegalArgumentException when length is not 1..{@link #maxClaim}
     * @throws IllegalStateException after shutdownOutput or onClosed, while another claim is open
     *     on this connection, or when {@code claim} is open
     */
    boolean tryClaim(int length, SendClaim claim);

    /** The most bytes that one claim can have. */
    int maxClaim();

    /**
     * Hand received data, in order and where it lies, to {@code handler}, at most {@code limit}
     * bytes in all.
     *
     * @return bytes the handler took; 0 = nothing there, or it took nothing
     */
    int receive(ReceiveHandler handler, int limit);

    /**
     * Receive on loan: hand received data, in order and where it lies, to {@code handler}, in
     * pieces as long as they lie contiguously. A piece that was handed over is taken; its memory
     * goes back when its loan is released, which is at the end of the call unless it was moved.
     *
     * @param limit most pieces
     * @return pieces taken; 0 = nothing there
     */
    int poll(BurstHandler handler, int limit);

    /** Bytes that can be received now. */
    int available();

    /** The peer's FIN came and everything before it was received. */
    boolean endOfStream();

    /**
     * Send FIN after what was taken so far. Receiving goes on. Idempotent.
     *
     * @throws IllegalStateException while a claim is open
     */
    void shutdownOutput();

    /**
     * Send FIN after what was taken so far, and throw away what still comes in. When that is data,
     * or data was not received yet, the peer gets a RST once it has acknowledged everything: it has
     * to know that it did not arrive (RFC 9293, SHLD-3). An open claim can still be ended, but not
     * sent. Loans stay. Idempotent.
     */
    void close();

    /** RST. */
    void abort();

    /** Ask for offload; a no-op when it is offloaded, cannot be, or is on its way. */
    void offload();

    /** Ask for the connection back from the target; a no-op when it is not offloaded. */
    void upload();

    boolean offloaded();

    /** Why it is not offloaded, for people; "" when it is. */
    String offloadCause();

    /** Keepalive, buffer, Nagle, TTL and the like. */
    ConnectionOptions options();

    TcpState state();

    IpAddress localAddress();

    int localPort();

    IpAddress remoteAddress();

    int remotePort();

    /** Whatever the application keeps with it. */
    Object attachment();

    void attachment(Object attachment);
}
