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
        APPLICATION
    }

    /** Fields of a segment, or of an application step; null = not said, or any. */
    static final class Fields {
        Integer seq;
        Integer ack;
        boolean noAck;
        Integer len;
        Integer win;
        int flags;
        boolean timestamps;
        Integer tsVal;
        Integer tsEcr;
        boolean echoLast;
        int amount;
    }
}
