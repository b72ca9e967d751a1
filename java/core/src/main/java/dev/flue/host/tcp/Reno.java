// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.CongestionAlgorithm;

/** A segment a round trip up, half down (RFC 5681), counted in bytes (RFC 3465). */
final class Reno implements CongestionControl {
    /** Bytes acknowledged that the window has not grown for yet. */
    private int acknowledged;

    @Override
    public CongestionAlgorithm algorithm() {
        return CongestionAlgorithm.RENO;
    }

    @Override
    public int grow(int cwnd, int acked, int mss, long now, long srtt) {
        acknowledged += acked;
        if (acknowledged < cwnd) {
            return cwnd;
        }
        acknowledged -= cwnd;
        return cwnd + mss;
    }

    @Override
    public int lost(int cwnd, int flight, int mss) {
        acknowledged = 0;
        return Math.max(flight / 2, 2 * mss);
    }

    @Override
    public int timedOut(int cwnd, int flight, int mss) {
        return lost(cwnd, flight, mss);
    }

    @Override
    public void idle() {
        acknowledged = 0;
    }

    @Override
    public int word(int index) {
        return 0;
    }

    @Override
    public void word(int index, int value) {}
}
