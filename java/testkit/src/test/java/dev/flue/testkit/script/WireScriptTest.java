// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class WireScriptTest {
    private static final String FOLDER = "java/testkit/src/main/resources/dev/flue/testkit/scripts";
    private static final String HEAD = "0 offload established iss=1000 irs=5000 wnd=65535\n";

    static List<String> scripts() {
        return WireScript.names();
    }

    @Test
    void thereAreAtLeastFifteenScriptsWithTitlesOfTheirOwn() {
        HashSet<String> titles = new HashSet<>();
        for (String name : scripts()) {
            titles.add(WireScript.load(name).title());
        }
        assertThat(titles).hasSizeGreaterThanOrEqualTo(15).hasSameSizeAs(scripts());
    }

    @Test
    void theIndexNamesEachScriptThereIs() throws IOException {
        Path folder = Path.of(System.getProperty("flue.root"), FOLDER);
        try (Stream<Path> files = Files.list(folder)) {
            List<String> there =
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".wire"))
                            .toList();
            assertThat(scripts()).containsExactlyInAnyOrderElementsOf(there);
        }
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void eachScriptParsesAndItsTimesDoNotGoBack(String name) {
        WireScript script = WireScript.load(name);
        assertThat(script.title()).isNotEmpty();
        assertThat(script.steps()).isNotEmpty();
        long last = 0;
        for (ScriptStep step : script.steps()) {
            if (step.relative()) {
                break;
            }
            assertThat(step.to()).as(step.text()).isGreaterThanOrEqualTo(last);
            last = Math.max(last, step.kind() == ScriptStep.Kind.PEER_SENDS ? step.from() : last);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    0.1 < len 5 ack 1               | needs "seq" and "ack"
                    0.1 < seq any ack 1             | the peer sends a number
                    0.1 > ack 5 nonsense            | a segment has no "nonsense"
                    0.1 >> ack 5                    | unknown verb
                    x > ack 5                       | is no time
                    0.2-0.1 > ack 5                 | ends before it starts
                    0.1 > ack                       | the line ends where a number should be
                    0.1 app dances                  | an application does not
                    0.1 app reads maybe             | reads on, or reads off
                    0.1 quiet please                | "please" makes no sense
                    rule 9293/MUST-1                | before "offload established"
                    end                             | an end without a repeat
                    repeat 0                        | 1 to 10000 times
                    repeat 3                        | without its "end"
                    0.1 < seq 1-2 ack 1             | a number, not a range
                    0.1 < seq 1 ack 1 options xyz   | is not hexadecimal
                    0.1 < seq 1 ack 1 hops 3        | only the subject's "hops"
                    0.1 > badsum                    | only the peer's segments
                    0.1 app keepalive 1 2           | the line ends where a number should be
                    0.1 path is long                | path carries N
                    0.1 offload established         | expected one
                    """)
    void aBrokenLineIsNamed(String line, String complaint) {
        assertThatThrownBy(() -> WireScript.parse("t.wire", HEAD + line))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("t.wire:2: ")
                .hasMessageContaining(complaint);
    }

    @Test
    void aScriptStartsWithItsConnection() {
        assertThatThrownBy(() -> WireScript.parse("t", "0.1 > ack 5"))
                .hasMessageContaining("offload established");
        assertThatThrownBy(() -> WireScript.parse("t", "// nothing"))
                .hasMessageContaining("offload established");
    }

    private static void run(String lines) {
        WireScript script = WireScript.parse("t.wire", "// a test\n" + HEAD + lines);
        for (IpVersion version : IpVersion.values()) {
            WireScriptRunner.runAll(script, () -> new AckingSubject(version));
        }
    }

    @Test
    void theExampleOfTheFormatRuns() {
        run(
                """
                0.010  < seq 5001 len 100 ack 1001 win 1000
                0.010  > ack 5101
                0.020  app received 100
                1.000  quiet
                """);
    }

    @Test
    void aWrongAckIsShownAsExpectedAndGot() {
        assertThatThrownBy(
                        () ->
                                run(
                                        """
                                        0.010  < seq 5001 len 100 ack 1001
                                        0.010  > ack 5102
                                        """))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("t.wire:4: a test [acker over IPv4, iss 1000, irs 5000]")
                .hasMessageContaining("expected  0.010  > ack 5102")
                .hasMessageContaining("got       0.010  > seq 1001 len 0 ack 5101")
                .hasMessageContaining("differs   ack")
                .hasMessageContaining("0.010  < seq 5001 len 100 ack 1001");
    }

    @Test
    void aMissingSegmentASurprisingOneAndALateOneAreFound() {
        assertThatThrownBy(() -> run("0.010-0.050 > ack 5001"))
                .hasMessageContaining("nothing until 0.050");
        assertThatThrownBy(
                        () ->
                                run(
                                        """
                                        0.010  < seq 5001 len 100 ack 1001
                                        0.500  quiet
                                        """))
                .hasMessageContaining("nothing more before this line");
        assertThatThrownBy(
                        () ->
                                run(
                                        """
                                        0.010        < seq 5001 len 100 ack 1001
                                        0.050-0.060  > ack 5101
                                        """))
                .hasMessageContaining("differs   time 0.010");
    }

    @Test
    void anOptionalSegmentMayCome() {
        run(
                """
                0.010         < seq 5001 len 100 ack 1001
                0.010-0.100   >? ack 1
                0.010-0.100   > ack 5101
                0.200-0.300   >? ack 5101
                0.400         quiet
                """);
    }

    @Test
    void linesOfThePeerAtOneTimeArriveAsABurst() {
        run(
                """
                0.010   < seq 5001 len 100 ack 1001
                0.010   < seq 5101 len 100 ack 1001
                0.010   > ack 5101
                0.010   > ack 5201
                0.400   quiet
                """);
    }

    @Test
    void aTimeMayCountFromTheLineBefore() {
        run(
                """
                0.010   < seq 5001 len 100 ack 1001
                +0      > ack 5101
                +0.100  < seq 5101 len 100 ack 1001
                0.110   > ack 5201
                +0.500  quiet
                0.610   app received 200
                """);
    }

    @Test
    void aNumberMayBeARangeAndLinesMayComeAgain() {
        run(
                """
                0.010   < seq 5001 len 100 ack 1001
                +0      > ack 5100-5200 len 0-10
                repeat 3
                +0.100  < seq 4001 len 100 ack 1001
                +0      > ack 5101
                end
                +1.000  quiet
                """);
        assertThatThrownBy(
                        () ->
                                run(
                                        """
                                        0.010   < seq 5001 len 100 ack 1001
                                        +0      > ack 5102-5200
                                        """))
                .hasMessageContaining("differs   ack");
    }

    @Test
    void aScriptSaysWhichRulesItProvesAndWhomItIsFor() {
        WireScript script =
                WireScript.parse(
                        "t", "// x\nrule 1/MUST-1 2/RST-2\nrule 3/A-1\nonly engine\n" + HEAD);
        assertThat(script.rules()).containsExactly("1/MUST-1", "2/RST-2", "3/A-1");
        assertThat(script.only()).isEqualTo("engine");
        assertThat(script.unmoved()).isEmpty();
    }

    @Test
    void theApplicationIsLookedAt() {
        assertThatThrownBy(() -> run("0.1 app received 3"))
                .hasMessageContaining("3 bytes received")
                .hasMessageContaining("0 bytes");
        assertThatThrownBy(() -> run("0.1 app eof")).hasMessageContaining("the end of the stream");
        assertThatThrownBy(() -> run("0.1 app reset")).hasMessageContaining("reset");
    }
}
