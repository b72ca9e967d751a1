// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

/**
 * The connection a script starts with, established, nothing sent.
 *
 * @param iss the subject's initial sequence number: its first byte is iss + 1
 * @param irs the peer's
 * @param window the peer offers, bytes (unscaled: at most 65535)
 * @param mss the peer announced
 * @param scale window shift the peer announced; -1 = no window scaling
 * @param timestamp the peer's timestamp value so far; meaningless without {@code timestamps}
 * @param timestamps whether both sides agreed on timestamps
 * @param sack whether both sides agreed on selective acknowledgments
 * @param ecn whether both sides agreed on explicit congestion notification
 * @param options what the application set before anything else
 */
public record ScriptConnection(
        int iss,
        int irs,
        int window,
        int mss,
        int scale,
        int timestamp,
        boolean timestamps,
        boolean sack,
        boolean ecn,
        ScriptOptions options) {

    /** Nothing agreed on, an MSS of Ethernet. */
    public static ScriptConnection plain(int iss, int irs) {
        return new ScriptConnection(
                iss, irs, 65_535, 1460, -1, 0, false, false, false, ScriptOptions.DEFAULT);
    }

    /** The same from other initial sequence numbers. */
    public ScriptConnection startingAt(int newIss, int newIrs) {
        return new ScriptConnection(
                newIss, newIrs, window, mss, scale, timestamp, timestamps, sack, ecn, options);
    }
}
