// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.util.ArrayList;
import java.util.List;

/** What a subject sent in one run of a script, in the script's numbers. */
public final class WireTrace {
    /**
     * A segment.
     *
     * @param identity what must be the same in every run
     * @param excused a pure ACK of something new, sent at the instant of a move, or one of nothing
     *     new, sent late
     * @param event number of the event that its sending was
     */
    public record Sent(String identity, boolean excused, int event) {}

    private final List<Sent> sent = new ArrayList<>();
    private final List<Long> missing = new ArrayList<>();
    private int events;

    void add(String identity, boolean excused) {
        sent.add(new Sent(identity, excused, ++events));
    }

    /** A duplicate ACK that a line wanted did not come, and that was right. */
    void missing(int ack) {
        missing.add(Integer.toUnsignedLong(ack));
    }

    /** The acknowledgment numbers of these. */
    public List<Long> missing() {
        return List.copyOf(missing);
    }

    void event() {
        events++;
    }

    /** Segments of the subject, in their order. */
    public List<Sent> sent() {
        return List.copyOf(sent);
    }

    /** Segments either way and acts of the application. */
    public int events() {
        return events;
    }
}
