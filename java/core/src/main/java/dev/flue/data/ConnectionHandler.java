// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

/** What an application hears of a connection, on the stack's thread, out of its duty cycle. */
public interface ConnectionHandler {
    /** Connected, or accepted. */
    default void onConnected(OffloadConnection connection) {}

    /** There is data, or the end of the stream. Not repeated until something new comes. */
    default void onReadable(OffloadConnection connection) {}

    /** There is room again after {@link OffloadConnection#send} took less than offered. */
    default void onWritable(OffloadConnection connection) {}

    /** It now is, or no longer is, offloaded. */
    default void onOffloadChanged(OffloadConnection connection) {}

    /**
     * The peer has urgent data in the stream, or more of it: {@link OffloadConnection#urgent} says
     * how far it goes. It is received with everything before it, in order (RFC 9293, MUST-32).
     */
    default void onUrgent(OffloadConnection connection) {}

    /**
     * Something hinders the connection; it goes on (RFC 9293, MUST-47). Also while it is being
     * opened. Said again when it happens again; {@link ConnectionOptions#problemReports} is the way
     * not to hear of it.
     */
    default void onProblem(OffloadConnection connection, ConnectionProblem problem) {}

    /**
     * The last call for this connection: closed both ways, reset, timed out, or refused.
     *
     * @param cause "" after an orderly close, otherwise what happened, for people
     */
    default void onClosed(OffloadConnection connection, String cause) {}
}
