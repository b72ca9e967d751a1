// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.testkit.rules.RuleScanner.Mention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What counts as a test that names a rule. */
class RuleScannerTest {
    @TempDir Path root;

    private RuleScanner scanner;

    private List<String> scan(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(root.resolve("java"));
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
        scanner = new RuleScanner(root);
        return scanner.scan().stream().map(m -> m.rule() + " " + m.test()).toList();
    }

    private List<String> java(String text) throws IOException {
        return scan("java/core/src/test/java/a/XTest.java", text);
    }

    @Test
    void oneRuleSeveralRulesAndRepeatedAnnotationsOfAMethod() throws IOException {
        String text =
                """
                class XTest {
                    @Rule("T-1")
                    @Test
                    void one() {}

                    @ParameterizedTest
                    @ValueSource(ints = {1, 2})
                    @Rule({"T-2", "T-3"})
                    @dev.flue.testkit.Rule(value = "H-1")
                    public void more(int n) throws java.io.IOException {}
                }
                """;
        assertThat(java(text)).containsExactly("T-1 one", "T-2 more", "T-3 more", "H-1 more");
        assertThat(scanner.problems()).isEmpty();
    }

    @Test
    void aRuleOfAClassCountsForTheClass() throws IOException {
        assertThat(java("@Rule(\"H-4\") public abstract class XTest<T> extends Y {}"))
                .containsExactly("H-4 XTest");
    }

    @Test
    void commentsAndStringsNameNothing() throws IOException {
        String text =
                """
                // @Rule("T-1")
                /** {@code @Rule("T-2")} */
                class XTest {
                    String s = "@Rule(\\"T-3\\") void x()";
                    char quote = '"';
                    /* @Rule("T-4") */ int y;
                }
                """;
        assertThat(java(text)).isEmpty();
    }

    @Test
    void aRuleOnWhatNoTestRunnerRunsIsAProblem() throws IOException {
        assertThat(java("class XTest { @Rule(\"T-1\") void helper() {} }")).isNotEmpty();
        assertThat(scanner.problems()).singleElement().asString().contains("helper", "no test");
        java("class XTest { @Disabled(\"later\") @Test @Rule(\"T-1\") void off() {} }");
        assertThat(scanner.problems()).singleElement().asString().contains("off", "no test");
    }

    @Test
    void idsThatAreNoLiteralsAreAProblem() throws IOException {
        java("class XTest { @Rule(Ids.ONE) @Test void constant() {} }");
        assertThat(scanner.problems()).singleElement().asString().contains("constant");
        java("class XTest { @Rule({\"T-1\", Ids.ONE}) @Test void both() {} }");
        assertThat(scanner.problems()).singleElement().asString().contains("both");
    }

    @Test
    void rulesOfCBelongToTheFunctionTheyStandIn() throws IOException {
        String text =
                """
                #define RULE(id) \\
                    note("T-9" id)
                static const int table[] = { 1, 2 };
                /* RULE("T-1"); */
                static void
                sends_in_order(void **state)
                {
                    RULE("T-83");
                    RULE("T-84");
                    if (table[0] == '{')
                        check("RULE(");
                    RULE("T-83");
                }
                RULE("T-85")
                RULE("T-86")
                static void
                other(void **state)
                {
                    call(state);
                }
                """;
        assertThat(scan("native/test/tcp/test_x.c", text))
                .containsExactly(
                        "T-83 sends_in_order", "T-84 sends_in_order", "T-85 other", "T-86 other");
        assertThat(scanner.problems()).isEmpty();
    }

    @Test
    void rulesOfAScriptCountForTheTestsThatRunIt() throws IOException {
        String folder = "java/testkit/src/main/resources/dev/flue/testkit/scripts/";
        scan(folder + "a.wire", "// rule 1/MUST-9\nrule 1/MUST-1 2/A-1\n0 offload established");
        scan(folder + "b.wire", "rule 1/MUST-2\nonly engine");
        assertThat(scan(folder + "c.wire", "rule 1/MUST-3\nonly stack"))
                .containsExactlyInAnyOrder(
                        "1/MUST-1 a.wire",
                        "1/MUST-1 a.wire",
                        "2/A-1 a.wire",
                        "2/A-1 a.wire",
                        "1/MUST-2 b.wire",
                        "1/MUST-3 c.wire");
        assertThat(scanner.scan())
                .filteredOn(mention -> mention.test().equals("c.wire"))
                .extracting(Mention::file)
                .allMatch(file -> file.endsWith("JavaStackScriptsTest.java"));
    }

    @Test
    void allTestFoldersAreScannedAndTheProductIsNot() throws IOException {
        String text = "class XTest { @Test @Rule(\"T-1\") void a() {} }";
        scan("java/core/src/main/java/XTest.java", text);
        scan("java/bindings/src/test/java/XTest.java", text);
        scan("java/testkit/src/main/java/XTest.java", text);
        scan("hwtests/src/test/java/XTest.java", text);
        scan("native/test/XTest.java", text);
        assertThat(new RuleScanner(root).scan())
                .extracting(Mention::file)
                .containsExactly(
                        "hwtests/src/test/java/XTest.java",
                        "java/bindings/src/test/java/XTest.java",
                        "java/testkit/src/main/java/XTest.java");
    }
}
