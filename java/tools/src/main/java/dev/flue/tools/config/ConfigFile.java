// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** A file of properties, each with the line that it stands in. */
final class ConfigFile {
    /** What is wrong with a file, in a sentence. */
    static final class Broken extends Exception {
        private static final long serialVersionUID = 1;

        Broken(String message) {
            super(message);
        }
    }

    private record Entry(String value, int line) {}

    private final String name;
    private final Map<String, Entry> entries = new HashMap<>();

    private ConfigFile(String name) {
        this.name = name;
    }

    /** A file without a property. */
    static ConfigFile empty() {
        return new ConfigFile("");
    }

    /**
     * @throws Broken it cannot be read, is no file of properties, or has a key that there is not
     */
    static ConfigFile read(Path path) throws Broken {
        ConfigFile file = new ConfigFile(path.toString());
        List<String> lines;
        try {
            lines = Files.readAllLines(path);
        } catch (MalformedInputException e) {
            throw new Broken(path + " is not UTF-8");
        } catch (IOException e) {
            throw new Broken(
                    "cannot read " + path + (Files.exists(path) ? "" : ": it does not exist"));
        }
        file.parse(lines);
        return file;
    }

    /** The syntax is that of {@link Properties}, which is given one line at a time. */
    private void parse(List<String> lines) throws Broken {
        LineReader reader = new LineReader(lines);
        String[] problem = {null};
        Properties properties =
                new Properties() {
                    private static final long serialVersionUID = 1;

                    @Override
                    public synchronized Object put(Object key, Object value) {
                        String where = name + ":" + reader.line() + ": ";
                        Entry before = entries.get(key);
                        if (problem[0] == null && !Setting.known((String) key)) {
                            problem[0] = where + "there is no setting '" + key + "'";
                        } else if (problem[0] == null && before != null) {
                            problem[0] = where + key + " stands in line " + before.line + " too";
                        }
                        entries.put((String) key, new Entry((String) value, reader.line()));
                        return null;
                    }
                };
        try {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new Broken(name + ":" + reader.line() + ": " + e.getMessage());
        }
        if (problem[0] != null) {
            throw new Broken(problem[0]);
        }
    }

    /** Null: the file does not say. */
    String value(String property) {
        Entry entry = entries.get(property);
        return entry == null ? null : entry.value.strip();
    }

    /** {@code flue.properties:3}. */
    String origin(String property) {
        return name + ":" + entries.get(property).line;
    }

    /**
     * Gives a line a call, so that whoever takes what was read knows where it stood: {@link
     * Properties} asks for the line behind before it hands a property out.
     */
    private static final class LineReader extends Reader {
        private final List<String> lines;
        private String text = "";
        private int at;
        private int given;
        private boolean ended;

        LineReader(List<String> lines) {
            this.lines = lines;
        }

        /** Of the property that is being handed out, from 1 on. */
        int line() {
            return ended ? given : given - 1;
        }

        @Override
        public int read(char[] buffer, int offset, int length) {
            if (at == text.length()) {
                if (given == lines.size()) {
                    ended = true;
                    return -1;
                }
                text = lines.get(given++) + "\n";
                at = 0;
            }
            int count = Math.min(length, text.length() - at);
            text.getChars(at, at + count, buffer, offset);
            at += count;
            return count;
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
