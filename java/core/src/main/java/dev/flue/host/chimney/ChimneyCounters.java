// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import java.util.Map;

/** What the offload side counted since the stack was made. Written by the stack's thread. */
public final class ChimneyCounters {
    /** Connections whose initiate went down. */
    public long initiates;

    /** Connections that a target took. */
    public long offloaded;

    /** Connections that a target refused. */
    public long refused;

    /** Connections not even tried, because the target refused others a moment ago. */
    public long backedOff;

    /** Connections that came back. */
    public long uploaded;

    /** Uploads that a target asked for and had to get. */
    public long uploadsRequested;

    /** Uploads that a target asked for and that were ignored. */
    public long uploadsIgnored;

    /** Terminates that failed. */
    public long terminateFailures;

    /** Connections that a query could not read. */
    public long queryFailures;

    /** Objects whose update went down. */
    public long updates;

    /** Objects that a target could not update. */
    public long updateFailures;

    /** Paths that moved to another neighbor. */
    public long moves;

    /** Objects whose invalidate went down. */
    public long invalidates;

    /** Objects that a target could not invalidate. */
    public long invalidateFailures;

    /** Questions of a target about a next hop. */
    public long reachabilityQueries;

    /** Next hops probed because a target knew no better. */
    public long reachabilityProbes;

    /** Offload parameters that a target refused. */
    public long parametersRefused;

    /** Segments held while a connection was on its way. */
    public long segmentsHeld;

    /** Segments dropped because too many were held. */
    public long segmentsNotHeld;

    /** Segments given to a target. */
    public long segmentsForwarded;

    /** Of these, those that had waited for data before them when their connection moved. */
    public long segmentsMoved;

    /**
     * Segments for a target that were dropped here: larger than a buffer of our MTU, as one that
     * came in fragments may be, or no buffer was free.
     */
    public long segmentsNotForwarded;

    /** Indications refused because the application had not read enough. */
    public long indicationsRefused;

    /** Receives posted with room, and bytes that came in them. */
    public long receivesPosted;

    public long bytesInPosted;

    /** Completions, indications and events that named nothing of ours: a fault below. */
    public long strays;

    /** Every counter by its name. */
    public void addTo(Map<String, Long> map) {
        map.put("initiates", initiates);
        map.put("offloaded", offloaded);
        map.put("refused", refused);
        map.put("backedOff", backedOff);
        map.put("uploaded", uploaded);
        map.put("uploadsRequested", uploadsRequested);
        map.put("uploadsIgnored", uploadsIgnored);
        map.put("terminateFailures", terminateFailures);
        map.put("queryFailures", queryFailures);
        map.put("updates", updates);
        map.put("updateFailures", updateFailures);
        map.put("moves", moves);
        map.put("invalidates", invalidates);
        map.put("invalidateFailures", invalidateFailures);
        map.put("reachabilityQueries", reachabilityQueries);
        map.put("reachabilityProbes", reachabilityProbes);
        map.put("parametersRefused", parametersRefused);
        map.put("segmentsHeld", segmentsHeld);
        map.put("segmentsNotHeld", segmentsNotHeld);
        map.put("segmentsForwarded", segmentsForwarded);
        map.put("segmentsMoved", segmentsMoved);
        map.put("segmentsNotForwarded", segmentsNotForwarded);
        map.put("indicationsRefused", indicationsRefused);
        map.put("receivesPosted", receivesPosted);
        map.put("bytesInPosted", bytesInPosted);
        map.put("strays", strays);
    }
}
