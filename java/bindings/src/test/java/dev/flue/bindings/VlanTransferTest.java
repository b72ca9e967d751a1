// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.VlanDriver;
import dev.flue.im.VlanSettings;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Host stacks in different VLANs over one engine, in virtual time. */
@RequiresFlue
@ParameterizedClass(name = "IPv{0}")
@ValueSource(ints = {4, 6})
class VlanTransferTest {
    private static final long MEGABYTE = 1 << 20;
    private static final long STRANGER = 0x0200_c612_00ffL;
    private static final VlanSettings FIRST = new VlanSettings(42, 5, 256);
    private static final VlanSettings SECOND = new VlanSettings(7, 0, 256);
    private static final VlanSettings PLAIN = new VlanSettings(0, 0, 256);

    @Parameter int ipVersion;

    private VlanNetwork network;

    private ConformanceRun run(LinkFaults faults, VlanSettings... vlans) {
        NetworkConfig config =
                NetworkConfig.simple(42)
                        .withFaults(faults)
                        .withIpVersion(ipVersion)
                        .withHosts(2 * vlans.length);
        return new ConformanceRun(each -> network = new VlanNetwork(each, vlans), config);
    }

    private static void connectPair(ConformanceRun run, int vlan) {
        int first = vlan * VlanNetwork.ENGINES;
        run.connect(
                first,
                first + 1,
                TransferPlan.of(100 + vlan, 2 * MEGABYTE),
                TransferPlan.of(200 + vlan, MEGABYTE));
        run.connect(
                first + 1,
                first,
                TransferPlan.of(300 + vlan, MEGABYTE),
                TransferPlan.of(400 + vlan, 2 * MEGABYTE));
    }

    private int offloaded() {
        int count = 0;
        for (int i = 0; i < network.hosts(); i++) {
            count += network.stack(i).offloadedCount();
        }
        return count;
    }

    private boolean allOffloaded() {
        return offloaded() == 2 * network.hosts();
    }

    @Test
    void stacksInThreeVlansOverOneEngineTransferAtTheSameTime() {
        try (ConformanceRun run = run(LinkFaults.delay(50_000), FIRST, SECOND, PLAIN)) {
            for (int vlan = 0; vlan < 3; vlan++) {
                connectPair(run, vlan);
            }
            run.until("all of them are offloaded", this::allOffloaded);
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void overALossyWireConnectionsMoveUpAndDownAndNoByteIsLost() {
        try (ConformanceRun run = run(LinkFaults.delay(50_000).withDrop(5_000), FIRST, SECOND)) {
            connectPair(run, 0);
            connectPair(run, 1);
            for (int i = 1; i <= 5; i++) {
                long part = i * MEGABYTE / 8;
                run.until("a part came", () -> run.ends().get(1).received() > part);
                run.ends().forEach(end -> end.connection().upload());
                run.until("all are back", () -> offloaded() == 0);
                run.ends().forEach(end -> end.connection().offload());
            }
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void aStackInOneVlanDoesNotReachTheOther() {
        try (ConformanceRun run = run(LinkFaults.delay(50_000), FIRST, SECOND)) {
            PatternEnd end = new PatternEnd(1, 0, 0);
            network.stack(3).listen(80, 1, () -> new PatternEnd(1, 0, 0));
            NetworkConfig addresses = NetworkConfig.simple(1).withIpVersion(ipVersion);
            network.stack(0).connect(addresses.address(3), 80, end);
            run.until("given up", () -> end.closed != null);
            assertThat(end.connection).isNull();
            assertThat(network.stack(3).connectionCount()).isZero();
            assertThat(network.drivers.get(1).framesForeign()).as("asked for, not seen").isZero();
            run.finish();
        }
    }

    @Test
    void framesOfNoVlanHereAndBrokenOnesReachNobody() {
        try (ConformanceRun run = run(LinkFaults.delay(50_000), FIRST, SECOND);
                FrameHost stranger = network.stranger(STRANGER)) {
            run.simulation()
                    .add("stranger", stranger.target::doWork, stranger.target::nextDeadline);
            connectPair(run, 0);
            connectPair(run, 1);
            run.until("all of them are offloaded", this::allOffloaded);
            long before = framesIn();
            String to = "0200c6120001" + "0200c61200ff";
            String[] foreign = {
                to + "0800" + "45".repeat(46), // no tag
                to + "8100002b0800" + "45".repeat(46), // a VLAN of nobody
                to + "8100a0000800" + "45".repeat(46), // priority alone
                to + "88a8002a0800" + "45".repeat(46), // a service tag
                to + "8100", // cut short
                to + "810000",
                to + "8100002a",
                to + "8100002a08",
            };
            for (String each : foreign) {
                stranger.send(HexFormat.of().parseHex(each));
            }
            // In one of ours, but with another tag inside, or with nothing: up, and no further.
            stranger.send(HexFormat.of().parseHex(to + "8100002a810000070800" + "45".repeat(46)));
            stranger.send(HexFormat.of().parseHex(to + "8100002a0800"));
            VlanDriver driver = network.drivers.get(0);
            run.until("all came", () -> driver.framesForeign() == foreign.length);
            run.untilFinished();
            assertThat(stranger.received)
                    .as("what the others sent to all")
                    .isNotEmpty()
                    .allSatisfy(
                            frame ->
                                    assertThat(HexFormat.of().formatHex(frame, 12, 16))
                                            .isIn("8100a02a", "81000007"));
            assertThat(framesIn() - before).isPositive();
            run.finish();
        }
    }

    private long framesIn() {
        return network.stack(0).counters().asMap().get("framesIgnored");
    }
}
