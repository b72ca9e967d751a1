// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Turns the text of a script into steps; every complaint names file and line. */
final class ScriptParser {
    private static final long NANOS = 1_000_000_000L;

    /** A packet may come this much early or late where a line gives one time only. */
    private static final long TOLERANCE = 1_000_000L;

    private final String name;
    private final List<ScriptStep> steps = new ArrayList<>();
    private ScriptConnection connection;
    private String title = "";
    private int line;
    private String text;
    private boolean relative;

    ScriptParser(String name) {
        this.name = name;
    }

    WireScript parse(String script) {
        for (String each : script.lines().toList()) {
            line++;
            text = each.strip();
            if (text.startsWith("//")) {
                title = title.isEmpty() ? text.substring(2).strip() : title;
            } else if (!text.isEmpty()) {
                parseLine();
            }
        }
        if (connection == null) {
            throw bad("no line \"offload established\"");
        }
        return new WireScript(name, title, connection, steps);
    }

    private void parseLine() {
        Deque<String> words = new ArrayDeque<>(List.of(text.split("\\s+")));
        String when = words.remove();
        relative = when.startsWith("+");
        String[] times = when.substring(relative ? 1 : 0).split("-", 2);
        long from = time(times[0]);
        long to = times.length == 2 ? time(times[1]) : from;
        if (to < from) {
            throw bad("a span that ends before it starts");
        }
        String verb = next(words, "a verb");
        if (verb.equals("offload")) {
            parseConnection(words);
            return;
        }
        if (connection == null) {
            throw bad("the first line must be \"offload established\"");
        }
        long early = times.length == 2 ? from : Math.max(0, from - TOLERANCE);
        long late = times.length == 2 ? to : to + TOLERANCE;
        switch (verb) {
            case "<" -> add(ScriptStep.Kind.PEER_SENDS, from, to, segment(words, true), "");
            case ">" -> add(ScriptStep.Kind.SUBJECT_SENDS, early, late, segment(words, false), "");
            case ">?" ->
                    add(ScriptStep.Kind.SUBJECT_MAY_SEND, early, late, segment(words, false), "");
            case "quiet" -> add(ScriptStep.Kind.QUIET, from, to, new ScriptStep.Fields(), "");
            case "app" -> parseApplication(words, from);
            default -> throw bad("unknown verb \"" + verb + "\"");
        }
        if (!words.isEmpty()) {
            throw bad("\"" + words.peek() + "\" makes no sense here");
        }
    }

    private void add(
            ScriptStep.Kind kind, long from, long to, ScriptStep.Fields fields, String word) {
        steps.add(new ScriptStep(line, text, kind, relative, from, to, fields, word));
    }

    private void parseConnection(Deque<String> words) {
        if (connection != null || !next(words, "established").equals("established")) {
            throw bad("expected one \"offload established\"");
        }
        int iss = 0;
        int irs = 0;
        int window = 65535;
        int mss = 1460;
        int scale = -1;
        int timestamp = 0;
        boolean timestamps = false;
        while (!words.isEmpty()) {
            String[] pair = words.remove().split("=", 2);
            if (pair.length != 2) {
                throw bad("expected name=value, got \"" + pair[0] + "\"");
            }
            int value = number(pair[1]);
            switch (pair[0]) {
                case "iss" -> iss = value;
                case "irs" -> irs = value;
                case "wnd" -> window = value;
                case "mss" -> mss = value;
                case "scale" -> scale = value;
                case "ts" -> {
                    timestamp = value;
                    timestamps = true;
                }
                default -> throw bad("a connection has no \"" + pair[0] + "\"");
            }
        }
        connection = new ScriptConnection(iss, irs, window, mss, scale, timestamp, timestamps);
    }

    private ScriptStep.Fields segment(Deque<String> words, boolean fromPeer) {
        ScriptStep.Fields fields = new ScriptStep.Fields();
        fields.len = 0;
        while (!words.isEmpty()) {
            String word = words.remove();
            switch (word) {
                case "seq" -> fields.seq = value(words, fromPeer);
                case "len" -> fields.len = value(words, fromPeer);
                case "win" -> fields.win = value(words, fromPeer);
                case "ack" -> {
                    if ("none".equals(words.peek())) {
                        words.remove();
                        fields.noAck = true;
                    } else {
                        fields.ack = value(words, fromPeer);
                    }
                }
                case "ts" -> {
                    fields.timestamps = true;
                    fields.tsVal = value(words, fromPeer);
                    if ("last".equals(words.peek())) {
                        words.remove();
                        fields.echoLast = true;
                    } else {
                        fields.tsEcr = value(words, fromPeer);
                    }
                }
                default -> fields.flags |= flag(word);
            }
        }
        if (fromPeer && (fields.seq == null || fields.ack == null && !fields.noAck)) {
            throw bad("a segment of the peer needs \"seq\" and \"ack\"");
        }
        return fields;
    }

    private int flag(String word) {
        return switch (word) {
            case "fin" -> TcpSegment.FIN;
            case "syn" -> TcpSegment.SYN;
            case "rst" -> TcpSegment.RST;
            case "psh" -> TcpSegment.PSH;
            case "urg" -> TcpSegment.URG;
            default -> throw bad("a segment has no \"" + word + "\"");
        };
    }

    private void parseApplication(Deque<String> words, long at) {
        String action = next(words, "what the application does");
        ScriptStep.Fields fields = new ScriptStep.Fields();
        switch (action) {
            case "send", "received" -> fields.amount = number(next(words, "a number of bytes"));
            case "reads" -> {
                String how = next(words, "on or off");
                if (!how.equals("on") && !how.equals("off")) {
                    throw bad("reads on, or reads off");
                }
                action = "reads " + how;
            }
            case "shutdown", "abort", "eof", "no-eof", "reset", "open" -> {}
            default -> throw bad("an application does not \"" + action + "\"");
        }
        add(ScriptStep.Kind.APPLICATION, at, at, fields, action);
    }

    private Integer value(Deque<String> words, boolean fromPeer) {
        String word = next(words, "a number");
        if (word.equals("any")) {
            if (fromPeer) {
                throw bad("the peer sends a number, not \"any\"");
            }
            return null;
        }
        return number(word);
    }

    private String next(Deque<String> words, String what) {
        if (words.isEmpty()) {
            throw bad("the line ends where " + what + " should be");
        }
        return words.remove();
    }

    private int number(String word) {
        try {
            return (int) Long.parseLong(word);
        } catch (NumberFormatException e) {
            throw bad("\"" + word + "\" is no number");
        }
    }

    private long time(String word) {
        try {
            return Math.round(Double.parseDouble(word) * NANOS);
        } catch (NumberFormatException e) {
            throw bad("\"" + word + "\" is no time");
        }
    }

    private IllegalArgumentException bad(String what) {
        return new IllegalArgumentException(name + ":" + line + ": " + what + ": " + text);
    }
}
