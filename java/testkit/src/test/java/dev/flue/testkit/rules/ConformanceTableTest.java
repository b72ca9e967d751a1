// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.testkit.rules.RuleScanner.Mention;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the table shows, and what it finds wrong. */
class ConformanceTableTest {
    private static final String HEADER = "id\tstrength\tside\trule\texcuse\tnote";

    private final List<String> lines = new ArrayList<>(List.of(HEADER));
    private final List<Mention> mentions = new ArrayList<>();
    private RuleTable.Gate gate = RuleTable.mustsTo(Integer.MAX_VALUE);

    private void rule(String id, String strength, String excuse) {
        rule(id, strength, "target", excuse);
    }

    private void rule(String id, String strength, String side, String excuse) {
        lines.add(String.join("\t", id, strength, side, "What " + id + " asks.", excuse, ""));
    }

    private void test(String id, String name) {
        mentions.add(new Mention(id, "java/core/src/test/java/a/XTest.java", name));
    }

    private ConformanceTable table() {
        RuleTable rules = new RuleTable("x.tsv", "Target", gate, RuleTable.parse("x.tsv", lines));
        return new ConformanceTable(List.of(rules), mentions, List.of());
    }

    @Test
    void aRowNamesTheRuleItsTestsAndItsState() {
        rule("T-1", "MUST", "");
        rule("T-2", "MUST NOT", "No such thing here.");
        rule("T-3", "SHOULD", "");
        test("T-1", "one");
        test("T-1", "two");
        String text = table().text();
        assertThat(text)
                .contains(
                        "| T-1 | MUST | What T-1 asks. |"
                                + " [XTest](../java/core/src/test/java/a/XTest.java) one, two |"
                                + " tested |\n")
                .contains("| T-2 | MUST NOT | What T-2 asks. | No such thing here. | excused |\n")
                .contains("| T-3 | SHOULD | What T-3 asks. |  | open |\n")
                .contains("| Target, MUST and MUST NOT | 2 | 1 | 1 | 0 |\n")
                .contains("| Target, all others | 1 | 0 | 0 | 1 |\n");
    }

    @Test
    void aTestThatNamesAnUnknownRuleIsWrong() {
        rule("T-1", "MUST", "");
        test("T-9", "lost");
        assertThat(table().wrong()).singleElement().asString().contains("T-9", "lost", "XTest");
    }

    @Test
    void anExcuseBesideATestIsWrong() {
        rule("T-1", "MUST", "Cannot be.");
        test("T-1", "butIs");
        assertThat(table().wrong()).singleElement().asString().contains("T-1", "excused");
    }

    @Test
    void moreThanTwentyExcusesAreWrong() {
        for (int i = 1; i <= ConformanceTable.MOST_EXCUSED; i++) {
            rule("T-" + i, "MUST", "Cannot be.");
        }
        assertThat(table().wrong()).isEmpty();
        rule("T-100", "MUST", "Cannot be.");
        assertThat(table().wrong()).singleElement().asString().contains("21");
    }

    @Test
    void aRuleThatIsThereTwiceIsWrong() {
        rule("T-1", "MUST", "");
        rule("T-1", "MAY", "");
        assertThat(table().wrong()).singleElement().asString().contains("T-1", "twice");
    }

    @Test
    void onlyAMustThatIsGatedHasToBeTestedOrExcused() {
        gate = RuleTable.mustsTo(6);
        rule("T-1", "MUST", "");
        rule("T-2", "SHOULD", "");
        rule("T-3", "MAY, MUST NOT", "");
        rule("T-4", "MUST", "Cannot be.");
        rule("T-5", "MUST", "");
        rule("T-6", "EV", "");
        rule("T-7", "MUST", "");
        test("T-5", "does");
        assertThat(table().untested())
                .hasSize(2)
                .anyMatch(s -> s.startsWith("T-1 "))
                .anyMatch(s -> s.startsWith("T-3 "));
    }

    private void testIn(String file, String id) {
        mentions.add(new Mention(id, file, "does"));
    }

    @Test
    void aRuleOfBothSidesNeedsATestOfEach() {
        gate = RuleTable.BY_SIDE;
        rule("R-1", "MUST", "both", "");
        rule("R-2", "SHOULD", "both", "");
        rule("R-3", "MUST NOT", "engine", "");
        rule("R-4", "MUST", "host", "");
        rule("R-5", "MUST", "both", "");
        rule("R-6", "MAY", "both", "");
        rule("R-7", "SHOULD NOT", "both", "Cannot be.");
        testIn("native/test/test_x.c", "R-1");
        testIn("java/core/src/test/java/XTest.java", "R-2");
        testIn("java/testkit/src/test/java/XTest.java", "R-3");
        testIn("java/bindings/src/test/java/XTest.java", "R-4");
        assertThat(table().untested())
                .hasSize(5)
                .anyMatch(s -> s.startsWith("R-1 has no test and no excuse (host)"))
                .anyMatch(s -> s.startsWith("R-2 has no test and no excuse (engine)"))
                .anyMatch(s -> s.startsWith("R-3 has no test and no excuse (engine)"))
                .anyMatch(s -> s.startsWith("R-4 has no test and no excuse (host)"))
                .anyMatch(s -> s.startsWith("R-5 has no test and no excuse:"));
        assertThat(table().text())
                .contains("MUST and MUST NOT of Target by side: both 2, engine 1, host 1.")
                .contains("| R-1 | both | MUST | What R-1 asks. |", "| open (host) |")
                .contains("| Target, MUST and MUST NOT | 4 | 0 | 0 | 4 |");
        testIn("hwtests/src/test/java/XTest.java", "R-2");
        testIn("native/test/test_x.c", "R-3");
        testIn("java/core/src/test/java/XTest.java", "R-1");
        assertThat(table().untested())
                .extracting(s -> s.substring(0, 3))
                .containsOnly("R-4", "R-5");
    }

    @Test
    void aTableThatIsOnlyShownStopsNoBuild() {
        gate = RuleTable.BY_SIDE_SHOWN;
        rule("R-1", "MUST", "both", "");
        testIn("native/test/test_x.c", "R-1");
        assertThat(table().untested()).isEmpty();
        assertThat(table().text()).contains("| open (host) |");
    }

    @Test
    void aTableThatIsNotATableIsRefused() {
        rule("T-1", "OUGHT", "");
        assertThatThrownBy(this::table).hasMessageContaining("OUGHT");
        lines.set(1, "T-1\tMUST");
        assertThatThrownBy(this::table).hasMessageContaining("six cells");
        lines.set(0, "id");
        assertThatThrownBy(this::table).hasMessageContaining("first line");
    }

    /** Guards the files in docs/rules against a rule that got lost. */
    @Test
    void theProjectsTablesAreComplete() {
        List<RuleTable> tables =
                RuleTable.readAll(Path.of(System.getProperty("flue.root"))).subList(0, 4);
        assertThat(tables).extracting(t -> t.entries().size()).containsExactly(152, 33, 52, 107);
        for (RuleTable table : tables) {
            Map<String, Integer> last = new HashMap<>();
            for (RuleTable.Entry entry : table.entries()) {
                assertThat(entry.excuse()).matches("([^.]+\\.)?");
                String kind = entry.id().substring(0, entry.id().lastIndexOf('-'));
                int expected = last.merge(kind, 1, Integer::sum);
                if (!kind.endsWith("MAY")) {
                    assertThat(entry.number()).as(entry.id()).isEqualTo(expected);
                }
            }
        }
    }
}
