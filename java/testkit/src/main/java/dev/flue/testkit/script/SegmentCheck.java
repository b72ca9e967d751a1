// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.testkit.script.ScriptStep.Fields;

/**
 * Compares what the subject sent with what a line wants.
 *
 * @param connection what was agreed on
 * @param issShift from the script's sequence numbers of the subject to those of the run
 * @param irsShift the same of the peer
 */
record SegmentCheck(ScriptConnection connection, int issShift, int irsShift) {
    private static final int COMPARED_FLAGS =
            TcpSegment.SYN
                    | TcpSegment.FIN
                    | TcpSegment.RST
                    | TcpSegment.URG
                    | TcpSegment.ECE
                    | TcpSegment.CWR;
    private static final int ECN_BITS = 3;

    /** In which way the segment is not what the line wants, or null. */
    String difference(Fields fields, TcpSegment segment) {
        if ((segment.flags & COMPARED_FLAGS) != (fields.flags & COMPARED_FLAGS)) {
            return "flags";
        }
        if (fields.noAck == segment.has(TcpSegment.ACK)) {
            return fields.noAck ? "it has an ACK" : "it has no ACK";
        }
        if ((fields.flags & TcpSegment.PSH) != 0 && !segment.has(TcpSegment.PSH)) {
            return "it has no PSH";
        }
        if (unequal(fields.seq, segment.seq - issShift)) {
            return "seq";
        }
        if (unequal(fields.ack, segment.ack - irsShift)) {
            return "ack";
        }
        if (unequal(fields.len, segment.payload.length)) {
            return "len";
        }
        if (unequal(fields.win, segment.window)) {
            return "win";
        }
        if (unequal(fields.urgent, segment.urgentPointer)) {
            return "urgent pointer";
        }
        String header = headerDifference(fields, segment);
        return header != null ? header : optionDifference(fields, segment);
    }

    private String headerDifference(Fields fields, TcpSegment segment) {
        if (unequal(fields.hops, segment.hops)) {
            return "hops " + segment.hops;
        }
        if (unequal(fields.trafficClass, segment.trafficClass & ~ECN_BITS)) {
            return "class " + segment.trafficClass;
        }
        int ecn = segment.trafficClass & ECN_BITS;
        if (fields.ecn >= 0 ? ecn != fields.ecn : !connection.ecn() && ecn != 0) {
            return "ECN bits of IP " + ecn;
        }
        return null;
    }

    private String optionDifference(Fields fields, TcpSegment segment) {
        if (!segment.timestamps && connection.timestamps() && !segment.has(TcpSegment.RST)) {
            return "it has no timestamps";
        }
        if (segment.timestamps && !connection.timestamps()) {
            return "it has timestamps";
        }
        if (fields.timestamps
                && (unequal(fields.tsVal, segment.tsVal) || unequal(fields.tsEcr, segment.tsEcr))) {
            return "ts";
        }
        if (segment.sack.length > 0 && !connection.sack()) {
            return "it has SACK blocks";
        }
        return fields.sack == null || sameBlocks(fields.sack, segment.sack) ? null : "sack";
    }

    private boolean sameBlocks(int[] wanted, int[] is) {
        boolean same = wanted.length == is.length;
        for (int i = 0; same && i < is.length; i++) {
            same = wanted[i] == is[i] - irsShift;
        }
        return same;
    }

    private static boolean unequal(Span wanted, int is) {
        return wanted != null && !wanted.contains(is);
    }
}
