// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/**
 * What the words of {@link TcpStateExt#ccState} mean, by algorithm. All of them 0: nothing is
 * remembered. Words not named, and those of Reno, are 0.
 */
public final class CongestionState {
    /** Bytes: W_max of RFC 9438, after fast convergence; 0 = no loss so far. */
    public static final int CUBIC_W_MAX = 0;

    /** Microseconds. */
    public static final int CUBIC_K = 1;

    /** Microseconds of the epoch, without those in which data was what limited the sender. */
    public static final int CUBIC_T = 2;

    /** Bytes: W_est, what Reno would have. */
    public static final int CUBIC_W_EST = 3;

    /** Bytes: cwnd_prior; 0 = no loss so far. */
    public static final int CUBIC_PRIOR = 4;

    /** {@link #CUBIC_EPOCH}, {@link #CUBIC_AFTER_TIMEOUT}. */
    public static final int CUBIC_FLAGS = 5;

    /** K, T and W_EST hold. */
    public static final int CUBIC_EPOCH = 0x1;

    /** The next epoch begins with K = 0 (RFC 9438 4.8). */
    public static final int CUBIC_AFTER_TIMEOUT = 0x2;

    /** DCTCP.Alpha of RFC 8257, in 1/{@link #DCTCP_ONE}. */
    public static final int DCTCP_ALPHA = 0;

    /** Sequence number at which the observation window began. */
    public static final int DCTCP_START = 1;

    /** Sequence number at which it ends: DCTCP.WindowEnd. */
    public static final int DCTCP_END = 2;

    /** Bytes of it that were marked: DCTCP.BytesMarked. */
    public static final int DCTCP_MARKED = 3;

    /** 1 = the others hold. */
    public static final int DCTCP_RUNS = 4;

    public static final int DCTCP_ONE = 1 << 20;

    private CongestionState() {}
}
