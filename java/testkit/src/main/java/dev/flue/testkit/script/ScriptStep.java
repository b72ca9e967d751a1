// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

/**
 * A line of a script. Times in nanoseconds from the script's start.
 *
 * @param line number in the file
 * @param text as written
 * @param relative whether its times count from when the line before it happened
 * @param from when it happens, or may happen at the earliest
 * @param to when it must have happened
 */
record ScriptStep(
        int line,
        String text,
        Kind kind,
        boolean relative,
        long from,
        long to,
        Fields fields,
        String word) {
    enum Kind {
        PEER_SENDS,
        SUBJECT_SENDS,
        SUBJECT_MAY_SEND,
        QUIET,
        APPLICATION,
        PATH
    }

    /** Fields of a segment, or of an application step; null = not said, or any. */
    static final class Fields {
        Span seq;
        Span ack;
        boolean noAck;
        Span len = Span.of(0);
        Span win;
        Span urgent;
        Span hops;
        Span trafficClass;
        int flags;
        boolean timestamps;
        Span tsVal;
        Span tsEcr;
        boolean echoLast;

        /** Edges of SACK blocks, left and right in turn; null = not said. */
        int[] sack;

        /** ECN bits of the IP header, -1 = not said. */
        int ecn = -1;

        /** Options as they stand instead of those the runner would put there. */
        byte[] options;

        boolean wrongChecksum;

        /** Of an application step. */
        int[] numbers = {};
    }
}
