// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.testkit.script.ScriptStep.Fields;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;

/** The words of a segment, behind one of {@code < > >?}. */
final class SegmentParser {
    private static final int MOST_OPTIONS = 40;

    private final Deque<String> words;
    private final Function<String, IllegalArgumentException> bad;
    private final Fields fields = new Fields();
    private boolean fromPeer;

    /**
     * @param words of the line, behind the verb; those of the segment are taken
     * @param bad makes the complaint about the line
     */
    SegmentParser(Deque<String> words, Function<String, IllegalArgumentException> bad) {
        this.words = words;
        this.bad = bad;
    }

    Fields ofPeer() {
        fromPeer = true;
        parse();
        if (fields.seq == null || fields.ack == null && !fields.noAck) {
            throw bad.apply("a segment of the peer needs \"seq\" and \"ack\"");
        }
        return fields;
    }

    Fields ofSubject() {
        parse();
        return fields;
    }

    private void parse() {
        while (!words.isEmpty()) {
            String word = words.remove();
            switch (word) {
                case "seq" -> fields.seq = value();
                case "len" -> fields.len = value();
                case "win" -> fields.win = value();
                case "urgent" -> {
                    fields.urgent = value();
                    fields.flags |= TcpSegment.URG;
                }
                case "ack" -> ack();
                case "ts" -> timestamps();
                case "sack" -> sack();
                default -> rare(word);
            }
        }
    }

    private void ack() {
        if ("none".equals(words.peek())) {
            words.remove();
            fields.noAck = true;
        } else {
            fields.ack = value();
        }
    }

    private void timestamps() {
        fields.timestamps = true;
        fields.tsVal = value();
        if (fromPeer && "last".equals(words.peek())) {
            words.remove();
            fields.echoLast = true;
        } else {
            fields.tsEcr = value();
        }
    }

    /** Blocks a-b, as many as follow, or none. */
    private void sack() {
        List<Integer> edges = new ArrayList<>();
        if ("none".equals(words.peek())) {
            words.remove();
        }
        while (!words.isEmpty() && words.peek().matches("\\d+-\\d+")) {
            Span block = value(words.remove());
            edges.add(block.from());
            edges.add(block.to());
        }
        fields.sack = edges.stream().mapToInt(Integer::intValue).toArray();
    }

    private void rare(String word) {
        switch (word) {
            case "notect" -> fields.ecn = 0;
            case "ect1" -> fields.ecn = 1;
            case "ect0" -> fields.ecn = 2;
            case "ce" -> fields.ecn = 3;
            case "hops" -> fields.hops = expected(word);
            case "class" -> fields.trafficClass = expected(word);
            case "options" -> fields.options = options();
            case "badsum" -> fields.wrongChecksum = fromPeer || sendsNone(word);
            default -> fields.flags |= flag(word);
        }
    }

    private Span expected(String word) {
        if (fromPeer) {
            throw bad.apply("only the subject's \"" + word + "\" can be told");
        }
        return value();
    }

    private boolean sendsNone(String word) {
        throw bad.apply("only the peer's segments can have \"" + word + "\"");
    }

    /** Bytes in hexadecimal; filled up with zeroes to a multiple of four. */
    private byte[] options() {
        if (!fromPeer) {
            sendsNone("options");
        }
        String text = next("bytes in hexadecimal");
        try {
            byte[] bytes = HexFormat.of().parseHex(text);
            if (bytes.length <= MOST_OPTIONS) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            throw bad.apply("\"" + text + "\" is not hexadecimal");
        }
        throw bad.apply("at most " + MOST_OPTIONS + " bytes of options");
    }

    private int flag(String word) {
        return switch (word) {
            case "fin" -> TcpSegment.FIN;
            case "syn" -> TcpSegment.SYN;
            case "rst" -> TcpSegment.RST;
            case "psh" -> TcpSegment.PSH;
            case "urg" -> TcpSegment.URG;
            case "ece" -> TcpSegment.ECE;
            case "cwr" -> TcpSegment.CWR;
            default -> throw bad.apply("a segment has no \"" + word + "\"");
        };
    }

    /** A number; of the subject also {@code any}, or {@code from-to}. */
    private Span value() {
        String word = next("a number");
        if (word.equals("any")) {
            if (fromPeer) {
                throw bad.apply("the peer sends a number, not \"any\"");
            }
            return null;
        }
        Span span = value(word);
        if (fromPeer && span.from() != span.to()) {
            throw bad.apply("the peer sends a number, not a range");
        }
        return span;
    }

    private Span value(String word) {
        String[] ends = word.split("-", 2);
        return new Span(number(ends[0]), number(ends[ends.length - 1]));
    }

    private String next(String what) {
        if (words.isEmpty()) {
            throw bad.apply("the line ends where " + what + " should be");
        }
        return words.remove();
    }

    private int number(String word) {
        try {
            return (int) Long.parseLong(word);
        } catch (NumberFormatException e) {
            throw bad.apply("\"" + word + "\" is no number");
        }
    }
}
