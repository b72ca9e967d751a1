// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import java.util.Map;

/**
 * What TCP of the host stack counted since the stack was made; traffic of offloaded connections is
 * not in it. Written by the stack's thread.
 */
public final class TcpCounters {
    /** Segments received for this layer to process. */
    public long segmentsIn;

    /** Of {@link #segmentsIn}: over IPv6. */
    public long segmentsIn6;

    /** Segments sent. */
    public long segmentsOut;

    /** Of {@link #segmentsOut}: over IPv6. */
    public long segmentsOut6;

    /** Segments sent again. */
    public long retransmits;

    /** Of {@link #retransmits}: over IPv6. */
    public long retransmits6;

    /** Retransmission timers that expired. */
    public long timeouts;

    /** Fast retransmits. */
    public long fastRetransmits;

    /** Probes of the tail sent (RFC 8985). */
    public long tailProbes;

    /** Segments dropped: checksum or header wrong. */
    public long segmentErrors;

    /** Of {@link #segmentErrors}: over IPv6. */
    public long segmentErrors6;

    /** Segments that came before their turn. */
    public long outOfOrder;

    /** ACKs received that acknowledged nothing new while data was in flight. */
    public long duplicateAcksIn;

    /** ACKs sent that repeated the one before, for a segment before its turn. */
    public long duplicateAcksOut;

    /** Challenge ACKs sent (RFC 5961). */
    public long challengeAcks;

    /** Segments dropped for an old timestamp (RFC 7323, PAWS). */
    public long pawsDrops;

    /** Zero-window probes sent. */
    public long windowProbes;

    /** Keepalive probes sent. */
    public long keepAliveProbes;

    /** RSTs sent. */
    public long resetsOut;

    /** Of {@link #resetsOut}: over IPv6. */
    public long resetsOut6;

    /** Connections that a RST ended. */
    public long resetsIn;

    /** Connections opened by us. */
    public long activeOpens;

    /** Connections accepted. */
    public long passiveOpens;

    /** Opens that failed: refused, timed out. */
    public long failedOpens;

    /** SYNs dropped: backlog or connections used up. */
    public long synDrops;

    /** SYNs answered with a cookie. */
    public long synCookies;

    /** Connections that a cookie which came back made. */
    public long synCookiesTaken;

    /** Connections that a timeout ended. */
    public long timedOut;

    /** Received data dropped for want of memory. */
    public long receiveDrops;

    /** TIME_WAIT entries ended early because there were too many. */
    public long timeWaitEvictions;

    /** A segment was received to be processed here. */
    void countIn(boolean ipv4) {
        segmentsIn++;
        segmentsIn6 += ipv4 ? 0 : 1;
    }

    void countOut(boolean ipv4) {
        segmentsOut++;
        segmentsOut6 += ipv4 ? 0 : 1;
    }

    /** A segment was sent again. */
    void countRetransmit(TcpConnection c) {
        c.retransmits++;
        retransmits++;
        retransmits6 += c.remoteAddress.isIpv4() ? 0 : 1;
    }

    void countError(boolean ipv4) {
        segmentErrors++;
        segmentErrors6 += ipv4 ? 0 : 1;
    }

    void countReset(boolean ipv4) {
        resetsOut++;
        resetsOut6 += ipv4 ? 0 : 1;
    }

    /** Every counter by its name. */
    public void addTo(Map<String, Long> map) {
        map.put("segmentsIn", segmentsIn);
        map.put("segmentsOut", segmentsOut);
        map.put("retransmits", retransmits);
        map.put("timeouts", timeouts);
        map.put("fastRetransmits", fastRetransmits);
        map.put("tailProbes", tailProbes);
        map.put("segmentErrors", segmentErrors);
        map.put("outOfOrder", outOfOrder);
        map.put("duplicateAcksIn", duplicateAcksIn);
        map.put("duplicateAcksOut", duplicateAcksOut);
        map.put("challengeAcks", challengeAcks);
        map.put("pawsDrops", pawsDrops);
        map.put("windowProbes", windowProbes);
        map.put("keepAliveProbes", keepAliveProbes);
        map.put("resetsOut", resetsOut);
        map.put("resetsIn", resetsIn);
        map.put("activeOpens", activeOpens);
        map.put("passiveOpens", passiveOpens);
        map.put("failedOpens", failedOpens);
        map.put("synDrops", synDrops);
        map.put("synCookies", synCookies);
        map.put("synCookiesTaken", synCookiesTaken);
        map.put("timedOut", timedOut);
        map.put("receiveDrops", receiveDrops);
        map.put("timeWaitEvictions", timeWaitEvictions);
    }
}
