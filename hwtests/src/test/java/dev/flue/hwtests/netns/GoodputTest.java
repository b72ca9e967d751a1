// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goodput over a lossy cable, the engine's against the kernel's, with the same congestion control,
 * the same cable and the same receiver, run by turns. Figures only; no ratio fails the test. Only
 * in the profile linux-goodput, which writes them to docs/performance/linux.md.
 *
 * <p>System properties: {@code flue.goodput.pairs} of runs for each line of the table, {@code
 * flue.goodput.seconds} measured of each run, {@code flue.goodput.flows} at a time.
 */
@RequiresRoot
@Tag("goodput")
class GoodputTest {
    private static final int[] LOSS_PPM = {1000, 10_000, 30_000};
    private static final int[] RTT_MS = {10, 50};
    private static final List<String> ALGORITHMS = List.of("reno", "cubic");
    private static final String SENDER = "sender0";
    private static final String RECEIVER = "receiver0";
    private static final String ADDRESS = "198.18.0.2";

    private final int pairs = Integer.getInteger("flue.goodput.pairs", 10);
    private final int seconds = Integer.getInteger("flue.goodput.seconds", 6);
    private final int flows = Integer.getInteger("flue.goodput.flows", 4);

    @TempDir Path temp;
    private Namespace flueSide;
    private Namespace kernelSide;
    private Namespace receiver;
    private LinuxPeer meter;
    private LinuxPeer source;

    @BeforeEach
    void makeNamespaces() throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        assumeTrue(LinuxPeer.installed(), "python3 is not installed");
        assumeTrue(DelayLine.canBeBuilt(), "there is no C compiler");
        flueSide = new Namespace();
        kernelSide = new Namespace();
        receiver = new Namespace();
        for (Namespace each : List.of(flueSide, kernelSide, receiver)) {
            each.sysctl("net.ipv6.conf.all.disable_ipv6", "1");
            each.sysctl("net.ipv6.conf.default.disable_ipv6", "1");
            // A connection is not to know what those before it found out.
            each.sysctl("net.ipv4.tcp_no_metrics_save", "1");
        }
        tap(flueSide, SENDER, "");
        tap(kernelSide, SENDER, ADDRESS + "/24");
        tap(receiver, RECEIVER, "198.18.0.1/24");
        meter = new LinuxPeer(receiver, temp);
        source = new LinuxPeer(kernelSide, temp);
    }

    private static void tap(Namespace namespace, String name, String address)
            throws IOException, InterruptedException {
        namespace.ip("tuntap add " + name + " mode tap");
        if (!address.isEmpty()) {
            namespace.ip("addr add " + address + " dev " + name);
        }
        namespace.ip("link set " + name + " up");
    }

    @AfterEach
    void removeNamespaces() throws IOException {
        if (source != null) {
            source.close();
            meter.close();
        }
        for (Namespace each : new Namespace[] {flueSide, kernelSide, receiver}) {
            if (each != null) {
                each.close();
            }
        }
    }

    @Test
    void theEngineFillsALossyCableAsTheKernelDoes() throws Exception {
        List<GoodputTable.Line> lines = new ArrayList<>();
        for (String algorithm : ALGORITHMS) {
            List<String> words =
                    List.of(
                            "port=tap:" + SENDER,
                            "address=" + ADDRESS + "/24",
                            "cc=" + algorithm,
                            "sndbuf=4194304");
            LinuxPeer.Running services = source.serve(ADDRESS, "--cc", algorithm);
            try (FlueHost flue = new FlueHost(flueSide, temp.resolve("flue-" + algorithm), words)) {
                for (int rtt : RTT_MS) {
                    for (int loss : LOSS_PPM) {
                        lines.add(line(algorithm, rtt, loss));
                        System.out.println(lines.get(lines.size() - 1).text());
                    }
                }
                assertThat(flue.printed()).doesNotContain("Exception");
            }
            source.stop(services);
        }
        assertThat(lines).hasSize(ALGORITHMS.size() * RTT_MS.length * LOSS_PPM.length);
        GoodputTable.write(lines, pairs, seconds, flows);
    }

    private GoodputTable.Line line(String algorithm, int rtt, int loss)
            throws IOException, InterruptedException {
        List<Double> flue = new ArrayList<>();
        List<Double> kernel = new ArrayList<>();
        for (int pair = 0; pair < pairs; pair++) {
            List<String> values =
                    List.of(
                            "delay-us=" + rtt * 500,
                            "loss-ppm=" + loss,
                            "rate-kbit=1000000",
                            "queue=1000",
                            "seed=" + (pair + 1));
            // Who is first changes from pair to pair.
            if (pair % 2 == 0) {
                flue.add(run("packet:" + flueSide.name(), values));
            }
            kernel.add(run("tap:" + kernelSide.name(), values));
            if (pair % 2 == 1) {
                flue.add(run("packet:" + flueSide.name(), values));
            }
        }
        return new GoodputTable.Line(algorithm, rtt, loss, flue, kernel);
    }

    /** Goodput of one run over a cable from a sender's port, in Mbit/s. */
    private double run(String port, List<String> values) throws IOException, InterruptedException {
        // The other sender has the same address and another MAC.
        Commands.run(receiver.inside("ip", "neigh", "flush", "all"));
        String left = port + ":" + SENDER;
        String right = "tap:" + receiver.name() + ":" + RECEIVER;
        try (DelayLine line = new DelayLine(left, right, temp, values)) {
            String took =
                    meter.run(
                            "meter",
                            ADDRESS,
                            "--parallel",
                            Integer.toString(flows),
                            "--seconds",
                            Integer.toString(seconds));
            line.stop();
            return LinuxPeer.number(took, "bytes") * 8 / 1e6 / seconds;
        }
    }
}
