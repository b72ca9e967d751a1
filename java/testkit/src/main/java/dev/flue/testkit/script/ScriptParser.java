// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Turns the text of a script into steps; every complaint names file and line. */
final class ScriptParser {
    private static final long NANOS = 1_000_000_000L;
    private static final int MOST_REPEATS = 10_000;

    /** A packet may come this much early or late where a line gives one time only. */
    private static final long TOLERANCE = 1_000_000L;

    private final String name;
    private final List<ScriptStep> steps = new ArrayList<>();
    private final List<String> rules = new ArrayList<>();
    private ScriptConnection connection;
    private String title = "";
    private String only = "";
    private String unmoved = "";
    private int line;
    private String text;
    private boolean relative;
    private int repeats;
    private int repeatedFrom;

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
        if (repeats > 0) {
            throw bad("a \"repeat\" without its \"end\"");
        }
        WireScript.Header header = new WireScript.Header(title, rules, only, unmoved);
        return new WireScript(name, header, connection, steps);
    }

    private void parseLine() {
        Deque<String> words = new ArrayDeque<>(List.of(text.split("\\s+")));
        switch (words.peek()) {
            case "rule", "only", "unmoved" -> parseHeader(words);
            case "repeat", "end" -> parseRepeat(words);
            default -> parseTimed(words);
        }
        if (!words.isEmpty()) {
            throw bad("\"" + words.peek() + "\" makes no sense here");
        }
    }

    private void parseHeader(Deque<String> words) {
        if (connection != null) {
            throw bad("this stands before \"offload established\"");
        }
        String what = words.remove();
        if (what.equals("rule")) {
            do {
                rules.add(next(words, "a rule's id"));
            } while (!words.isEmpty());
        } else if (what.equals("only")) {
            only = next(words, "engine or stack");
            if (!only.equals("engine") && !only.equals("stack")) {
                throw bad("only engine, or only stack");
            }
        } else {
            next(words, "a reason");
            unmoved = text.substring(what.length()).strip();
            words.clear();
        }
    }

    private void parseRepeat(Deque<String> words) {
        boolean starts = words.remove().equals("repeat");
        if (starts == repeats > 0) {
            throw bad(starts ? "a repeat in a repeat" : "an end without a repeat");
        }
        if (starts) {
            repeats = number(next(words, "how often"));
            if (repeats < 1 || repeats > MOST_REPEATS) {
                throw bad("1 to " + MOST_REPEATS + " times");
            }
            repeatedFrom = steps.size();
            return;
        }
        List<ScriptStep> body = List.copyOf(steps.subList(repeatedFrom, steps.size()));
        for (ScriptStep step : body) {
            if (!step.relative()) {
                throw bad("times in a repeat start with +");
            }
        }
        for (int i = 1; i < repeats; i++) {
            steps.addAll(body);
        }
        repeats = 0;
    }

    private void parseTimed(Deque<String> words) {
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
            if (connection != null || !next(words, "established").equals("established")) {
                throw bad("expected one \"offload established\"");
            }
            connection = new ConnectionParser(this::bad).parse(words);
            return;
        }
        if (connection == null) {
            throw bad("the first line must be \"offload established\"");
        }
        long early = times.length == 2 ? from : Math.max(0, from - TOLERANCE);
        long late = times.length == 2 ? to : to + TOLERANCE;
        SegmentParser segments = new SegmentParser(words, this::bad);
        switch (verb) {
            case "<" -> add(ScriptStep.Kind.PEER_SENDS, from, to, segments.ofPeer(), "");
            case ">" -> add(ScriptStep.Kind.SUBJECT_SENDS, early, late, segments.ofSubject(), "");
            case ">?" ->
                    add(ScriptStep.Kind.SUBJECT_MAY_SEND, early, late, segments.ofSubject(), "");
            case "quiet" -> add(ScriptStep.Kind.QUIET, from, to, new ScriptStep.Fields(), "");
            case "app" -> parseApplication(words, from);
            case "path" -> parsePath(words, from);
            default -> throw bad("unknown verb \"" + verb + "\"");
        }
    }

    private void add(
            ScriptStep.Kind kind, long from, long to, ScriptStep.Fields fields, String word) {
        steps.add(new ScriptStep(line, text, kind, relative, from, to, fields, word));
    }

    private void parsePath(Deque<String> words, long at) {
        String what = next(words, "what the path does");
        ScriptStep.Fields fields = new ScriptStep.Fields();
        switch (what) {
            case "carries" -> fields.numbers = numbers(words, 1);
            case "unreachable", "quench" -> {}
            default -> throw bad("path carries N, path unreachable, or path quench");
        }
        add(ScriptStep.Kind.PATH, at, at, fields, what);
    }

    private void parseApplication(Deque<String> words, long at) {
        String action = next(words, "what the application does");
        ScriptStep.Fields fields = new ScriptStep.Fields();
        switch (action) {
            case "send", "received", "timeout", "hops", "class", "buffer" ->
                    fields.numbers = numbers(words, 1);
            case "reads", "nagle" -> action += " " + onOrOff(words, action);
            case "keepalive" -> {
                boolean off = "off".equals(words.peek());
                fields.numbers = off ? new int[3] : numbers(words, 3);
                if (off) {
                    words.remove();
                }
            }
            case "shutdown", "abort", "eof", "no-eof", "reset", "open" -> {}
            default -> throw bad("an application does not \"" + action + "\"");
        }
        add(ScriptStep.Kind.APPLICATION, at, at, fields, action);
    }

    private String onOrOff(Deque<String> words, String what) {
        String how = next(words, "on or off");
        if (!how.equals("on") && !how.equals("off")) {
            throw bad(what + " on, or " + what + " off");
        }
        return how;
    }

    private int[] numbers(Deque<String> words, int count) {
        int[] out = new int[count];
        for (int i = 0; i < count; i++) {
            out[i] = number(next(words, "a number"));
        }
        return out;
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
