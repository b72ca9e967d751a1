// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

/** Sees frames in the order of events: as they are put on the wire, and as they are received. */
public interface FrameObserver {
    /**
     * @param port socket of the wire: whose turn it is
     * @param received false = sent by the port
     */
    void onFrame(long nowNanos, int port, boolean received, byte[] frame);
}
