// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** One file of docs/rules: a rule a line, tab-separated. */
record RuleTable(String file, String title, Gate gate, List<Entry> entries) {
    /** Which rules of a table the build insists on. */
    interface Gate {
        /** Whether a rule has to be tested, or excused. */
        boolean covers(Entry entry);

        /**
         * Whether the parties of {@link Entry#sides} have to test a rule one by one; else any test
         * of it will do.
         */
        default boolean bySide() {
            return false;
        }
    }

    /** Every MUST and MUST NOT up to the rule of a number. */
    static Gate mustsTo(int last) {
        return entry -> entry.must() && entry.number() <= last;
    }

    /** Every rule but the MAYs, on each side that it belongs to. */
    static final Gate BY_SIDE =
            new Gate() {
                @Override
                public boolean covers(Entry entry) {
                    return entry.must() || entry.should();
                }

                @Override
                public boolean bySide() {
                    return true;
                }
            };

    /** The same; so far the table only shows what is missing. */
    static final Gate BY_SIDE_SHOWN =
            new Gate() {
                @Override
                public boolean covers(Entry entry) {
                    return false;
                }

                @Override
                public boolean bySide() {
                    return true;
                }
            };

    /** One of the two TCPs. */
    enum Side {
        /** Tested in C, or in Java against libflue. */
        ENGINE("native/", "java/bindings/", "hwtests/"),
        /** Tested in Java against the host stack. */
        HOST("java/core/", "java/testkit/");

        private final List<String> folders;

        Side(String... folders) {
            this.folders = List.of(folders);
        }

        /** Whether tests in this file are tests of this side. */
        boolean has(String file) {
            return folders.stream().anyMatch(file::startsWith);
        }

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A rule.
     *
     * @param strength MUST, MUST NOT, SHOULD, SHOULD NOT, MAY, or EV for one that is known from
     *     what others do and not from a text; several of them with a comma
     * @param excuse why it cannot apply, one sentence; empty = it applies
     */
    record Entry(String id, String strength, String side, String rule, String excuse, String note) {
        boolean must() {
            return Arrays.asList(strength.split(", ")).contains("MUST")
                    || Arrays.asList(strength.split(", ")).contains("MUST NOT");
        }

        boolean should() {
            return Arrays.asList(strength.split(", ")).contains("SHOULD")
                    || Arrays.asList(strength.split(", ")).contains("SHOULD NOT");
        }

        /** The TCPs that have to keep it; none where the side is another party. */
        List<Side> sides() {
            return Arrays.stream(Side.values())
                    .filter(each -> side.equals("both") || side.equals(each.text()))
                    .toList();
        }

        boolean excused() {
            return !excuse.isEmpty();
        }

        int number() {
            return Integer.parseInt(id.substring(id.lastIndexOf('-') + 1));
        }
    }

    static final String FOLDER = "docs/rules";

    private static final String HEADER = "id\tstrength\tside\trule\texcuse\tnote";
    private static final Set<String> STRENGTHS =
            Set.of("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "EV");

    /** The tables of the project, in the order in which they are shown. */
    static List<RuleTable> readAll(Path root) {
        return List.of(
                read(root, "chimney-target.tsv", "Offload target", mustsTo(Integer.MAX_VALUE)),
                read(root, "chimney-driver.tsv", "Intermediate driver", mustsTo(18)),
                read(root, "chimney-host.tsv", "Host stack", mustsTo(Integer.MAX_VALUE)),
                read(root, "rfc9293.tsv", "RFC 9293", BY_SIDE),
                read(root, "rfc-others.tsv", "Other RFCs", BY_SIDE_SHOWN));
    }

    static RuleTable read(Path root, String file, String title, Gate gate) {
        try {
            List<String> lines = Files.readAllLines(root.resolve(FOLDER).resolve(file));
            return new RuleTable(file, title, gate, parse(file, lines));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Entry> parse(String file, List<String> lines) {
        if (lines.isEmpty() || !lines.get(0).equals(HEADER)) {
            throw new IllegalArgumentException(file + ": the first line is not: " + HEADER);
        }
        List<Entry> out = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] cells = line.split("\t", -1);
            if (cells.length != 6) {
                throw new IllegalArgumentException(file + ": not six cells: " + line);
            }
            if (!STRENGTHS.containsAll(Arrays.asList(cells[1].split(", ")))) {
                throw new IllegalArgumentException(file + ": " + cells[0] + " is " + cells[1]);
            }
            out.add(new Entry(cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]));
        }
        return out;
    }
}
