// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;

/** What can happen to an object, for its history and for a trace. */
enum Act {
    INITIATE(true, Detail.NONE),
    INITIATED(true, Detail.STATUS),
    LINK(true, Detail.NONE),
    LINKED(true, Detail.STATUS),
    QUERY(true, Detail.NONE),
    QUERIED(true, Detail.STATUS),
    UPDATE(true, Detail.NONE),
    UPDATED(true, Detail.STATUS),
    INVALIDATE(true, Detail.NONE),
    INVALIDATED(true, Detail.STATUS),
    TERMINATE(true, Detail.NONE),
    TERMINATED(true, Detail.STATUS),
    SEND(false, Detail.COUNT),
    SENT(false, Detail.STATUS),
    POST(false, Detail.COUNT),
    RECEIVED(false, Detail.STATUS),
    DISCONNECT(true, Detail.FLAGS),
    DISCONNECTED(true, Detail.STATUS),
    FORWARD(false, Detail.COUNT),
    FORWARDED(false, Detail.STATUS),
    INDICATE(false, Detail.COUNT),
    VERDICT(false, Detail.STATUS),
    RETURN(false, Detail.NONE),
    EVENT(true, Detail.EVENT),
    NEIGHBOR_EVENT(true, Detail.NONE);

    private enum Detail {
        NONE,
        STATUS,
        COUNT,
        FLAGS,
        EVENT
    }

    private static final Act[] VALUES = values();
    private static final int EVENT_SHIFT = 32;

    private final boolean control;
    private final Detail detail;

    Act(boolean control, Detail detail) {
        this.control = control;
        this.detail = detail;
    }

    static Act of(int ordinal) {
        return VALUES[ordinal];
    }

    /** An event and its information in one number. */
    static long eventDetail(TcpEvent event, long information) {
        return (long) event.code() << EVENT_SHIFT | information & 0xffffffffL;
    }

    /** Not a call of the data path: stands in traces. */
    boolean control() {
        return control;
    }

    /** "queried", "sent". */
    String word() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
    }

    /** What the number beside it means, for people. */
    String describe(long value) {
        return switch (detail) {
            case NONE -> "";
            case STATUS -> status((int) value);
            case COUNT -> Long.toString(value);
            case FLAGS -> value == 1 ? "GRACEFUL" : value == 2 ? "ABORTIVE" : "flags " + value;
            case EVENT -> event(value);
        };
    }

    private static String status(int code) {
        OffloadStatus status = OffloadStatus.of(code);
        return status == null ? "status 0x" + Integer.toHexString(code) : status.name();
    }

    private static String event(long value) {
        TcpEvent event = TcpEvent.of((int) (value >>> EVENT_SHIFT));
        if (event == TcpEvent.RETRIEVE) {
            return "RETRIEVE " + UploadReason.of((int) value);
        }
        return event == TcpEvent.SEND_BACKLOG_CHANGE
                ? event + " " + (int) value
                : String.valueOf(event);
    }
}
