// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * One file of docs/rules: a rule a line, tab-separated.
 *
 * @param gatedTo number of the last rule whose MUST has to be tested or excused; 0 = none of them,
 *     the table only shows what is tested
 */
record RuleTable(String file, String title, int gatedTo, List<Entry> entries) {
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
                read(root, "chimney-target.tsv", "Offload target", Integer.MAX_VALUE),
                read(root, "chimney-driver.tsv", "Intermediate driver", 18),
                read(root, "chimney-host.tsv", "Host stack", Integer.MAX_VALUE),
                read(root, "rfc9293.tsv", "RFC 9293", 0));
    }

    static RuleTable read(Path root, String file, String title, int gatedTo) {
        try {
            List<String> lines = Files.readAllLines(root.resolve(FOLDER).resolve(file));
            return new RuleTable(file, title, gatedTo, parse(file, lines));
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

    /** Whether the build insists on a test or an excuse. */
    boolean gates(Entry entry) {
        return entry.must() && entry.number() <= gatedTo;
    }
}
