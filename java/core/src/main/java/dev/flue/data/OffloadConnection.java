// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;

/**
 * A TCP connection as an application sees it: the same object before, during and after any
 * hand-over between the host stack and an offload target (the switch of chimney 1.2).
 *
 * <p>Owned by the thread that runs the stack's duty cycle; every call is made there. Nothing here
 * blocks, and {@link #send} and {@link #receive} allocate nothing.
 */
public interface OffloadConnection {
    /**
     * Take bytes to send, from the buffer's position on, into lent send buffers.
     *
     * @return bytes taken; 0 = no room now, {@link ConnectionHandler#onWritable} tells when there
     *     is; or the connection broke, {@link ConnectionHandler#onClosed} tells next
     * @throws IllegalStateException after shutdownOutput or onClosed
     */
    int send(ByteBuffer source);

    /** Bytes that {@link #send} would take now. */
    int sendRoom();

    /**
     * Hand received data, in order and where it lies, to {@code handler}, at most {@code limit}
     * bytes in all.
     *
     * @return bytes the handler took; 0 = nothing there, or it took nothing
     */
    int receive(ReceiveHandler handler, int limit);

    /** Bytes that can be received now. */
    int available();

    /** The peer's FIN came and everything before it was received. */
    boolean endOfStream();

    /** Send FIN after what was taken so far. Receiving goes on. Idempotent. */
    void shutdownOutput();

    /** shutdownOutput, and throw away what still comes in. Idempotent. */
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

    TcpState state();

    IpAddress localAddress();

    int localPort();

    IpAddress remoteAddress();

    int remotePort();

    /** Whatever the application keeps with it. */
    Object attachment();

    void attachment(Object attachment);
}
