// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goodput over a lossy cable, the engine's against the kernel's, with the same congestion control,
 * the same cable and the same receiver, run by turns. Both of a pair lose the same segments: the
 * n-th with data that the i-th connection sends. Figures only; no ratio fails the test. Only in the
 * profile linux-goodput, which writes them to docs/performance/linux.md.
 *
 * <p>System properties: {@code flue.goodput.pairs} of runs for each line of the table, {@code
 * flue.goodput.rounds}, the round trips measured of each run.
 */
@RequiresRoot
@Tag("goodput")
class GoodputTest {
    private static final int[] LOSS_PPM = {1000, 10_000, 30_000};

    /** From the slow start to the sawtooth: not measured. */
    static final int WARM_ROUNDS = 50;

    private static final int[] RTT_MS = {10, 50};
    private static final List<String> ALGORITHMS = List.of("reno", "cubic");
    private static final String SENDER = "sender0";
    private static final String RECEIVER = "receiver0";
    private static final String ADDRESS = "198.18.0.2";

    /** Of all connections together, by the model, so that no processor is what limits them. */
    private static final double MOST_MBIT = 180;

    private final int pairs = Integer.getInteger("flue.goodput.pairs", 10);
    private final int rounds = Integer.getInteger("flue.goodput.rounds", 100);

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
        GoodputTable table = new GoodputTable(pairs, rounds);
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
                        System.out.println(table.add(line(flue, algorithm, rtt, loss)));
                    }
                }
                assertThat(flue.printed()).doesNotContain("Exception");
            }
            source.stop(services);
        }
        table.write();
    }

    /** Connections at a time: as many as the model of Reno lets fill {@link #MOST_MBIT}. */
    private static int flows(int rtt, int loss) {
        double each = Math.sqrt(1.5e6 / loss) * 1448 * 8 / rtt / 1000;
        return (int) Math.max(4, Math.min(16, MOST_MBIT / each));
    }

    private GoodputTable.Line line(FlueHost host, String algorithm, int rtt, int loss)
            throws IOException, InterruptedException {
        GoodputTable.Line line =
                new GoodputTable.Line(algorithm, rtt, loss, flows(rtt, loss), seconds(rtt));
        for (int pair = 0; pair < pairs; pair++) {
            List<String> values =
                    List.of(
                            "delay-us=" + rtt * 500,
                            "data-loss-ppm=" + loss,
                            "rate-kbit=1000000",
                            "queue=4000",
                            "seed=" + (pair + 1));
            // Who is first changes from pair to pair.
            for (int turn = 0; turn < 2; turn++) {
                boolean ofFlue = pair % 2 == turn;
                String port = ofFlue ? "packet:" + flueSide.name() : "tap:" + kernelSide.name();
                GoodputTable.Run run =
                        run(
                                port,
                                line,
                                values,
                                ofFlue ? host::awaitHoldsNothing : source::awaitNoSockets);
                (ofFlue ? line.flue() : line.kernel()).add(run);
                System.out.println((ofFlue ? "engine " : "kernel ") + run);
            }
        }
        return line;
    }

    /** What is measured of each run: at least two seconds, or a stall would count for much. */
    private double seconds(int rtt) {
        return Math.max(2, rounds * rtt / 1e3);
    }

    /** Waits until a sender has heard of the end. */
    private interface End {
        void await() throws InterruptedException;
    }

    /** One run over a cable from a sender's port. */
    private GoodputTable.Run run(String port, GoodputTable.Line of, List<String> values, End end)
            throws IOException, InterruptedException {
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
                            Integer.toString(of.flows()),
                            "--warm",
                            Double.toString(WARM_ROUNDS * of.rtt() / 1e3),
                            "--seconds",
                            Double.toString(of.seconds()));
            end.await();
            double mbit = LinuxPeer.number(took, "bytes") * 8 / 1e6 / of.seconds();
            return GoodputTable.Run.of(mbit, line.stop());
        }
    }
}
