// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.util.Deque;
import java.util.function.Function;

/** The words behind "offload established". */
final class ConnectionParser {
    private final Function<String, IllegalArgumentException> bad;
    private int iss;
    private int irs;
    private int window = 65_535;
    private int mss = 1460;
    private int scale = -1;
    private int timestamp;
    private boolean timestamps;
    private boolean sack;
    private boolean ecn;
    private ScriptOptions options = ScriptOptions.DEFAULT;

    /**
     * @param bad makes the complaint about the line
     */
    ConnectionParser(Function<String, IllegalArgumentException> bad) {
        this.bad = bad;
    }

    ScriptConnection parse(Deque<String> words) {
        while (!words.isEmpty()) {
            String word = words.remove();
            String[] pair = word.split("=", 2);
            if (pair.length == 2) {
                value(pair[0], number(pair[1]));
            } else {
                flag(word);
            }
        }
        return new ScriptConnection(
                iss, irs, window, mss, scale, timestamp, timestamps, sack, ecn, options);
    }

    private void value(String name, int value) {
        switch (name) {
            case "iss" -> iss = value;
            case "irs" -> irs = value;
            case "wnd" -> window = value;
            case "mss" -> mss = value;
            case "scale" -> scale = value;
            case "buffer" -> options = options.withReceiveBuffer(value);
            case "ts" -> {
                timestamp = value;
                timestamps = true;
            }
            default -> throw bad.apply("a connection has no \"" + name + "\"");
        }
    }

    private void flag(String word) {
        switch (word) {
            case "sack" -> sack = true;
            case "ecn" -> ecn = true;
            case "nagle" -> options = options.withNagle(true);
            default -> throw bad.apply("expected name=value, got \"" + word + "\"");
        }
    }

    private int number(String word) {
        try {
            return (int) Long.parseLong(word);
        } catch (NumberFormatException e) {
            throw bad.apply("\"" + word + "\" is no number");
        }
    }
}
