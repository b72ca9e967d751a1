// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

/**
 * What the application at one end of a connection does. Content and sizes are drawn from the run's
 * seed.
 *
 * @param bytes to send
 * @param maxChunk each write offers 1..maxChunk bytes
 * @param writePauseNanos between two writes; 0 = writes as long as there is room
 * @param readLimit most bytes taken at a time
 * @param readPauseNanos between two takes; 0 = takes what is there, when it is there
 * @param stallAt bytes received after which it takes nothing for a while
 * @param stallNanos for how long: the peer's window closes; 0 = never
 * @param close how it ends
 * @param abortAt bytes sent and received after which {@link Close#ABORT} strikes
 * @param noDelay whether small segments are sent at once (no Nagle)
 * @param keepAliveMillis idle time before probes; 0 = none
 */
public record EndPlan(
        int bytes,
        int maxChunk,
        long writePauseNanos,
        int readLimit,
        long readPauseNanos,
        int stallAt,
        long stallNanos,
        Close close,
        int abortAt,
        boolean noDelay,
        int keepAliveMillis) {
    /** How an end ends. */
    public enum Close {
        /** Closes its direction as soon as everything was handed over. */
        WHEN_SENT,
        /** Closes its direction when the peer's stream has ended and all was handed over. */
        AFTER_PEER,
        /** Closes both, when all was handed over: what still comes in is thrown away. */
        BOTH,
        /** RST in the middle. */
        ABORT
    }

    /** The least interesting application. */
    public static final EndPlan SIMPLE =
            new EndPlan(0, 4_096, 0, Integer.MAX_VALUE, 0, 0, 0, Close.WHEN_SENT, 0, true, 0);

    /** SIMPLE, sending so much. */
    public static EndPlan sending(int bytes) {
        return new EndPlan(
                bytes, 4_096, 0, Integer.MAX_VALUE, 0, 0, 0, Close.WHEN_SENT, 0, true, 0);
    }

    /** Whether it may end the connection before all bytes are through. */
    boolean violent() {
        return close == Close.BOTH || close == Close.ABORT;
    }
}
