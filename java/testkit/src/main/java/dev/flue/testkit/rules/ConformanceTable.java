// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import static java.util.stream.Collectors.joining;

import dev.flue.testkit.rules.RuleScanner.Mention;
import dev.flue.testkit.rules.RuleTable.Entry;
import dev.flue.testkit.rules.RuleTable.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Writes docs/conformance.md: each rule of docs/rules with the tests that name it, and says what is
 * wrong between the rules and the tests. Rules without a test show as open.
 */
public final class ConformanceTable {
    /** Rules that may be excused, in all tables together. */
    static final int MOST_EXCUSED = 20;

    private static final String TESTED = "tested";
    private static final String EXCUSED = "excused";
    private static final String OPEN = "open";

    static final String FILE = "docs/conformance.md";
    static final String COMMAND =
            "java -cp java/testkit/target/classes dev.flue.testkit.rules.ConformanceTable";

    private static final String HEAD =
            """
            # Conformance

            <!-- Written by `%s`; the build compares it. -->

            The rules that Flue keeps, in [our own words](rules/), and the tests that name each of them. The build fails when
            a test names a rule that does not exist, and when a MUST or MUST NOT of target, host stack or driver (I-1 to I-18)
            is neither tested nor excused. The rules of RFC 9293 are for the *engine*, in C, for the Java *host* stack, or for
            both: each of them is a TCP of its own, and the build fails when a MUST or a SHOULD has no test of each side that
            it is for. *EV* marks what is known from what others do, not from a text.

            """;

    private final List<RuleTable> tables;
    private final Map<String, List<Mention>> tests = new TreeMap<>();
    private final List<String> problems = new ArrayList<>();

    ConformanceTable(List<RuleTable> tables, List<Mention> mentions, List<String> problems) {
        this.tables = tables;
        this.problems.addAll(problems);
        for (Mention mention : mentions) {
            tests.computeIfAbsent(mention.rule(), id -> new ArrayList<>()).add(mention);
        }
    }

    static ConformanceTable of(Path root) {
        RuleScanner scanner = new RuleScanner(root);
        List<Mention> mentions = scanner.scan();
        return new ConformanceTable(RuleTable.readAll(root), mentions, scanner.problems());
    }

    /** Writes the table of the project in the current directory, or in the one named. */
    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments.length > 0 ? arguments[0] : "");
        ConformanceTable table = of(root.toAbsolutePath());
        Files.writeString(root.resolve(FILE), table.text());
        table.wrong().forEach(System.err::println);
        table.untested().forEach(System.err::println);
        System.out.println("wrote " + root.resolve(FILE));
    }

    /** What must never be: unknown rules, rules twice, excuses beside tests, too many excuses. */
    List<String> wrong() {
        List<String> out = new ArrayList<>(problems);
        Map<String, Entry> known = new LinkedHashMap<>();
        int excused = 0;
        for (RuleTable table : tables) {
            for (Entry entry : table.entries()) {
                if (known.put(entry.id(), entry) != null) {
                    out.add(table.file() + ": " + entry.id() + " is there twice");
                }
                if (entry.excused() && tests.containsKey(entry.id())) {
                    out.add(table.file() + ": " + entry.id() + " is excused, and tested");
                }
                excused += entry.excused() ? 1 : 0;
            }
        }
        if (excused > MOST_EXCUSED) {
            out.add(excused + " rules are excused, " + MOST_EXCUSED + " may be");
        }
        tests.forEach(
                (id, by) -> {
                    if (!known.containsKey(id)) {
                        Mention first = by.get(0);
                        out.add(first.file() + ": " + first.test() + ": no rule " + id);
                    }
                });
        return out;
    }

    /** Rules that the build insists on and nobody tests, or one side does not. */
    List<String> untested() {
        List<String> out = new ArrayList<>();
        for (RuleTable table : tables) {
            for (Entry entry : table.entries()) {
                String state = state(table, entry);
                if (table.gate().covers(entry) && state.startsWith(OPEN)) {
                    out.add(
                            entry.id()
                                    + " has no test and no excuse"
                                    + state.substring(OPEN.length())
                                    + ": "
                                    + entry.rule());
                }
            }
        }
        return out;
    }

    /** The sides that must test a rule each and have no test of it. */
    private List<Side> missing(RuleTable table, Entry entry) {
        List<Mention> by = tests.getOrDefault(entry.id(), List.of());
        return !table.gate().bySide()
                ? List.of()
                : entry.sides().stream()
                        .filter(side -> by.stream().noneMatch(test -> side.has(test.file())))
                        .toList();
    }

    private String state(RuleTable table, Entry entry) {
        if (entry.excused()) {
            return EXCUSED;
        }
        if (!tests.containsKey(entry.id())) {
            return OPEN;
        }
        List<Side> missing = missing(table, entry);
        return missing.isEmpty()
                ? TESTED
                : OPEN + missing.stream().map(Side::text).collect(joining(" and ", " (", ")"));
    }

    /** The whole of docs/conformance.md. */
    String text() {
        StringBuilder out = new StringBuilder(HEAD.formatted(COMMAND));
        out.append("| | rules | tested | excused | open |\n|---|---|---|---|---|\n");
        for (RuleTable table : tables) {
            total(out, table, "MUST and MUST NOT", Entry::must);
            total(out, table, "all others", entry -> !entry.must());
        }
        for (RuleTable table : tables) {
            sides(out, table);
        }
        for (RuleTable table : tables) {
            out.append("\n## ").append(table.title()).append("\n\n");
            out.append("From [`").append(table.file()).append("`](rules/");
            out.append(table.file()).append(").\n\n");
            boolean bySide = table.gate().bySide();
            out.append(bySide ? "| rule | side " : "| rule ");
            out.append("| strength | what | tests | state |\n");
            out.append(bySide ? "|---|---" : "|---").append("|---|---|---|---|\n");
            for (Entry entry : table.entries()) {
                row(out, table, entry);
            }
        }
        return out.toString();
    }

    private void total(StringBuilder out, RuleTable table, String kind, Predicate<Entry> which) {
        Map<String, Integer> count = new TreeMap<>();
        for (Entry entry : table.entries()) {
            if (which.test(entry)) {
                String state = state(table, entry);
                count.merge(state.startsWith(OPEN) ? OPEN : state, 1, Integer::sum);
            }
        }
        int all = count.values().stream().mapToInt(Integer::intValue).sum();
        if (all == 0) {
            return;
        }
        out.append("| ").append(table.title()).append(", ").append(kind);
        out.append(" | ").append(all);
        for (String state : List.of(TESTED, EXCUSED, OPEN)) {
            out.append(" | ").append(count.getOrDefault(state, 0));
        }
        out.append(" |\n");
    }

    /** How many MUSTs each of the two TCPs has, counted. */
    private static void sides(StringBuilder out, RuleTable table) {
        if (!table.gate().bySide()) {
            return;
        }
        Map<String, Integer> count = new TreeMap<>();
        for (Entry entry : table.entries()) {
            if (entry.must()) {
                count.merge(entry.side(), 1, Integer::sum);
            }
        }
        out.append("\nMUST and MUST NOT of ").append(table.title()).append(" by side: ");
        out.append(
                count.entrySet().stream()
                        .map(each -> each.getKey() + " " + each.getValue())
                        .collect(joining(", ")));
        out.append(".\n");
    }

    private void row(StringBuilder out, RuleTable table, Entry entry) {
        out.append("| ").append(entry.id());
        if (table.gate().bySide()) {
            out.append(" | ").append(entry.side());
        }
        out.append(" | ").append(entry.strength());
        out.append(" | ").append(entry.rule());
        if (!entry.note().isEmpty()) {
            out.append(" *(").append(entry.note()).append(")*");
        }
        out.append(" | ").append(entry.excused() ? entry.excuse() : links(entry.id()));
        out.append(" | ").append(state(table, entry)).append(" |\n");
    }

    /** One link a file, followed by the names of its tests. */
    private String links(String id) {
        Map<String, List<String>> byFile = new TreeMap<>();
        for (Mention mention : tests.getOrDefault(id, List.of())) {
            byFile.computeIfAbsent(mention.file(), f -> new ArrayList<>()).add(mention.test());
        }
        List<String> out = new ArrayList<>();
        byFile.forEach(
                (file, names) -> {
                    String name = file.substring(file.lastIndexOf('/') + 1).replace(".java", "");
                    names.remove(name);
                    String link = "[" + name + "](../" + file + ")";
                    out.add(names.isEmpty() ? link : link + " " + String.join(", ", names));
                });
        return String.join("; ", out);
    }
}
