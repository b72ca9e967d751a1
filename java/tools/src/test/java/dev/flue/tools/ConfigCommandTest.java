// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.tools.config.Defaults;
import dev.flue.tools.config.Setting;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Defaults of options: flag before environment before file before what the option says. */
class ConfigCommandTest {
    @TempDir private Path directory;

    private final Map<String, String> environment = new HashMap<>();
    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();

    private int run(String... args) {
        out = new StringWriter();
        err = new StringWriter();
        CommandLine commandLine = Main.commandLine(Defaults.of(environment, directory, args));
        commandLine.setOut(new PrintWriter(out));
        commandLine.setErr(new PrintWriter(err));
        return Main.execute(commandLine, args);
    }

    private int runLine(String line) {
        return run(line.split(" "));
    }

    private Path file(String name, String... lines) throws IOException {
        return Files.writeString(directory.resolve(name), String.join("\n", lines));
    }

    private void assertLine(String property, String value, String origin) {
        assertThat(out.toString())
                .containsPattern(
                        "(?m)^"
                                + Pattern.quote(property)
                                + " +"
                                + Pattern.quote(value)
                                + " +"
                                + Pattern.quote(origin)
                                + "$");
    }

    @Test
    void eachSourceBeatsTheOnesBehindIt() throws IOException {
        Path file =
                file(
                        Defaults.FILE,
                        "# ours",
                        "flue.mtu = 1400",
                        "flue.listen=81",
                        "",
                        "flue.buffers: 512",
                        "flue.vlan.id=7");
        environment.put("FLUE_LISTEN", "82");
        environment.put("FLUE_BUFFERS", "1024");
        environment.put("FLUE_VLAN_PRIORITY", "3");
        environment.put("FLUE_ARENA", "");
        environment.put("FLUE_OF_SOMEBODY_ELSE", "x");
        assertThat(runLine("config --buffers 2048")).as(err.toString()).isZero();
        assertLine("flue.buffers", "2048", "flag");
        assertLine("flue.listen", "82", "environment FLUE_LISTEN");
        assertLine("flue.mtu", "1400", file + ":2");
        assertLine("flue.max-connections", "16384", "default");
        assertLine("flue.arena", "heap", "default");
        assertLine("flue.vlan.id", "7", file + ":6");
        assertLine("flue.vlan.priority", "3", "environment FLUE_VLAN_PRIORITY");
        assertLine("flue.vlan.frames", "1024", "default");
        assertThat(out.toString()).hasLineCount(Setting.all().size());
        assertThat(run("config", "--json")).isZero();
        assertThat(out.toString())
                .contains("\"property\":\"flue.listen\",\"value\":\"82\"")
                .contains("\"origin\":\"environment FLUE_LISTEN\"");
    }

    @Test
    void everySettingIsAnOptionOfSomeCommandOrADriversAndHasAVariableOfItsOwn() {
        assertThat(runLine("config")).isZero();
        for (Setting each : Setting.all()) {
            assertThat(out.toString()).contains(each.property());
        }
        assertThat(Setting.all().stream().map(each -> Setting.variable(each.property())))
                .doesNotHaveDuplicates()
                .contains("FLUE_MAX_CONNECTIONS", "FLUE_VLAN_ID", "FLUE_DRIVERS");
    }

    @Test
    void aNamedFileTakesThePlaceOfTheOneInTheDirectory() throws IOException {
        file(Defaults.FILE, "flue.mtu=1400");
        Path other = file("other", "flue.listen=90");
        assertThat(run("config", "--config", other.toString())).isZero();
        assertLine("flue.listen", "90", other + ":1");
        assertLine("flue.mtu", "1500", "default");
        assertThat(run("config", "--config=" + directory.resolve("none"))).isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo(
                        "flue: cannot read "
                                + directory.resolve("none")
                                + ": it does not exist (see 'flue config --help')\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"config", "demo", "serve", "fetch", "serve /tmp --tap t0"})
    void anUnknownKeyIsNamedWithFileAndLineBeforeAnythingElse(String line) throws IOException {
        Path file = file(Defaults.FILE, "flue.mtu=1400", "", "flue.prot=x");
        assertThat(runLine(line)).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("flue: " + file + ":3: there is no setting 'flue.prot' (see 'flue ")
                .hasLineCount(1);
        assertThat(out.toString()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "serve --help", "--version", "config -h"})
    void helpNeedsNoFile(String line) throws IOException {
        file(Defaults.FILE, "flue.prot=x");
        assertThat(runLine(line)).isZero();
    }

    @Test
    void commandsWithoutSettingsDoNotCare() throws IOException {
        file(Defaults.FILE, "flue.prot=x");
        assertThat(runLine("conns --pid 1")).isEqualTo(1);
    }

    @Test
    void whatIsNoFileOfPropertiesIsSaidWithItsLine() throws IOException {
        Path file = file(Defaults.FILE, "flue.mtu=1400", "flue.listen=\\u00zz");
        assertThat(runLine("config")).isEqualTo(2);
        assertThat(err.toString()).startsWith("flue: " + file + ":2: ");
        file(Defaults.FILE, "flue.mtu=1400", "flue.mtu=1500");
        assertThat(runLine("config")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("flue: " + file + ":2: flue.mtu stands in line 1 too");
        Files.write(file, "flue.pcap=\u00e4".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(runLine("config")).isEqualTo(2);
        assertThat(err.toString()).startsWith("flue: " + file + " is not UTF-8");
        Files.delete(file);
        Files.createDirectory(file);
        assertThat(runLine("config")).isEqualTo(2);
        assertThat(err.toString()).startsWith("flue: cannot read " + file);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "flue.mtu=9|--mtu 9 is out of range 576..9000; --mtu is that of",
                "flue.mtu=x|'x' is not an int; --mtu is that of",
                "flue.max-connections=0|out of range 1..4194304; --max-connections is that of",
                "flue.drivers=nothing|there is no driver 'nothing'",
                "flue.arena=attic|; --arena is that of",
            })
    void aValueThatIsWrongIsSaidWithWhoSaysSo(String line, String message) throws IOException {
        Path file = file(Defaults.FILE, line);
        assertThat(runLine("serve /tmp --tap t0 --address 198.18.0.2/24")).isEqualTo(2);
        assertThat(err.toString()).contains(message).contains(file + ":1").hasLineCount(1);
    }

    @Test
    void requiredOptionsMayStandInTheFileAndListsToo() throws IOException {
        file(
                Defaults.FILE,
                "flue.tap=a-name-that-is-too-long",
                "flue.address=198.18.0.2/24,2001:db8::2/64");
        assertThat(runLine("serve /tmp")).isEqualTo(2);
        assertThat(err.toString()).contains("--tap takes an interface name");
        file(Defaults.FILE, "flue.tap=t0", "flue.address=198.18.0.2/24,198.18.0.3/24");
        assertThat(runLine("serve /tmp")).isEqualTo(2);
        assertThat(err.toString()).contains("--address may be given once for IPv4");
        assertThat(runLine("serve /tmp --address 198.18.0.2")).isEqualTo(2);
        assertThat(err.toString()).doesNotContain("--address may be given once");
    }

    @Test
    void tapAndPortExcludeEachOtherWhereTheyStandEquallyHigh() throws IOException {
        file(Defaults.FILE, "flue.tap=t0", "flue.port=net_tap0", "flue.address=198.18.0.2/24");
        assertThat(runLine("serve /tmp")).isEqualTo(2);
        assertThat(err.toString()).contains("--tap and --port exclude each other");
        assertThat(runLine("serve /tmp --tap a-name-that-is-too-long")).isEqualTo(2);
        assertThat(err.toString()).contains("--tap takes an interface name");
        file(Defaults.FILE, "flue.address=198.18.0.2/24");
        assertThat(runLine("serve /tmp")).isEqualTo(2);
        assertThat(err.toString()).contains("one of --tap and --port is missing");
    }

    @Test
    void offloadsSwitchedOffInTheFileAreForAPortAndNoMatterOfATapFlag() throws IOException {
        Path file = file(Defaults.FILE, "flue.offloads-off=lro", "flue.address=198.18.0.2/24");
        assertThat(runLine("serve /tmp --port net_null0")).isEqualTo(2);
        assertThat(err.toString())
                .contains("there is no offload 'lro'", "--offloads-off is that of " + file + ":1");
        assertThat(runLine("serve /tmp --tap a-name-that-is-too-long")).isEqualTo(2);
        assertThat(err.toString()).contains("--tap takes an interface name");
        file(Defaults.FILE, "flue.offloads-off=tso", "flue.tap=t0", "flue.address=198.18.0.2/24");
        assertThat(runLine("serve /tmp")).isEqualTo(2);
        assertThat(err.toString()).contains("--offloads-off is for --port");
    }

    @Test
    void settingsOfDriversComeFromTheSamePlacesAndTheChainBeatsThem() throws IOException {
        file(Defaults.FILE, "flue.vlan.id=5000");
        assertThat(runLine("demo --size 1 --drivers vlan")).isEqualTo(2);
        assertThat(err.toString()).contains("driver vlan: id=5000 is out of range 0..4094");
        environment.put("FLUE_VLAN_ID", "4999");
        assertThat(runLine("demo --size 1 --drivers vlan")).isEqualTo(2);
        assertThat(err.toString()).contains("id=4999");
        assertThat(runLine("demo --size 1 --drivers vlan:id=4998")).isEqualTo(2);
        assertThat(err.toString()).contains("id=4998");
    }

    @ParameterizedTest
    @CsvSource({"true,", "false,", "true,--own-thread", "false,--own-thread"})
    void aFlagWithoutAValueIsOnWhateverTheFileSays(String inFile, String flag) throws IOException {
        file(Defaults.FILE, "flue.own-thread=" + inFile);
        assertThat(flag == null ? run("config") : run("config", flag)).isZero();
        assertLine(
                "flue.own-thread",
                flag == null ? inFile : "true",
                flag == null ? directory.resolve(Defaults.FILE) + ":1" : "flag");
    }
}
