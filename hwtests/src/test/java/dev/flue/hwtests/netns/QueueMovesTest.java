// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two engines on the two queues of one device, with the kernel as the peer: connections on both,
 * and one that moves from one engine to the other a thousand times while it echoes.
 */
@RequiresRoot
@Tag("linux-long")
@Timeout(1800)
class QueueMovesTest {
    private static final int MOVES = 1000;
    private static final int OTHERS = 2;

    /** Probes that say nothing: this process did not get a processor for some milliseconds. */
    private static final int STALLS = 16;

    private static final String BYTES = Integer.toString(16 << 20);

    @TempDir Path temp;

    @ParameterizedTest(name = "IPv6 {0}")
    @ValueSource(booleans = {false, true})
    void aConnectionMovesAThousandTimesInMidTransferAndNothingIsLost(boolean ipv6)
            throws Exception {
        ServeDevice.PACKET_SOCKET.require();
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        assumeTrue(LinuxPeer.installed(), "python3 is not installed");
        String cause = Capture.unavailabilityCause();
        assumeTrue(cause.isEmpty(), cause);
        Commands.patience(TimeUnit.MINUTES.toSeconds(15));
        String flue = ipv6 ? "2001:db8::2" : "198.18.0.2";
        String kernel = ipv6 ? "2001:db8::1" : "198.18.0.1";
        try (Namespace namespace = new Namespace();
                LinuxPeer peer = new LinuxPeer(namespace, temp)) {
            ServeDevice.PACKET_SOCKET.prepare(namespace, ServeFixture.withPrefix(kernel));
            // A probe of the kernel for a lost tail would find a tail that is only late.
            namespace.sysctl("net.ipv4.tcp_early_retrans", "0");
            List<String> words =
                    List.of(
                            "port=net_af_packet0,iface=flue0,qpairs=2",
                            "queues=2",
                            // No more under way than a ring between the engines has room for.
                            "rcvbuf=49152",
                            "address=" + ServeFixture.withPrefix(flue),
                            "drivers=verifier,team,verifier");
            try (FlueHost host = new FlueHost(namespace, temp.resolve("host.out"), words);
                    Capture capture = new Capture(namespace, ServeDevice.PEER, temp)) {
                int moves = talk(peer, host, flue);
                assertThat(capture.stop()).as("everything was captured").isTrue();
                judge(host, capture, flue, kernel, moves);
            }
        }
    }

    /**
     * Each compares what comes back; the one goes on until it has moved so often, however many
     * bytes that takes. @return how often it has
     */
    private int talk(LinuxPeer peer, FlueHost host, String flue) throws Exception {
        Path enough = temp.resolve("enough");
        LinuxPeer.Running[] others = new LinuxPeer.Running[OTHERS];
        for (int i = 0; i < OTHERS; i++) {
            others[i] = peer.start("echo", flue, "--bytes", BYTES, "--timeout", "600");
        }
        LinuxPeer.Running one =
                peer.start(
                        "echo",
                        flue,
                        "--port",
                        "7022",
                        "--bytes",
                        BYTES,
                        "--until",
                        enough.toString(),
                        "--timeout",
                        "600");
        host.awaitLine("roaming " + MOVES);
        Files.createFile(enough);
        assertThat(one.process().waitFor()).as(one.printed()).isZero();
        for (LinuxPeer.Running each : others) {
            assertThat(each.process().waitFor()).as(each.printed()).isZero();
        }
        host.awaitHoldsNothing();
        return Integer.parseInt(host.awaitLine("roamed").split(" ")[0]);
    }

    private static void judge(FlueHost host, Capture capture, String flue, String kernel, int moves)
            throws Exception {
        Judge judge = capture.judge(flue);
        long passed = host.counter("group.segments_passed");
        System.out.printf(
                "queues, %s: %d moves, %d segments passed on, %d through the host, %d sent again by"
                        + " Flue, stalls of this machine: %d%n",
                flue,
                moves,
                passed,
                host.counter("chimney.segments_forwarded"),
                host.counter("tcp.retransmits") + host.counter("stack.retransmits"),
                judge.stalls().size());
        assertThat(moves).isGreaterThanOrEqualTo(MOVES);
        assertThat(passed).as("segments that came to the other queue").isGreaterThan(MOVES);
        assertThat(host.counter("group.segments_taken")).isEqualTo(passed);
        assertThat(host.counter("group.segments_lost")).isZero();
        assertThat(host.printed()).doesNotContain("breach").doesNotContain("Exception");
        assertThat(capture.resets()).as("connections reset").isEmpty();
        // In virtual time it is nothing at all. Here a probe is due at once when this process did
        // not get a processor, and crosses the acknowledgment.
        assertThat(judge.faults().stream().filter(fault -> fault.contains(" of " + flue + ",")))
                .as("sent again by Flue though nothing stood still")
                .hasSizeLessThanOrEqualTo(STALLS);
        assertThat(capture.repeats(kernel))
                .as("sent again by the kernel")
                .isLessThanOrEqualTo(judge.stalls().size() + STALLS);
    }
}
