// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.ip.IpCounters;
import dev.flue.host.tcp.TcpCounters;
import dev.flue.offload.IpOffloadStats;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.TcpConnectionOffloadParameters;
import dev.flue.offload.TcpOffloadParameters;
import dev.flue.offload.TcpOffloadStats;
import dev.flue.offload.TcpState;
import java.util.function.Consumer;

/**
 * Tells the target as a whole what to do, and asks it (section 8): parameters at the start and
 * after each RESUME, what is enabled, power, statistics. What would pull the ground away from under
 * offloaded connections waits until they are back (H-47, H-48).
 */
final class Administration {
    private static final int ENCAPSULATION_IEEE_802_3 = 0x02;
    private static final int SWITCHED_OFF = 1;
    private static final int SWITCHED_ON = 2;
    private static final int POWER_D0 = 1;
    private static final int POWER_D3 = 4;

    private final ChimneyContext context;
    private final OffloadGate gate;
    private final OidRequester oids;
    private final OffloadParameters parameters;
    private final TcpConnectionOffloadParameters structure;
    private final TcpOffloadParameters portSwitch;
    private final TcpOffloadStats tcpStats;
    private final IpOffloadStats ipStats;
    private boolean parametersDue = true;
    private Consumer<OffloadStatus> sleeper;
    private Runnable reconsider = () -> {};

    Administration(
            ChimneyContext context,
            OffloadGate gate,
            OidRequester oids,
            OffloadParameters parameters) {
        this.context = context;
        this.gate = gate;
        this.oids = oids;
        this.parameters = parameters;
        this.structure = new TcpConnectionOffloadParameters(context.memory);
        this.portSwitch = new TcpOffloadParameters(context.memory);
        this.tcpStats = new TcpOffloadStats(context.memory);
        this.ipStats = new IpOffloadStats(context.memory);
    }

    /** What to call when more may be offloaded than before. */
    void onOpened(Runnable value) {
        reconsider = value;
    }

    boolean idle() {
        return oids.idle() && sleeper == null;
    }

    /** {@link #run} has nothing to do until something is asked for. */
    boolean settled() {
        return idle() && !parametersDue;
    }

    /** Whether what the target must know before its first connection went down (H-32). */
    boolean told() {
        return context.parametersSet || !parametersDue;
    }

    /** Parameters go down in this turn, or as soon as nothing uses what they switch off. */
    void parametersDue() {
        parametersDue = true;
    }

    /** Requests sent. */
    int run() {
        int sent = oids.run();
        if (parametersDue && context.capabilities.chimney() && unused()) {
            parametersDue = false;
            if (gate.ipv4() || gate.ipv6() || context.parametersSet) {
                boolean done = sendParameters();
                context.parametersSet |= done;
                parametersDue |= !done;
                sent += done ? 1 : 0;
            }
        }
        if (sleeper != null && context.objects.isEmpty()) {
            Consumer<OffloadStatus> done = sleeper;
            sleeper = null;
            if (sleep(done)) {
                sent++;
            } else {
                sleeper = done;
            }
        }
        return sent;
    }

    /** H-47: nothing that is offloaded uses what is to be switched off. */
    private boolean unused() {
        boolean[] used = {false};
        context.objects.forEachPath(
                path -> used[0] |= !(path.destination.isIpv4() ? gate.ipv4() : gate.ipv6()));
        return !used[0];
    }

    /** False: no record for the request now. */
    private boolean sendParameters() {
        return oids.trySet(
                Oid.TCP_CONNECTION_OFFLOAD_PARAMETERS,
                TcpConnectionOffloadParameters.BYTES,
                this::writeParameters,
                (status, information) -> parametersSet(status));
    }

    private void writeParameters(long ref) {
        TcpConnectionOffloadParameters p = structure.wrap(ref).clear();
        p.ipv4Enabled(gate.ipv4() ? 1 : 0).ipv4EncapsulationType(ENCAPSULATION_IEEE_802_3);
        p.ipv6Enabled(gate.ipv6() ? 1 : 0).ipv6EncapsulationType(ENCAPSULATION_IEEE_802_3);
        p.ticksPerSecond(OffloadParameters.TICKS_PER_SECOND);
        p.tcpAckFrequency(parameters.ackFrequency());
        p.tcpDelayedAckTicks(parameters.delayedAckTicks());
        p.tcpMaximumRetransmissions(parameters.maximumRetransmissions());
        p.tcpDoubtReachabilityRetransmissions(parameters.doubtReachabilityRetransmissions());
        p.tcpSwsPreventionTicks(parameters.swsPreventionTicks());
        p.tcpDuplicateAckThreshold(parameters.duplicateAckThreshold());
        p.tcpPushTicks(parameters.pushTicks()).nceStaleTicks(parameters.nceStaleTicks());
    }

    /** A target that knows no parameters has its own; one that refuses them is not ours (H-49). */
    private void parametersSet(OffloadStatus status) {
        boolean refused = status != OffloadStatus.SUCCESS && status != OffloadStatus.NOT_SUPPORTED;
        gate.refused(refused);
        if (refused) {
            context.counters.parametersRefused++;
            context.refusals.parameters(status, context.capabilities.name());
        } else {
            reconsider.run();
        }
    }

    /** The target answers when it has uploaded what is switched off (section 8). */
    void switchPort(boolean ipv4, boolean ipv6, Consumer<OffloadStatus> done) {
        oids.set(
                Oid.TCP_OFFLOAD_PARAMETERS,
                TcpOffloadParameters.BYTES,
                ref ->
                        portSwitch
                                .wrap(ref)
                                .clear()
                                .tcpConnectionIpv4(ipv4 ? SWITCHED_ON : SWITCHED_OFF)
                                .tcpConnectionIpv6(ipv6 ? SWITCHED_ON : SWITCHED_OFF),
                (status, information) -> done.accept(status));
    }

    /** H-48: the target sleeps once it has nothing of ours. */
    void lowPower(Consumer<OffloadStatus> done) {
        sleeper = done;
    }

    void fullPower(Consumer<OffloadStatus> done) {
        oids.set(
                Oid.PNP_SET_POWER,
                Integer.BYTES,
                ref -> context.putInt(ref, POWER_D0),
                (status, information) -> done.accept(status));
    }

    private boolean sleep(Consumer<OffloadStatus> done) {
        return oids.trySet(
                Oid.PNP_SET_POWER,
                Integer.BYTES,
                ref -> context.putInt(ref, POWER_D3),
                (status, information) -> done.accept(status));
    }

    /** The stack's own counters and the target's, of one version of IP (H-50). */
    void statistics(boolean ipv4, Consumer<OffloadStatistics> done) {
        OffloadStatistics own = own(ipv4);
        Oid tcp = ipv4 ? Oid.TCP4_OFFLOAD_STATS : Oid.TCP6_OFFLOAD_STATS;
        Oid ip = ipv4 ? Oid.IP4_OFFLOAD_STATS : Oid.IP6_OFFLOAD_STATS;
        oids.query(
                tcp,
                TcpOffloadStats.BYTES,
                (status, ref) -> {
                    if (status != OffloadStatus.SUCCESS) {
                        done.accept(own);
                        return;
                    }
                    OffloadStatistics half = addTcp(own, tcpStats.wrap(ref));
                    oids.query(
                            ip,
                            IpOffloadStats.BYTES,
                            (ipStatus, ipRef) ->
                                    done.accept(
                                            ipStatus == OffloadStatus.SUCCESS
                                                    ? addIp(half, ipStats.wrap(ipRef))
                                                    : half));
                });
    }

    private OffloadStatistics own(boolean ipv4) {
        long[] established = {0};
        context.tcp.forEach(
                c -> {
                    TcpState state = c.state();
                    boolean counts = state == TcpState.ESTABLISHED || state == TcpState.CLOSE_WAIT;
                    if (c.onHost() && counts && c.remoteAddress().isIpv4() == ipv4) {
                        established[0]++;
                    }
                });
        TcpCounters t = context.tcp.counters();
        IpCounters i = context.ip.counters();
        return new OffloadStatistics(
                false,
                ipv4 ? t.segmentsIn - t.segmentsIn6 : t.segmentsIn6,
                ipv4 ? t.segmentsOut - t.segmentsOut6 : t.segmentsOut6,
                ipv4 ? t.retransmits - t.retransmits6 : t.retransmits6,
                ipv4 ? t.segmentErrors - t.segmentErrors6 : t.segmentErrors6,
                ipv4 ? t.resetsOut - t.resetsOut6 : t.resetsOut6,
                established[0],
                ipv4 ? i.packetsIn - i.packetsIn6 : i.packetsIn6,
                ipv4 ? i.packetsOut - i.packetsOut6 : i.packetsOut6);
    }

    private static OffloadStatistics addTcp(OffloadStatistics own, TcpOffloadStats t) {
        return new OffloadStatistics(
                false,
                own.inSegments() + t.inSegments(),
                own.outSegments() + t.outSegments(),
                own.retransmittedSegments() + Integer.toUnsignedLong(t.retransmittedSegments()),
                own.inErrors() + Integer.toUnsignedLong(t.inErrors()),
                own.outResets() + Integer.toUnsignedLong(t.outResets()),
                own.currentlyEstablished() + Integer.toUnsignedLong(t.currentlyEstablished()),
                own.inReceives(),
                own.outRequests());
    }

    private static OffloadStatistics addIp(OffloadStatistics half, IpOffloadStats i) {
        return new OffloadStatistics(
                true,
                half.inSegments(),
                half.outSegments(),
                half.retransmittedSegments(),
                half.inErrors(),
                half.outResets(),
                half.currentlyEstablished(),
                half.inReceives() + i.inReceives(),
                half.outRequests() + i.outRequests());
    }

    /** A reset is a set whose payload nobody looks at (H-50). */
    void resetStatistics(boolean ipv4, Consumer<OffloadStatus> done) {
        Oid tcp = ipv4 ? Oid.TCP4_OFFLOAD_STATS : Oid.TCP6_OFFLOAD_STATS;
        Oid ip = ipv4 ? Oid.IP4_OFFLOAD_STATS : Oid.IP6_OFFLOAD_STATS;
        oids.set(
                tcp,
                TcpOffloadStats.BYTES,
                ref -> tcpStats.wrap(ref).clear(),
                (status, information) ->
                        oids.set(
                                ip,
                                IpOffloadStats.BYTES,
                                ref -> ipStats.wrap(ref).clear(),
                                (second, unused) ->
                                        done.accept(
                                                status == OffloadStatus.SUCCESS
                                                        ? second
                                                        : status)));
    }
}
