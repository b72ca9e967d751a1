// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

/**
 * Segments in a script's own words and numbers.
 *
 * @param issShift from the script's sequence numbers of the subject to those of the run
 * @param irsShift the same of the peer
 */
record SegmentText(int issShift, int irsShift) {
    String ofPeer(TcpSegment segment) {
        return text(segment, irsShift, issShift);
    }

    String ofSubject(TcpSegment segment) {
        return text(segment, issShift, irsShift);
    }

    /**
     * What two runs of one script must have in common: place and length of its payload, the
     * acknowledgment, the flags, the kinds of its options. Windows and times are each stack's own,
     * within what the script allows.
     */
    String identity(TcpSegment segment) {
        TcpSegment plain = new TcpSegment();
        plain.seq = segment.seq;
        plain.ack = segment.ack;
        plain.flags = segment.flags & ~TcpSegment.PSH;
        plain.payload = segment.payload;
        plain.urgentPointer = segment.urgentPointer;
        return ofSubject(plain).replace(" win 0", "") + " " + segment.optionKinds();
    }

    private String text(TcpSegment segment, int seqShift, int ackShift) {
        StringBuilder text = new StringBuilder(80);
        text.append("seq ").append(Integer.toUnsignedString(segment.seq - seqShift));
        text.append(" len ").append(segment.payload.length);
        if (segment.has(TcpSegment.ACK)) {
            text.append(" ack ").append(Integer.toUnsignedString(segment.ack - ackShift));
        } else {
            text.append(" ack none");
        }
        text.append(" win ").append(segment.window);
        flags(segment, text);
        if (segment.timestamps) {
            text.append(" ts ").append(Integer.toUnsignedString(segment.tsVal));
            text.append(' ').append(Integer.toUnsignedString(segment.tsEcr));
        }
        for (int i = 0; i < segment.sack.length; i += 2) {
            text.append(i == 0 ? " sack " : " ");
            text.append(Integer.toUnsignedString(segment.sack[i] - ackShift)).append('-');
            text.append(Integer.toUnsignedString(segment.sack[i + 1] - ackShift));
        }
        return text.toString();
    }

    private static void flags(TcpSegment segment, StringBuilder text) {
        text.append(segment.has(TcpSegment.SYN) ? " syn" : "");
        text.append(segment.has(TcpSegment.FIN) ? " fin" : "");
        text.append(segment.has(TcpSegment.RST) ? " rst" : "");
        text.append(segment.has(TcpSegment.PSH) ? " psh" : "");
        text.append(segment.has(TcpSegment.ECE) ? " ece" : "");
        text.append(segment.has(TcpSegment.CWR) ? " cwr" : "");
        if (segment.has(TcpSegment.URG)) {
            text.append(" urgent ").append(segment.urgentPointer);
        }
        String[] codes = {"", " ect1", " ect0", " ce"};
        text.append(codes[segment.trafficClass & 3]);
    }
}
