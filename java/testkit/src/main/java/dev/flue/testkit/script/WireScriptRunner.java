// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.testkit.Simulation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;

/** Runs one script against one subject, and says in the script's own words what went wrong. */
public final class WireScriptRunner {
    /** Initial sequence numbers (iss, irs) every script is to be run at; the last wraps at once. */
    public static final List<int[]> STARTS =
            List.of(
                    new int[] {1_000, 5_000},
                    new int[] {0x7fff_ff9c, 0x7fff_ffce},
                    new int[] {-50, -30});

    private static final int COMPARED_FLAGS = TcpSegment.SYN | TcpSegment.FIN | TcpSegment.RST;
    private static final long STEP_NANOS = 1_000_000L;

    /** A segment and when it was sent, in script time. */
    private record Sent(long time, TcpSegment segment) {}

    private final WireScript script;
    private final WireSubject subject;
    private final Simulation simulation;
    private final Deque<Sent> unmatched = new ArrayDeque<>();
    private final List<String> trace = new ArrayList<>();
    private final long zero;
    private final int issShift;
    private final int irsShift;
    private ScriptStep step;
    private long from;
    private long to;
    private long last;
    private int window;
    private int lastTsVal;
    private int sentByApplication;

    private WireScriptRunner(WireScript script, WireSubject subject, int iss, int irs) {
        this.script = script;
        this.subject = subject;
        ScriptConnection wanted = script.connection();
        this.zero = subject.establish(wanted.startingAt(iss, irs));
        this.issShift = subject.iss() - wanted.iss();
        this.irsShift = subject.irs() - wanted.irs();
        this.window = wanted.window();
        this.simulation =
                new Simulation(zero)
                        .add("subject", subject::doWork, subject::nextDeadline)
                        .add("tap", this::collect, () -> Long.MAX_VALUE);
    }

    /**
     * Run a script.
     *
     * @param iss the subject's initial sequence number; a hint when it can't choose
     * @param irs the peer's
     * @throws AssertionError with expected and got, when the subject behaves otherwise
     */
    public static void run(WireScript script, WireSubject subject, int iss, int irs) {
        new WireScriptRunner(script, subject, iss, irs).run();
    }

    /** Run a script at each of {@link #STARTS}, with a fresh subject each time. */
    public static void runAll(WireScript script, WireSubject.Factory subjects) {
        for (int[] start : STARTS) {
            try (WireSubject subject = subjects.create()) {
                run(script, subject, start[0], start[1]);
            }
        }
    }

    private void run() {
        ScriptStep before = null;
        for (ScriptStep each : script.steps()) {
            step = each;
            from = each.from() + (each.relative() ? last : 0);
            to = each.to() + (each.relative() ? last : 0);
            switch (each.kind()) {
                case PEER_SENDS -> inject(before);
                case SUBJECT_SENDS -> expect();
                case SUBJECT_MAY_SEND -> allow();
                case QUIET -> quiet();
                case APPLICATION -> application();
            }
            before = each;
        }
        simulation.run(0);
        nothingUnexpected();
    }

    private long now() {
        return simulation.now() - zero;
    }

    private void advance(long to) {
        simulation.run(Math.max(0, to - now()));
    }

    /** Takes what the subject sent off the wire, as part of the duty cycle. */
    private int collect(long nowNanos) {
        List<byte[]> frames = subject.sent();
        for (byte[] frame : frames) {
            TcpSegment segment = TcpSegment.parse(frame, subject.local(), subject.peer());
            if (segment != null) {
                if (segment.timestamps) {
                    lastTsVal = segment.tsVal;
                }
                Sent sent = new Sent(nowNanos - zero, segment);
                unmatched.add(sent);
                trace.add(seconds(sent.time) + "  > " + describe(segment));
            }
        }
        return frames.size();
    }

    private void nothingUnexpected() {
        if (!unmatched.isEmpty()) {
            throw failure("nothing more before this line", got(unmatched.peek()));
        }
    }

    private void quiet() {
        advance(to);
        last = now();
        nothingUnexpected();
    }

    /** Lines of the peer at one time arrive before the subject has its next turn. */
    private void inject(ScriptStep before) {
        boolean burst =
                before != null
                        && before.kind() == ScriptStep.Kind.PEER_SENDS
                        && from == now()
                        && last == from;
        if (!burst) {
            advance(from);
            nothingUnexpected();
        }
        last = now();
        ScriptStep.Fields fields = step.fields();
        TcpSegment segment = new TcpSegment();
        segment.seq = fields.seq + irsShift;
        segment.flags = fields.flags | (fields.noAck ? 0 : TcpSegment.ACK);
        segment.ack = fields.noAck ? 0 : fields.ack + issShift;
        window = fields.win != null ? fields.win : window;
        segment.window = window;
        segment.urgentPointer = segment.has(TcpSegment.URG) ? fields.len : 0;
        segment.timestamps = fields.timestamps;
        if (fields.timestamps) {
            segment.tsVal = fields.tsVal;
            segment.tsEcr = fields.echoLast ? lastTsVal : fields.tsEcr;
        }
        int place = fields.seq - (script.connection().irs() + 1);
        segment.payload = Content.of(place, fields.len);
        trace.add(seconds(now()) + "  < " + describe(segment, true));
        subject.inject(segment.toFrame(subject.peer(), subject.local()));
    }

    private void expect() {
        waitForSegment();
        Sent sent = unmatched.poll();
        if (sent == null) {
            throw failure(expected(), "nothing until " + seconds(to));
        }
        String difference = difference(sent);
        if (difference != null) {
            throw failure(expected(), got(sent) + "\n  differs   " + difference);
        }
        last = sent.time;
        checkContent(sent.segment);
    }

    private void allow() {
        waitForSegment();
        Sent sent = unmatched.peek();
        if (sent != null && difference(sent) == null) {
            last = sent.time;
            checkContent(sent.segment);
            unmatched.remove();
        }
    }

    private void waitForSegment() {
        simulation.run(0);
        while (unmatched.isEmpty() && now() < to) {
            long due = simulationDue();
            advance(Math.min(to, Math.max(due, now() + 1)));
        }
    }

    /** The next deadline of the subject, in script time. */
    private long simulationDue() {
        long due = subject.nextDeadline();
        return due == Long.MAX_VALUE ? to : Math.min(due - zero, now() + STEP_NANOS);
    }

    private String difference(Sent sent) {
        ScriptStep.Fields fields = step.fields();
        TcpSegment segment = sent.segment;
        if (sent.time < from || sent.time > to) {
            return "time " + seconds(sent.time);
        }
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
        return timestampDifference(fields, segment);
    }

    private String timestampDifference(ScriptStep.Fields fields, TcpSegment segment) {
        if (!segment.timestamps
                && script.connection().timestamps()
                && !segment.has(TcpSegment.RST)) {
            return "it has no timestamps";
        }
        if (segment.timestamps && !script.connection().timestamps()) {
            return "it has timestamps";
        }
        if (fields.timestamps
                && (unequal(fields.tsVal, segment.tsVal) || unequal(fields.tsEcr, segment.tsEcr))) {
            return "ts";
        }
        return null;
    }

    private static boolean unequal(Integer wanted, int is) {
        return wanted != null && wanted != is;
    }

    private void checkContent(TcpSegment segment) {
        int place = segment.seq - (subject.iss() + 1);
        int wrong = Content.firstDifference(segment.payload, place);
        if (wrong >= 0) {
            throw failure(
                    "the bytes the application sent",
                    "a wrong byte " + wrong + " of " + describe(segment));
        }
    }

    private void application() {
        advance(from);
        last = now();
        switch (step.word()) {
            case "send" -> {
                subject.send(Content.of(sentByApplication, step.fields().amount));
                sentByApplication += step.fields().amount;
            }
            case "shutdown" -> subject.shutdown();
            case "abort" -> subject.abort();
            case "reads on" -> subject.reading(true);
            case "reads off" -> subject.reading(false);
            case "received" -> checkReceived();
            case "eof" -> check(subject.endOfStream(), "the end of the stream", "no end yet");
            case "no-eof" -> check(!subject.endOfStream(), "no end of the stream", "the end");
            case "reset" -> check(subject.reset(), "that the application hears of a reset", "not");
            default -> check(!subject.reset(), "a living connection", "a reset one");
        }
        trace.add(seconds(now()) + "  app " + step.word());
        simulation.run(0);
    }

    private void checkReceived() {
        byte[] bytes = subject.received();
        int wanted = step.fields().amount;
        check(bytes.length == wanted, wanted + " bytes received", bytes.length + " bytes");
        int wrong = Content.firstDifference(bytes, 0);
        check(wrong < 0, "the bytes the peer sent", "a wrong byte " + wrong);
    }

    private void check(boolean good, String expected, String got) {
        if (!good) {
            throw failure(expected, got);
        }
    }

    private String expected() {
        return step.text();
    }

    private String got(Sent sent) {
        return seconds(sent.time) + "  > " + describe(sent.segment);
    }

    private AssertionError failure(String expected, String got) {
        StringBuilder text = new StringBuilder(512);
        text.append(script.name()).append(':').append(step.line()).append(": ");
        text.append(script.title()).append(" [").append(subject.name());
        text.append(" over ").append(IpVersion.of(subject.local().address()));
        text.append(", iss ").append(Integer.toUnsignedString(subject.iss()));
        text.append(", irs ").append(Integer.toUnsignedString(subject.irs())).append(']');
        text.append("\n  line      ").append(Objects.requireNonNullElse(step.text(), ""));
        text.append("\n  expected  ").append(expected);
        text.append("\n  got       ").append(got);
        text.append("\n  so far");
        for (String each : trace) {
            text.append("\n    ").append(each);
        }
        return new AssertionError(text.toString());
    }

    private String describe(TcpSegment segment) {
        return describe(segment, false);
    }

    /** In the script's words and numbers; the direction tells which space a number is of. */
    private String describe(TcpSegment segment, boolean fromPeer) {
        int seqShift = fromPeer ? irsShift : issShift;
        int ackShift = fromPeer ? issShift : irsShift;
        StringBuilder text = new StringBuilder(80);
        text.append("seq ").append(Integer.toUnsignedString(segment.seq - seqShift));
        text.append(" len ").append(segment.payload.length);
        if (segment.has(TcpSegment.ACK)) {
            text.append(" ack ").append(Integer.toUnsignedString(segment.ack - ackShift));
        } else {
            text.append(" ack none");
        }
        text.append(" win ").append(segment.window);
        text.append(segment.has(TcpSegment.SYN) ? " syn" : "");
        text.append(segment.has(TcpSegment.FIN) ? " fin" : "");
        text.append(segment.has(TcpSegment.RST) ? " rst" : "");
        text.append(segment.has(TcpSegment.PSH) ? " psh" : "");
        text.append(segment.has(TcpSegment.URG) ? " urg" : "");
        if (segment.timestamps) {
            text.append(" ts ").append(Integer.toUnsignedString(segment.tsVal));
            text.append(' ').append(Integer.toUnsignedString(segment.tsEcr));
        }
        return text.toString();
    }

    private static String seconds(long nanos) {
        return String.format("%.3f", nanos / 1e9);
    }
}
