// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Random runs of two Java stacks over the switch in memory, and what belongs to a run. */
class SimRunTest {
    private static final int SEEDS = 100;

    @Test
    void manySeedsOfTwoJavaStacks() {
        SimSeeds.Total total =
                SimSeeds.run(JavaSimNetwork::new, 1, SEEDS, 10, SEEDS, System.out::println);
        total.assertClean();
        assertThat(total.retransmittedBytes).isPositive();
    }

    @Test
    void aPlanIsALineAndBack() {
        for (long seed = 1; seed < 500; seed++) {
            SimPlan plan = SimGenerator.plan(seed);
            assertThat(SimPlan.parse(plan.toString())).isEqualTo(plan);
            assertThat(SimPlan.parse(Long.toString(seed))).isEqualTo(plan);
        }
    }

    @Test
    void whatIsNoPlanIsNamed() {
        assertThatThrownBy(() -> SimPlan.parse("seed=1 wheel=round"))
                .hasMessageContaining("wheel=round");
        assertThatThrownBy(() -> SimPlan.parse("seed=1 host=colour:red"))
                .hasMessageContaining("colour");
        assertThatThrownBy(() -> SimPlan.parse("seed=1 host=mtu")).hasMessageContaining("mtu");
        assertThatThrownBy(() -> SimPlan.parse("seed=1 host= host="))
                .hasMessageContaining("two hosts");
    }

    @Test
    void theGeneratorReachesEverythingItIsMeantTo() {
        boolean[] met = new boolean[12];
        for (long seed = 1; seed < 1_000; seed++) {
            SimPlan plan = SimGenerator.plan(seed);
            met[0] |= plan.links().get(0).dropPpm() > 200_000;
            met[1] |= plan.links().get(1).burstEnterPpm() > 0;
            met[2] |= plan.links().get(1).bitsPerSecond() > 0;
            met[3] |= !plan.mtus().isEmpty();
            met[4] |= plan.connections().size() == 5;
            for (EndPlan end : plan.ends()) {
                met[5] |= end.close() == EndPlan.Close.ABORT;
                met[6] |= end.close() == EndPlan.Close.BOTH;
                met[7] |= end.stallNanos() > 1_000_000_000L && end.bytes() >= 0;
                met[8] |= end.readPauseNanos() > 0 && end.writePauseNanos() > 0;
                met[9] |= end.keepAliveMillis() > 0 && !end.noDelay();
            }
            met[10] |= plan.moves().stream().anyMatch(move -> move.every() > 0);
            met[11] |= plan.hosts().get(0).mtu() == 9_000 && plan.ipVersion() == 6;
        }
        assertThat(met).doesNotContain(false);
    }

    @Test
    void thirtyPercentLossWithReorderingAndDuplicatesIsSurvived() {
        for (int seed = 1; seed <= 10; seed++) {
            String link =
                    "link=dropPpm:300000,duplicatePpm:100000,reorderPpm:200000,reorderNanos:3000000";
            SimRun.run(
                    SimPlan.parse(
                            "seed="
                                    + seed
                                    + " ip=4 host= host= "
                                    + link
                                    + " "
                                    + link
                                    + " conn= end=bytes:50000 end=bytes:50000"),
                    JavaSimNetwork::new);
        }
    }

    @Test
    void aTraceHasALineForEachPacketAndEvent() {
        List<String> lines = new ArrayList<>();
        SimPlan plan = SimPlan.parse("seed=1 ip=4 host= host= link= link= conn= end=bytes:10 end=");
        SimRun.Result result = SimRun.run(plan, JavaSimNetwork::new, new TextTrace(lines::add));
        assertThat(lines)
                .filteredOn(line -> line.contains(" > "))
                .hasSize(2 * (int) result.segments())
                .anyMatch(
                        line ->
                                line.matches(
                                        ".*A sent +198.18.0.1.\\d+ > 198.18.0.2.7000 S \\d+:.*"))
                .anyMatch(line -> line.matches(".*B received .* FPA 1:11\\(10\\) ack 1 .*"));
    }

    @Test
    void aTraceAsPcapngHasABlockForEachPacketAndEvent() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SimPlan plan = SimPlan.parse("seed=1 ip=6 host= host= link= link= conn= end=bytes:10 end=");
        SimRun.Result result = SimRun.run(plan, JavaSimNetwork::new, new PcapngTrace(out));
        ByteBuffer file = ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
        int packets = 0;
        for (int at = 0; at < file.capacity(); at += file.getInt(at + 4)) {
            packets += file.getInt(at) == 6 ? 1 : 0;
            assertThat(file.getInt(at + file.getInt(at + 4) - 4)).isEqualTo(file.getInt(at + 4));
        }
        assertThat(file.getInt(0)).isEqualTo(0x0a0d0d0a);
        assertThat(packets).isGreaterThanOrEqualTo(2 * (int) result.segments());
    }
}
