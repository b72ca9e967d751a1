// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.LinkedHashMap;
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
        throw new Wrong(
                "driver "
                        + driver
                        + ": "
                        + key
                        + "="
                        + text
                        + " is out of range "
                        + least
                        + ".."
                        + most);
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
