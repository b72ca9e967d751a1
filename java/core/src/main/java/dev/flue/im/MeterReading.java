// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.TcpEvent;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What a {@link MeterDriver} has counted, of one connection since it was offloaded or of all since
 * the driver was made: as it was when it was read.
 *
 * <p>What is still below is {@link IoOutcome#REQUESTED} without the other three. A receive that
 * completed before it was full leaves its room to none of them.
 */
public final class MeterReading {
    private static final int OUTCOMES = IoOutcome.values().length;
    static final int INDICATIONS = IoKind.count() * OUTCOMES * 2;
    static final int INDICATED_BYTES = INDICATIONS + 1;
    static final int CONSUMED_BYTES = INDICATIONS + 2;
    static final int OFFLOADS = INDICATIONS + 3;
    static final int UPLOADS = INDICATIONS + 4;
    static final int REFUSED = INDICATIONS + 5;
    static final int EVENTS = INDICATIONS + 6;
    static final int FIGURES = EVENTS + TcpEvent.values().length;

    private final long[] figures;

    MeterReading(long[] figures) {
        this.figures = figures;
    }

    /** Where the lists of a kind are counted; their bytes are behind. */
    static int figure(IoKind kind, IoOutcome outcome) {
        return (kind.ordinal() * OUTCOMES + outcome.ordinal()) * 2;
    }

    static int figure(TcpEvent event) {
        return EVENTS + event.ordinal();
    }

    /** NBLs. */
    public long lists(IoKind kind, IoOutcome outcome) {
        return figures[figure(kind, outcome)];
    }

    /** Bytes of these. */
    public long bytes(IoKind kind, IoOutcome outcome) {
        return figures[figure(kind, outcome) + 1];
    }

    /** Receive indications. */
    public long indications() {
        return figures[INDICATIONS];
    }

    /** Bytes of these; what was not consumed is indicated again, and counts again. */
    public long indicatedBytes() {
        return figures[INDICATED_BYTES];
    }

    /** Bytes that whoever is above has taken of them. */
    public long consumedBytes() {
        return figures[CONSUMED_BYTES];
    }

    /** Events. */
    public long events(TcpEvent event) {
        return figures[figure(Objects.requireNonNull(event))];
    }

    /** Connections that went down; of one connection 1. */
    public long offloads() {
        return figures[OFFLOADS];
    }

    /** Connections that came back; of one that is there 0. */
    public long uploads() {
        return figures[UPLOADS];
    }

    /** Connections that the driver below did not take; of one that is there 0. */
    public long refused() {
        return figures[REFUSED];
    }

    /** All of it by name, for people and tools. */
    public Map<String, Long> asMap() {
        Map<String, Long> all = new LinkedHashMap<>();
        for (IoKind kind : IoKind.values()) {
            for (IoOutcome outcome : IoOutcome.values()) {
                String name = (kind + " " + outcome).toLowerCase(Locale.ROOT);
                all.put(name, lists(kind, outcome));
                all.put(name + " bytes", bytes(kind, outcome));
            }
        }
        all.put("indications", indications());
        all.put("indicated bytes", indicatedBytes());
        all.put("consumed bytes", consumedBytes());
        for (TcpEvent event : TcpEvent.values()) {
            String name = event.name().toLowerCase(Locale.ROOT).replace('_', ' ');
            all.put("event " + name, events(event));
        }
        all.put("offloads", offloads());
        all.put("uploads", uploads());
        all.put("initiates refused", refused());
        return all;
    }

    /** Bytes of the application, both ways: sent and acknowledged, consumed, received. */
    public long payload() {
        return payload(figures, 0);
    }

    /** The same in a table, whose row begins there. */
    static long payload(long[] table, int row) {
        return table[row + figure(IoKind.SEND, IoOutcome.DONE) + 1]
                + table[row + figure(IoKind.DISCONNECT, IoOutcome.DONE) + 1]
                + table[row + figure(IoKind.RECEIVE, IoOutcome.DONE) + 1]
                + table[row + CONSUMED_BYTES];
    }
}
