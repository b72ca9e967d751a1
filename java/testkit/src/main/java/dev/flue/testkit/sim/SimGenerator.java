// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.data.CongestionAlgorithm;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.sim.EndPlan.Close;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Draws the plan of a run from a seed: everything, and every seed something else. */
public final class SimGenerator {
    private static final long MICROSECOND = 1_000;
    private static final long MILLISECOND = 1_000_000;
    private static final int[] MTUS = {576, 1_000, 1_280, 1_400, 1_500, 1_500, 4_000, 9_000};
    private static final int[] BUFFERS = {2_048, 4_096, 16_384, 65_535, 65_536, 262_144, 1 << 20};
    private static final int LEAST_MTU6 = 1_280;

    private final SplittableRandom random;
    private final long seed;
    private final int version;

    private SimGenerator(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.version = random.nextBoolean() ? 4 : 6;
    }

    /**
     * The plan of this seed. Pairs alternate: engine-engine, engine-Java, Java-engine, Java-Java.
     */
    public static SimPlan plan(long seed) {
        return new SimGenerator(seed).draw();
    }

    private SimPlan draw() {
        List<HostPlan> hosts = List.of(host((seed & 2) == 0), host((seed & 1) == 0));
        List<LinkFaults> links = new ArrayList<>();
        int mtu = Math.max(hosts.get(0).mtu(), hosts.get(1).mtu());
        links.add(link(mtu));
        links.add(one(3) ? SimPlan.SIMPLE_LINK : link(mtu));
        int loss = Math.max(loss(links.get(0)), loss(links.get(1)));
        List<ConnPlan> connections = new ArrayList<>();
        List<EndPlan> ends = new ArrayList<>();
        int count = one(2) ? 1 : 1 + random.nextInt(5);
        // Long round trips, small windows and much loss make long runs: less to send then.
        int most = loss > 100_000 ? 30_000 : loss > 20_000 ? 80_000 : 200_000;
        for (int i = 0; i < count; i++) {
            connections.add(new ConnPlan(random.nextInt(2), one(2) ? 0 : below(200 * MILLISECOND)));
            EndPlan active = end(most / count, null);
            ends.add(active);
            ends.add(end(most / count, active));
        }
        return new SimPlan(
                seed, version, hosts, links, connections, ends, moves(count), mtus(hosts));
    }

    private boolean one(int of) {
        return random.nextInt(of) == 0;
    }

    private long below(long bound) {
        return random.nextLong(bound);
    }

    private int pick(int[] of) {
        return of[random.nextInt(of.length)];
    }

    /** Small ones as likely as large ones. */
    private int log(int least, int most) {
        double exponent = random.nextDouble() * Math.log((double) most / least);
        return (int) Math.min(most, Math.round(least * Math.exp(exponent)));
    }

    private HostPlan host(boolean engine) {
        int mtu = Math.max(pick(MTUS), version == 6 ? LEAST_MTU6 : 0);
        int chunk = one(3) ? log(256, 65_536) : HostPlan.SIMPLE.sendChunk();
        int posted = one(4) ? 1 + random.nextInt(8) : 0;
        CongestionAlgorithm congestion =
                one(2) ? CongestionAlgorithm.RENO : CongestionAlgorithm.CUBIC;
        return new HostPlan(
                engine,
                mtu,
                pick(BUFFERS),
                pick(BUFFERS),
                chunk,
                posted,
                !one(4),
                !one(4),
                !one(4),
                one(3),
                congestion,
                one(2) ? HostPlan.SIMPLE.ackDelayMicros() : log(1_000, 200_000));
    }

    private static int loss(LinkFaults link) {
        int burst = link.burstEnterPpm() == 0 ? 0 : link.burstDropPpm() / 5;
        return Math.max(link.dropPpm() + link.corruptPpm(), burst);
    }

    private LinkFaults link(int mtu) {
        LinkFaults link = LinkFaults.delay(log(1_000, 100_000_000));
        if (one(4)) {
            return link;
        }
        if (one(2)) {
            link = link.withDrop(log(500, 300_000));
        } else if (one(2)) {
            int leave = log(50_000, 500_000);
            link = link.withDrop(log(100, 5_000));
            link = link.withBursts(log(500, 30_000), leave, log(200_000, 1_000_000));
        }
        link = one(3) ? link.withDuplicate(log(500, 200_000)) : link;
        link = one(3) ? link.withCorrupt(log(500, 50_000)) : link;
        link = one(3) ? link.withJitter(log(1_000, 20_000_000)) : link;
        if (one(3)) {
            link = link.withReorder(log(1_000, 300_000), log(10_000, 50_000_000));
        }
        if (one(4)) {
            link = link.withBottleneck(log(200_000, 100_000_000), 2 * mtu + log(4_000, 200_000));
        }
        return link;
    }

    private EndPlan end(int most, EndPlan active) {
        int bytes = one(5) ? 0 : log(1, Math.max(2, most));
        int chunk = one(3) ? log(1, 200) : log(200, 60_000);
        chunk = Math.max(chunk, bytes / 2_000);
        long pause = one(4) ? log(10_000, 50_000_000) : 0;
        // No longer than some seconds of pauses in all.
        pause = Math.min(pause, 20_000 * MILLISECOND / Math.max(1, 2 * bytes / (chunk + 1)));
        boolean slow = one(4);
        int limit = slow ? log(1, 20_000) : Integer.MAX_VALUE;
        limit = Math.max(limit, most / 1_000);
        long readPause = slow ? log(10_000, 20_000_000) : 0;
        boolean stalls = one(5);
        Close close = close(active);
        return new EndPlan(
                bytes,
                chunk,
                pause,
                limit,
                readPause,
                stalls ? (int) below(most) / 4 : 0,
                stalls ? log(1_000_000, 2_000_000_000) * (one(8) ? 20L : 1L) : 0,
                close,
                close == Close.ABORT ? 1 + (int) below(most) : 0,
                !one(3),
                one(6) ? log(100, 30_000) : 0);
    }

    private Close close(EndPlan active) {
        int draw = random.nextInt(12);
        if (draw == 0) {
            return Close.ABORT;
        }
        if (draw == 1) {
            return Close.BOTH;
        }
        // Two that wait for each other would wait for ever.
        boolean waits = active != null && active.close() == Close.AFTER_PEER;
        return draw < 6 && !waits ? Close.AFTER_PEER : Close.WHEN_SENT;
    }

    private List<MovePlan> moves(int connections) {
        List<MovePlan> moves = new ArrayList<>();
        int count = one(2) ? 0 : 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            long every = one(2) ? log(5, 500) : 0;
            int connection = random.nextInt(connections);
            moves.add(new MovePlan(log(1, 2_000), every, connection, random.nextInt(2)));
        }
        return moves;
    }

    private List<MtuPlan> mtus(List<HostPlan> hosts) {
        if (!one(6)) {
            return List.of();
        }
        int from = random.nextInt(2);
        int now = Math.min(hosts.get(0).mtu(), hosts.get(1).mtu());
        int least = version == 6 ? LEAST_MTU6 : 576;
        int mtu = now <= least ? least : least + random.nextInt(now - least);
        long told = log(1, 500) * MILLISECOND;
        return List.of(new MtuPlan(below(2_000_000) * MICROSECOND, from, mtu, told));
    }
}
