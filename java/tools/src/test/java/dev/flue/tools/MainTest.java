// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.flue.bindings.PortOffload;
import dev.flue.tools.config.Defaults;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir private Path directory;

    private int run(String... args) {
        CommandLine commandLine = Main.commandLine(Defaults.of(Map.of(), directory, args));
        commandLine.setOut(new PrintWriter(out));
        commandLine.setErr(new PrintWriter(err));
        return Main.execute(commandLine, args);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nonsense",
                "demo --nonsense",
                "demo --size many",
                "demo --size 0",
                "demo --drop -1",
                "demo --drop x",
                "demo --drivers unknown",
                "demo --drivers vlan",
                "demo --drivers vlan:id",
                "demo --drivers vlan:=1",
                "demo --drivers vlan:id=x",
                "demo --drivers vlan:id=4095",
                "demo --drivers vlan:id=1:id=2",
                "demo --drivers vlan:id=1:colour=red",
                "demo --drivers passthrough:id=1",
                "demo --drivers shaper",
                "demo --drivers shaper:rate=fast",
                "demo --drivers shaper:rate=0",
                "demo --drivers shaper:rate=1m:per=host",
                "demo --drivers com.example.Nothing",
                "demo --drivers java.lang.String",
                "demo --drivers dev.flue.im.IntermediateDriver",
                "demo --drivers dev.flue.im.PassThroughDriver",
                "demo --config /nonexistent",
                "demo --config",
                "config --nonsense",
                "demo --max-connections 0",
                "demo --arena attic",
                "serve",
                "serve /tmp",
                "serve /tmp --tap t0",
                "serve /tmp --tap t0 --port net_tap0 --address 198.18.0.2/24",
                "serve /tmp --address 198.18.0.2/24",
                "serve /tmp --tap t0 --address 198.18.0.2",
                "serve /tmp --tap t0 --address 198.18.0.2/33",
                "serve /tmp --tap t0 --address 198.18.0/24",
                "serve /tmp --tap t0 --address 198.18.0.0/24",
                "serve /tmp --tap t0 --address 198.18.0.255/24",
                "serve /tmp --tap t0 --address 127.0.0.2/24",
                "serve /tmp --tap t0 --address 2001:db8::2",
                "serve /tmp --tap t0 --address 2001:db8::2/127",
                "serve /tmp --tap t0 --address 2001:db8::/64",
                "serve /tmp --tap t0 --address fe80::2/64",
                "serve /tmp --tap t0 --address ::1/64",
                "serve /tmp --tap t0 --address ff02::2/64",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --address 198.18.1.2/24",
                "serve /tmp --tap t0 --address 2001:db8::2/64 --mtu 1279",
                "serve /tmp --tap t0 --address 2001:db8::2/64 --gateway 198.18.0.1",
                "serve /tmp --tap t0 --address 224.0.0.2/24",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --listen 70000",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --listen http",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --upload-every 0",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --mtu 9",
                "serve /tmp --tap a-name-that-is-too-long --address 198.18.0.2/24",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --kernel-address 198.18.0.2/24",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --gateway 10.0.0.1",
                "demo --drivers team",
                "demo --drivers team:moves=0",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --drivers team",
                "serve /tmp --tap t0,t1 --address 198.18.0.2/24",
                "serve /tmp --tap t0 --tap t1 --address 198.18.0.2/24 --drivers verifier",
                "serve /tmp --tap t0,t1 --address 198.18.0.2/24 --drivers team,team",
                "serve /tmp --tap t0,t1 --address 198.18.0.2/24 --drivers team:lists=no",
                "serve /tmp --tap t0,t0 --address 198.18.0.2/24 --drivers team",
                "serve /tmp --port net_null0 --port net_null1 --address 198.18.0.2/24",
                "serve /tmp --tap t0,t1 --address 198.18.0.2/24 --drivers team"
                        + " --kernel-address 198.18.0.1/24",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --queues 2",
                "serve /tmp --port net_null0 --address 198.18.0.2/24 --queues 0",
                "serve /tmp --port net_null0 --address 198.18.0.2/24 --queues 16",
                "serve /tmp --port net_null0 --port net_null1 --address 198.18.0.2/24 --queues 2",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --offloads-off tso",
                "serve /tmp --tap t0 --address 198.18.0.2/24 --offloads-off none",
                "serve /tmp --port net_null0 --address 198.18.0.2/24 --offloads-off lro",
                "serve /tmp --port net_null0 --address 198.18.0.2/24 --offloads-off tso,all",
                "fetch http://198.18.0.1/ --tap t0 --address 198.18.0.2/24 --offloads-off all",
                "fetch",
                "fetch https://198.18.0.1/ --tap t0 --address 198.18.0.2/24",
                "fetch nonsense --tap t0 --address 198.18.0.2/24",
                "conns --pid x",
                "bench --rounds 0",
                "bench --millis x",
            })
    void aWrongCallExitsWithTwoAndOneSentence(String line) {
        assertThat(run(line.isEmpty() ? new String[0] : line.split(" "))).isEqualTo(2);
        assertThat(err.toString()).startsWith("flue: ").contains("--help'").hasLineCount(1);
        assertThat(err.toString()).doesNotContain("Error:");
        assertThat(out.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "t0, team, team takes 2 to 15 ports, not 1",
        "'t0,t1', verifier, 2 ports need team among the drivers",
        "'t0,t1', 'team,vlan:id=1,team:moves=1', team stands there 2 times"
    })
    void portsAndATeamHaveToGoTogether(String taps, String drivers, String message) {
        String serve = "serve /tmp --address 198.18.0.2/24 --tap " + taps;
        assertThat(run((serve + " --drivers " + drivers).split(" "))).isEqualTo(2);
        assertThat(err.toString()).startsWith("flue: --drivers: " + message);
    }

    @Test
    void anUnknownOffloadIsAnsweredWithThoseThereAre() {
        String serve = "serve /tmp --port net_null0 --address 198.18.0.2/24 --offloads-off ";
        assertThat(run((serve + "tso,lro").split(" "))).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("flue: --offloads-off: there is no offload 'lro'; there are tx-ip-")
                .contains(", tso, ", ", zero-copy, flow-rules, or all, or none");
        for (PortOffload each : PortOffload.values()) {
            assertThat(err.toString()).contains(each + ",");
        }
    }

    @Test
    void theHelpNamesEveryOffloadAndEveryDriver() {
        assertThat(run("serve", "--help")).isZero();
        for (PortOffload each : PortOffload.values()) {
            assertThat(out.toString()).contains(each.toString());
        }
        assertThat(out.toString().replaceAll("\\s+", " "))
                .contains("passthrough, verifier, meter, shaper, vlan, team,");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "serve /nonexistent --tap t0 --address 198.18.0.2/24",
                "serve /etc/hostname --tap t0 --address 198.18.0.2/24",
                "demo --file /nonexistent",
                "fetch http://nonexistent.invalid/ --tap t0 --address 198.18.0.2/24",
                "fetch http://198.18.0.1/ -o /nonexistent/x --tap t0 --address 198.18.0.2/24",
                "conns --pid 1",
                "bench --jar /nonexistent",
            })
    void whatFailsExitsWithOneAndOneSentence(String line) {
        assertThat(run(line.split(" "))).isEqualTo(1);
        assertThat(err.toString()).startsWith("flue: ").hasLineCount(1).doesNotContain("Exception");
    }

    @Test
    void aDirectoryThatCannotBeReadIsRefusedBeforeAnythingIsOpened(@TempDir Path directory)
            throws Exception {
        Path closed = Files.createDirectory(directory.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        assumeThat(Files.isReadable(closed)).as("root reads everything").isFalse();
        assertThat(run("serve", closed.toString(), "--tap", "t0", "--address", "198.18.0.2/24"))
                .isEqualTo(1);
        assertThat(err.toString()).isEqualTo("flue: " + closed + " cannot be read by this user\n");
    }

    @Test
    void helpAndVersionExitWithZero() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("demo", "serve", "fetch", "conns", "config", "doctor");
        assertThat(run("serve", "--help")).isZero();
        assertThat(out.toString()).contains("--upload-every", "--tap", "--port", "--pcap");
        assertThat(run("--version")).isZero();
    }

    @Test
    void doctorLooksAtEverythingAndSaysWhatToDo() {
        run("doctor");
        assertThat(out.toString())
                .contains("jvm", "jvm flags", "native library", "heap arena", "hugepages")
                .contains("node 0: ", "NIC memory")
                .contains("dpdk", "tap", "capabilities", "processors");
        run("doctor", "--json");
        assertThat(out.toString()).contains("{\"offload\":", "\"checks\":[{\"name\":\"jvm\"");
    }

    @Test
    void aDownloadAppearsOnlyWhenItIsComplete(@TempDir Path directory) throws Exception {
        Path target = directory.resolve("file");
        try (Download download = Download.to(target)) {
            download.write(java.nio.ByteBuffer.wrap(new byte[3]));
            assertThat(target).doesNotExist();
        }
        assertThat(directory).isEmptyDirectory();
        try (Download download = Download.to(target)) {
            download.write(java.nio.ByteBuffer.wrap(new byte[3]));
            download.keep();
        }
        assertThat(target).hasSize(3);
    }
}
