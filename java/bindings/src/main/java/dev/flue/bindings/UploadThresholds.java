// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.flue_engine_config;

/**
 * When a connection asks to be taken back though the engine could go on with it: the optional
 * upload reasons. Counted for each connection over one interval, at most one request in each. 0
 * switches a reason off, an interval of 0 all of them.
 *
 * @param intervalMillis length of an interval
 * @param lowBytes LowActivity: fewer bytes moved, both ways together
 * @param dropPercent HighDropRate: segments sent again, of at least 50 sent
 * @param smallIoBytes SmallIO: smaller on average, of at least 16 buffer lists posted
 * @param unpostedBytes NoBufferPreposting: bytes indicated while no receive was posted
 * @param fragments HighFragmentation: datagrams that came in fragments
 * @param outOfOrder HighOutOfOrderPackets: segments
 */
public record UploadThresholds(
        int intervalMillis,
        int lowBytes,
        int dropPercent,
        int smallIoBytes,
        int unpostedBytes,
        int fragments,
        int outOfOrder) {
    /** No request. */
    public static final UploadThresholds NONE = new UploadThresholds(0, 0, 0, 0, 0, 0, 0);

    void fill(flue_engine_config c) {
        c.watch_interval_ms(intervalMillis);
        c.watch_low_bytes(lowBytes);
        c.watch_drop_percent(dropPercent);
        c.watch_small_io_bytes(smallIoBytes);
        c.watch_unposted_bytes(unpostedBytes);
        c.watch_fragments(fragments);
        c.watch_out_of_order(outOfOrder);
    }
}
