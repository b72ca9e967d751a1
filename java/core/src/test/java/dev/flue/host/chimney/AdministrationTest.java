// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.IpOffloadStats;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpOffloadStats;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the stack tells its target as a whole, and when. */
class AdministrationTest {
    private static final String ENABLED = "set TCP_CONNECTION_OFFLOAD_PARAMETERS 1 1";

    private final OffloadParameters parameters =
            new OffloadParameters(3, 41, 7, 5, 201, 4, 501, 20_000);
    private final ChimneyLab lab = new ChimneyLab(config -> config.offloadParameters(parameters));
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private final List<OffloadStatus> ends = new ArrayList<>();

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    @Test
    @Rule("H-32")
    void theParametersOfTheConfigGoDownFirstAndAgainAfterResume() {
        List<Integer> sent = new ArrayList<>();
        target.oids.onRequest =
                ref -> {
                    var p = target.oids.parameters;
                    sent.add(p.tcpAckFrequency());
                    sent.add(p.tcpDelayedAckTicks());
                    sent.add(p.tcpMaximumRetransmissions());
                    sent.add(p.tcpDoubtReachabilityRetransmissions());
                    sent.add(p.tcpSwsPreventionTicks());
                    sent.add(p.tcpDuplicateAckThreshold());
                    sent.add(p.tcpPushTicks());
                    sent.add(p.nceStaleTicks());
                    sent.add(p.ticksPerSecond());
                };
        lab.connect(mine, theirs, 80);
        assertThat(target.oids.seen).containsExactly(ENABLED);
        assertThat(sent).containsExactly(3, 41, 7, 5, 201, 4, 501, 20_000, 1_000);
        target.status(StatusIndication.OFFLOAD_PAUSE);
        target.status(StatusIndication.OFFLOAD_RESUME);
        lab.settle();
        assertThat(target.oids.seen).containsExactly(ENABLED, ENABLED);
    }

    @Test
    void aTargetThatRefusesTheParametersGetsNoConnections() {
        target.oids.statuses.put(Oid.TCP_CONNECTION_OFFLOAD_PARAMETERS, OffloadStatus.FAILURE);
        lab.settle();
        OffloadConnection c = lab.connect(mine, theirs, 80);
        assertThat(c.offloadCause()).contains("refused the offload parameters");
        assertThat(target.initiates).isEmpty();
    }

    @Test
    @Rule("H-47")
    void whatUsesACapabilityComesBackBeforeItIsDisabled() {
        OffloadConnection c = lab.connect(mine, theirs, 80);
        target.auto = false;
        lab.stack.offloadAdministration().enable(false, true);
        lab.settle();
        assertThat(target.terminates).hasSize(1);
        assertThat(target.oids.seen).as("it still uses it").containsExactly(ENABLED);
        target.later(target::completeTerminate);
        lab.settle();
        assertThat(target.oids.seen.get(1)).isEqualTo("set TCP_CONNECTION_OFFLOAD_PARAMETERS 0 1");
        c.offload();
        lab.settle();
        assertThat(c.offloadCause()).contains("IPv4 connections is switched off");
        target.auto = true;
        lab.stack.offloadAdministration().enable(true, true);
        lab.settle();
        assertThat(c.offloaded()).as("the policy is asked again").isTrue();
    }

    @Test
    @Rule("H-48")
    void lowPowerIsSetOnlyWhenNothingIsOffloaded() {
        target.oids.statuses.put(Oid.PNP_SET_POWER, OffloadStatus.SUCCESS);
        OffloadConnection c = lab.connect(mine, theirs, 80);
        target.auto = false;
        lab.stack.offloadAdministration().lowPower(ends::add);
        lab.settle();
        assertThat(target.oids.seen).doesNotContain("set PNP_SET_POWER");
        assertThat(target.terminates).hasSize(1);
        target.oids.onRequest = ref -> assertThat(target.objects).isEmpty();
        target.later(target::completeTerminate);
        lab.settle();
        assertThat(target.oids.seen).contains("set PNP_SET_POWER");
        assertThat(ends).containsExactly(OffloadStatus.SUCCESS);
        c.offload();
        assertThat(c.offloadCause()).contains("low power");
        target.auto = true;
        target.oids.onRequest = ref -> {};
        lab.stack.offloadAdministration().fullPower(ends::add);
        lab.settle();
        assertThat(c.offloaded()).isTrue();
        assertThat(ends).hasSize(2);
    }

    @Test
    @Rule("H-50")
    void theTargetsStatisticsAreAddedToTheStacksOwn() {
        target.oids.statuses.put(Oid.TCP4_OFFLOAD_STATS, OffloadStatus.SUCCESS);
        target.oids.statuses.put(Oid.IP4_OFFLOAD_STATS, OffloadStatus.SUCCESS);
        TcpOffloadStats tcp = new TcpOffloadStats(lab.memory);
        IpOffloadStats ip = new IpOffloadStats(lab.memory);
        target.oids.answers.put(
                Oid.TCP4_OFFLOAD_STATS,
                ref ->
                        tcp.wrap(ref)
                                .clear()
                                .inSegments(1000)
                                .outSegments(2000)
                                .retransmittedSegments(3)
                                .inErrors(4)
                                .outResets(5)
                                .currentlyEstablished(6));
        target.oids.answers.put(
                Oid.IP4_OFFLOAD_STATS, ref -> ip.wrap(ref).clear().inReceives(70).outRequests(80));
        lab.connect(mine, theirs, 80);
        List<OffloadStatistics> all = new ArrayList<>();
        long in = lab.stack.counters().tcp.segmentsIn;
        long out = lab.stack.counters().tcp.segmentsOut;
        long packets = lab.stack.counters().ip.packetsIn;
        lab.stack.offloadAdministration().statistics(true, all::add);
        lab.settle();
        OffloadStatistics sum = all.get(0);
        assertThat(in).isPositive();
        assertThat(sum.complete()).isTrue();
        assertThat(sum.inSegments()).isEqualTo(in + 1000);
        assertThat(sum.outSegments()).isEqualTo(out + 2000);
        assertThat(sum.retransmittedSegments()).isEqualTo(3);
        assertThat(sum.inErrors()).isEqualTo(4);
        assertThat(sum.outResets()).isEqualTo(5);
        assertThat(sum.currentlyEstablished()).isEqualTo(6);
        assertThat(sum.inReceives()).isEqualTo(packets + 70);
        lab.stack.offloadAdministration().statistics(false, all::add);
        lab.settle();
        assertThat(all.get(1).inSegments()).as("IPv6 is counted apart").isZero();
    }

    @Test
    @Rule("H-50")
    void aResetOfTheStatisticsIsASet() {
        target.oids.statuses.put(Oid.TCP4_OFFLOAD_STATS, OffloadStatus.SUCCESS);
        target.oids.statuses.put(Oid.IP4_OFFLOAD_STATS, OffloadStatus.SUCCESS);
        lab.stack.offloadAdministration().resetStatistics(true, ends::add);
        lab.settle();
        assertThat(target.oids.seen).contains("set TCP4_OFFLOAD_STATS", "set IP4_OFFLOAD_STATS");
        assertThat(ends).containsExactly(OffloadStatus.SUCCESS);
    }
}
