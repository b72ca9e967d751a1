// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * The settings of one driver as somebody wrote them, {@code key=value} each. The driver reads those
 * it knows; whoever made it then asks {@link #checkAllRead} whether there were others. Everything
 * that is wrong is a {@link Wrong}, whose message is meant for that somebody.
 */
public final class DriverSettings {
    private final String driver;
    private final Map<String, String> values;
    private final TreeSet<String> read = new TreeSet<>();

    /** A value that is wrong, or a key. */
    public static final class Wrong extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        public Wrong(String message) {
            super(message);
        }
    }

    /**
     * @param driver its name, for messages
     */
    public DriverSettings(String driver, Map<String, String> values) {
        this.driver = driver;
        this.values = new LinkedHashMap<>(values);
    }

    /** The value of a key, or {@code otherwise}. */
    public String text(String key, String otherwise) {
        read.add(key);
        return values.getOrDefault(key, otherwise);
    }

    /**
     * A number from {@code least} to {@code most}, or {@code otherwise}.
     *
     * @throws Wrong it is none, or out of range
     */
    public int integer(String key, int otherwise, int least, int most) {
        String text = text(key, null);
        return text == null ? otherwise : parsed(key, text, least, most);
    }

    /**
     * A number from {@code least} to {@code most} that has to be given.
     *
     * @throws Wrong it is missing, none, or out of range
     */
    public int integer(String key, int least, int most) {
        String text = text(key, null);
        if (text == null) {
            throw new Wrong("driver " + driver + " needs " + key + "=" + least + ".." + most);
        }
        return parsed(key, text, least, most);
    }

    private int parsed(String key, String text, int least, int most) {
        try {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new Wrong("driver " + driver + ": " + key + "=" + text + " is no number");
        }
        throw outOfRange(key, text, least, most);
    }

    private Wrong outOfRange(String key, String text, long least, long most) {
        String what = key + "=" + text;
        return new Wrong(
                "driver " + driver + ": " + what + " is out of range " + least + ".." + most);
    }

    /**
     * An amount from {@code least} to {@code most} that has to be given: a number, or one with k, m
     * or g behind it for thousands, millions, billions.
     *
     * @throws Wrong it is missing, none, or out of range
     */
    public long amount(String key, long least, long most) {
        String text = text(key, null);
        if (text == null) {
            throw new Wrong("driver " + driver + " needs " + key + "=" + least + ".." + most);
        }
        return parsedAmount(key, text, least, most);
    }

    /**
     * The same, or {@code otherwise}.
     *
     * @throws Wrong it is none, or out of range
     */
    public long amount(String key, long otherwise, long least, long most) {
        String text = text(key, null);
        return text == null ? otherwise : parsedAmount(key, text, least, most);
    }

    private long parsedAmount(String key, String text, long least, long most) {
        int unit = text.isEmpty() ? -1 : "kmg".indexOf(text.charAt(text.length() - 1));
        String digits = unit < 0 ? text : text.substring(0, text.length() - 1);
        long value;
        try {
            value = Long.parseLong(digits);
            for (int i = 0; i <= unit; i++) {
                value = Math.multiplyExact(value, 1000L);
            }
        } catch (NumberFormatException e) {
            throw new Wrong(
                    "driver "
                            + driver
                            + ": "
                            + key
                            + "="
                            + text
                            + " is no amount like 500k or 10m");
        } catch (ArithmeticException e) {
            value = Long.MAX_VALUE;
        }
        if (value < least || value > most) {
            throw outOfRange(key, text, least, most);
        }
        return value;
    }

    /**
     * One of some words, in lower case, or {@code otherwise}.
     *
     * @throws Wrong it is none of them
     */
    public <E extends Enum<E>> E choice(String key, E otherwise) {
        String text = text(key, null);
        if (text == null) {
            return otherwise;
        }
        StringBuilder words = new StringBuilder();
        for (E each : otherwise.getDeclaringClass().getEnumConstants()) {
            String word = each.name().toLowerCase(Locale.ROOT);
            if (word.equals(text)) {
                return each;
            }
            words.append(words.length() == 0 ? "" : ", ").append(word);
        }
        throw new Wrong("driver " + driver + ": " + key + "=" + text + " is none of " + words);
    }

    /**
     * @throws Wrong there is a key that nobody has read
     */
    public void checkAllRead() {
        for (String key : values.keySet()) {
            if (!read.contains(key)) {
                throw new Wrong(
                        "driver "
                                + driver
                                + " has no setting '"
                                + key
                                + "'"
                                + (read.isEmpty() ? "" : ", only " + String.join(", ", read)));
            }
        }
    }
}
