// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.testkit.Simulation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
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

    private static final long STEP_NANOS = 1_000L;

    /** A segment and when it was sent, in script time. */
    private record Sent(long time, TcpSegment segment, boolean owed, boolean late) {}

    private final WireScript script;
    private final WireSubject subject;
    private final Moves moves;
    private final Simulation simulation;
    private final Deque<Sent> unmatched = new ArrayDeque<>();
    private final List<Sent> paid = new ArrayList<>();
    private final List<String> trace = new ArrayList<>();
    private final WireTrace wire = new WireTrace();
    private final SegmentCheck check;
    private final SegmentText words;
    private final long zero;
    private final int issShift;
    private final int irsShift;
    private ScriptOptions options;
    private ScriptStep step;
    private long from;
    private long to;
    private long last;
    private int window;
    private int lastTsVal;
    private int sentByApplication;
    private byte[] lastFrame;
    private int missed;
    private long injected;
    private int highestAck;
    private int rightEdge;

    private WireScriptRunner(
            WireScript script, WireSubject subject, int iss, int irs, Moves moves) {
        this.script = script;
        this.subject = subject;
        this.moves = moves;
        ScriptConnection wanted = script.connection();
        this.zero = subject.establish(wanted.startingAt(iss, irs));
        this.issShift = subject.iss() - wanted.iss();
        this.irsShift = subject.irs() - wanted.irs();
        this.check = new SegmentCheck(wanted, issShift, irsShift);
        this.words = new SegmentText(issShift, irsShift);
        this.window = wanted.window();
        this.options = wanted.options();
        this.highestAck = subject.irs() + 1;
        this.rightEdge = highestAck;
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
     * @return what the subject sent
     * @throws AssertionError with expected and got, when the subject behaves otherwise
     */
    public static WireTrace run(WireScript script, WireSubject subject, int iss, int irs) {
        return run(script, subject, iss, irs, Moves.NONE);
    }

    /**
     * Run a script and move its connection in the middle of it. The script must hold as it does
     * without: all that is allowed beyond it is that an ACK which is owed goes out at the instant
     * of the move, and then not later.
     */
    public static WireTrace run(
            WireScript script, WireSubject subject, int iss, int irs, Moves moves) {
        return new WireScriptRunner(script, subject, iss, irs, moves).run();
    }

    /** Run a script at each of {@link #STARTS}, with a fresh subject each time. */
    public static void runAll(WireScript script, WireSubject.Factory subjects) {
        for (int[] start : STARTS) {
            try (WireSubject subject = subjects.create()) {
                run(script, subject, start[0], start[1]);
            }
        }
    }

    private WireTrace run() {
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
                case PATH -> path();
            }
            before = each;
        }
        simulation.run(0);
        nothingUnexpected();
        return wire;
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
                lastFrame = frame;
                sent(segment, nowNanos);
            }
        }
        return frames.size() + moves.doWork(nowNanos);
    }

    private void sent(TcpSegment segment, long nowNanos) {
        if (segment.timestamps) {
            lastTsVal = segment.tsVal;
        }
        boolean news = segment.ack - highestAck > 0;
        boolean pure = segment.flags == TcpSegment.ACK && segment.payload.length == 0;
        boolean owed = pure && news && moves.at(nowNanos);
        boolean late = pure && !news && missed > 0 && moves.settling(injected, nowNanos);
        missed -= late ? 1 : 0;
        Sent sent = new Sent(nowNanos - zero, segment, owed, late);
        highestAck = news ? segment.ack : highestAck;
        unmatched.add(sent);
        trace.add(
                seconds(sent.time)
                        + "  > "
                        + words.ofSubject(segment)
                        + (owed ? "  (owed)" : "")
                        + (late ? "  (late)" : ""));
        keepsItsPromise(segment);
        wire.add(words.identity(segment), owed || late);
        moves.event(wire.events(), nowNanos);
    }

    /** The right edge of the window never moves left, but for what the shift rounds away. */
    private void keepsItsPromise(TcpSegment segment) {
        if (segment.has(TcpSegment.RST) || !segment.has(TcpSegment.ACK)) {
            return;
        }
        int shift = subject.windowShift();
        int edge = segment.ack + (segment.window << shift);
        if (rightEdge - edge >= 1 << shift) {
            throw failure(
                    "a window up to " + Integer.toUnsignedString(rightEdge - irsShift),
                    "one that shrank by " + (rightEdge - edge));
        }
        rightEdge = edge - rightEdge > 0 ? edge : rightEdge;
    }

    private void nothingUnexpected() {
        while (!unmatched.isEmpty()) {
            if (!unmatched.peek().owed && !unmatched.peek().late) {
                throw failure("nothing more before this line", got(unmatched.peek()));
            }
            paid.add(unmatched.remove());
        }
    }

    private void event(String text) {
        trace.add(seconds(now()) + "  " + text);
        wire.event();
        moves.event(wire.events(), simulation.now());
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
        TcpSegment segment = segmentOfPeer(step.fields());
        subject.inject(segment.toFrame(subject.peer(), subject.local()));
        injected = simulation.now();
        event("< " + words.ofPeer(segment));
    }

    private TcpSegment segmentOfPeer(ScriptStep.Fields fields) {
        TcpSegment segment = new TcpSegment();
        segment.seq = fields.seq.from() + irsShift;
        segment.flags = fields.flags | (fields.noAck ? 0 : TcpSegment.ACK);
        segment.ack = fields.noAck ? 0 : fields.ack.from() + issShift;
        window = fields.win != null ? fields.win.from() : window;
        segment.window = window;
        segment.urgentPointer = segment.has(TcpSegment.URG) ? fields.len.from() : 0;
        if (fields.urgent != null) {
            segment.urgentPointer = fields.urgent.from();
        }
        segment.timestamps = fields.timestamps;
        if (fields.timestamps) {
            segment.tsVal = fields.tsVal.from();
            segment.tsEcr = fields.echoLast ? lastTsVal : fields.tsEcr.from();
        }
        if (fields.sack != null) {
            segment.sack = Arrays.stream(fields.sack).map(edge -> edge + issShift).toArray();
        }
        segment.rawOptions = fields.options;
        segment.wrongChecksum = fields.wrongChecksum;
        segment.trafficClass = Math.max(0, fields.ecn);
        int place = fields.seq.from() - (script.connection().irs() + 1);
        segment.payload = Content.of(place, fields.len.from());
        return segment;
    }

    private void expect() {
        if (wasPaid()) {
            return;
        }
        waitForSegment();
        while (!unmatched.isEmpty()
                && (unmatched.peek().owed || unmatched.peek().late)
                && difference(unmatched.peek()) != null) {
            paid.add(unmatched.remove());
            waitForSegment();
        }
        Sent sent = unmatched.poll();
        if (sent == null && isDuplicateAck() && moves.settling(injected, simulation.now())) {
            missed++;
            wire.missing(step.fields().ack.from());
            return;
        }
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

    /** Whether this line wants a pure ACK of nothing new. */
    private boolean isDuplicateAck() {
        ScriptStep.Fields fields = step.fields();
        return fields.flags == 0
                && fields.len != null
                && fields.len.contains(0)
                && fields.ack != null
                && fields.ack.contains(highestAck - irsShift);
    }

    /** Whether an ACK that was owed at a move is the one that this line wants. */
    private boolean wasPaid() {
        for (Sent sent : paid) {
            if (check.difference(step.fields(), sent.segment) == null && sent.time <= to) {
                paid.remove(sent);
                last = Math.max(last, Math.max(sent.time, from));
                return true;
            }
        }
        return false;
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
            advance(Math.min(to, Math.max(due, now() + STEP_NANOS)));
        }
    }

    /** The next deadline of the subject, in script time. */
    private long simulationDue() {
        long due = subject.nextDeadline();
        return due == Long.MAX_VALUE ? to : due - zero;
    }

    private String difference(Sent sent) {
        if (sent.time < from || sent.time > to) {
            return "time " + seconds(sent.time);
        }
        return check.difference(step.fields(), sent.segment);
    }

    private void checkContent(TcpSegment segment) {
        int place = segment.seq - (subject.iss() + 1);
        int wrong = Content.firstDifference(segment.payload, place);
        if (wrong >= 0) {
            throw failure(
                    "the bytes the application sent",
                    "a wrong byte " + wrong + " of " + words.ofSubject(segment));
        }
    }

    private void path() {
        advance(from);
        last = now();
        nothingUnexpected();
        switch (step.word()) {
            case "carries" -> subject.path(step.fields().numbers[0]);
            case "quench" ->
                    subject.inject(IcmpError.quench(lastFrame, subject.peer(), subject.local()));
            default ->
                    subject.inject(
                            IcmpError.unreachable(lastFrame, subject.peer(), subject.local()));
        }
        event(step.text());
        simulation.run(0);
    }

    private void application() {
        advance(from);
        last = now();
        int[] numbers = step.fields().numbers;
        switch (step.word()) {
            case "send" -> {
                subject.send(Content.of(sentByApplication, numbers[0]));
                sentByApplication += numbers[0];
            }
            case "shutdown" -> subject.shutdown();
            case "abort" -> subject.abort();
            case "reads on" -> subject.reading(true);
            case "reads off" -> subject.reading(false);
            case "nagle on", "nagle off" -> set(options.withNagle(step.word().endsWith("on")));
            case "keepalive" -> set(options.withKeepAlive(numbers[0], numbers[1], numbers[2]));
            case "timeout" -> set(options.withUserTimeout(numbers[0]));
            case "hops" -> set(options.withHopLimit(numbers[0]));
            case "class" -> set(options.withTrafficClass(numbers[0]));
            case "buffer" -> set(options.withReceiveBuffer(numbers[0]));
            default -> {
                looksAt();
                return;
            }
        }
        event("app " + step.word());
        simulation.run(0);
    }

    private void set(ScriptOptions wanted) {
        options = wanted;
        subject.set(wanted);
    }

    private void looksAt() {
        switch (step.word()) {
            case "received" -> checkReceived();
            case "eof" -> check(subject.endOfStream(), "the end of the stream", "no end yet");
            case "no-eof" -> check(!subject.endOfStream(), "no end of the stream", "the end");
            case "reset" -> check(subject.reset(), "that the application hears of a reset", "not");
            default -> check(!subject.reset(), "a living connection", "a reset one");
        }
        trace.add(seconds(now()) + "  app " + step.word());
    }

    private void checkReceived() {
        byte[] bytes = subject.received();
        int wanted = step.fields().numbers[0];
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
        return seconds(sent.time) + "  > " + words.ofSubject(sent.segment);
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

    private static String seconds(long nanos) {
        return String.format("%.3f", nanos / 1e9);
    }
}
