// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.offload.StatusIndication;
import dev.flue.testkit.RequiresRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A team of two TAP interfaces behind a bridge, with the kernel and curl as peers. */
@RequiresRoot
class TeamOverTapsTest {
    private static final int SHORT = 4;
    private static final int LONG = 100;
    private static final List<StatusIndication> IN_GOOD_ORDER =
            List.of(StatusIndication.OFFLOAD_PAUSE, StatusIndication.UPLOAD_ALL);
    private static final List<StatusIndication> ANYHOW =
            List.of(
                    StatusIndication.MEDIA_DISCONNECT,
                    StatusIndication.OFFLOAD_PAUSE,
                    StatusIndication.UPLOAD_ALL);

    /**
     * What a lost link may cost beyond the segments that were lost with it: what is sent again may
     * be cut anew by another TCP, which makes more segments of it.
     */
    private static final int CUT_ANEW = 2 * TeamLoad.CONNECTIONS;

    /**
     * What had arrived and is sent again for each connection that moves: the bridge sends to where
     * it heard the address last, so that segments take the long way, and overtake each other.
     */
    private static final int OVERTAKEN = 8;

    /** What Flue sends again because this machine stood still. */
    private static final int STALLS = 64;

    /**
     * The same of the kernel: a timeout while Flue got no processor begins a whole window again.
     */
    private static final int STALLS_OF_KERNEL = 512;

    @TempDir Path temp;

    @BeforeEach
    void needs() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        assumeTrue(LinuxPeer.installed(), "python3 is not installed");
        for (String program : List.of("ip", "bridge", "nstat", "curl")) {
            assumeTrue(Commands.installed(program), program + " is not installed");
        }
        String cause = Capture.unavailabilityCause();
        assumeTrue(cause.isEmpty(), cause);
    }

    @ParameterizedTest(name = "IPv6 {0}")
    @ValueSource(booleans = {false, true})
    void noByteIsLostAndNoConnectionResetWhenMembersComeAndGo(boolean ipv6) throws Exception {
        comeAndGo(SHORT, ipv6, ANYHOW);
    }

    @Test
    void membersThatLeaveInGoodOrderLoseNoFrame() throws Exception {
        comeAndGo(SHORT, false, IN_GOOD_ORDER);
    }

    @Tag("linux-long")
    @ParameterizedTest(name = "IPv6 {0}")
    @ValueSource(booleans = {false, true})
    void aHundredTimesLoseNoByteAndResetNoConnection(boolean ipv6) throws Exception {
        Commands.patience(TimeUnit.HOURS.toSeconds(1));
        comeAndGo(LONG, ipv6, ANYHOW);
    }

    private void comeAndGo(int times, boolean ipv6, List<StatusIndication> kinds) throws Exception {
        Path directory = Files.createDirectory(temp.resolve("www"));
        try (TeamScene scene = new TeamScene(ipv6, temp)) {
            FlueHost host = scene.start(directory, temp);
            try (Capture capture = new Capture(scene.namespace(), TeamScene.BRIDGE, temp);
                    TeamLoad load = new TeamLoad(scene, host, directory, temp)) {
                long before = scene.retransmittedByKernel();
                long seed = ipv6 ? times + 1L : times;
                TeamFate fate = new TeamFate(scene, host, kinds, seed, load::bytes, load::going);
                fate.run(times);
                load.finish();
                scene.assertClean();
                assertThat(capture.stop()).as("the capture has everything").isTrue();
                judge(scene, host, load, fate, capture, scene.retransmittedByKernel() - before);
            }
        }
    }

    private static void judge(
            TeamScene scene,
            FlueHost host,
            TeamLoad load,
            TeamFate fate,
            Capture capture,
            long byKernel)
            throws IOException, InterruptedException {
        long lost = host.counter("port.frames_lost");
        long dropped = scene.droppedByKernel();
        long byFlue = host.counter("tcp.retransmits") + host.counter("stack.retransmits");
        long arrived = capture.repeats(scene.flue());
        long moved = host.counter("team.moved");
        System.out.printf(
                "team over TAPs, %s: %s; %d bytes in %d transfers, %d connections moved,"
                        + " %d segments forwarded%n",
                scene.flue(),
                fate.times(),
                load.bytes(),
                load.transfers(),
                moved,
                host.counter("chimney.segments_forwarded"));
        System.out.printf(
                "  sent again: %d of Flue, of which %d had arrived, and %d frames were lost with a"
                        + " link; %d of the kernel, of which %d were dropped with one%n",
                byFlue, arrived, lost, byKernel, dropped);
        assertThat(capture.resets()).as("connections reset").isEmpty();
        assertThat(moved).isGreaterThan(SHORT / 2);
        long cut = (long) CUT_ANEW * fate.linksLost();
        assertThat(byFlue)
                .as("sent again by Flue")
                .isLessThanOrEqualTo(lost + arrived + cut + SHORT);
        assertThat(arrived)
                .as("sent again by Flue for nothing")
                .isLessThanOrEqualTo(OVERTAKEN * moved + STALLS);
        assertThat(byKernel)
                .as("sent again by the kernel")
                .isLessThanOrEqualTo(lost + dropped + OVERTAKEN * moved + STALLS_OF_KERNEL);
        assertThat(fate.linksLost() > 0 || lost == 0).as("only links lose frames").isTrue();
    }
}
