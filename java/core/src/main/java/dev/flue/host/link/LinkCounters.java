// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import java.util.Map;

/** What the link layer counted since the stack was made. Written by the stack's thread. */
public final class LinkCounters {
    /** Frames received. */
    public long framesIn;

    /** Frames given to the port. */
    public long framesOut;

    /** Frames received that were too short, or of a protocol nobody here speaks. */
    public long framesIgnored;

    /** Frames not built because all frame buffers were out. */
    public long framesWithoutBuffer;

    /** ARP requests sent. */
    public long arpRequestsOut;

    /** ARP replies sent. */
    public long arpRepliesOut;

    /** ARP packets received that were sound. */
    public long arpIn;

    /** Next hops that did not answer. */
    public long neighborFailures;

    /** Packets dropped because their next hop did not answer, or too many waited for it. */
    public long neighborDrops;

    /** Every counter by its name. */
    public void addTo(Map<String, Long> map) {
        map.put("framesIn", framesIn);
        map.put("framesOut", framesOut);
        map.put("framesIgnored", framesIgnored);
        map.put("framesWithoutBuffer", framesWithoutBuffer);
        map.put("arpRequestsOut", arpRequestsOut);
        map.put("arpRepliesOut", arpRepliesOut);
        map.put("arpIn", arpIn);
        map.put("neighborFailures", neighborFailures);
        map.put("neighborDrops", neighborDrops);
    }
}
