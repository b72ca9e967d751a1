// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.data.IpAddress;
import dev.flue.host.UserHostStack;
import dev.flue.offload.TcpState;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.Simulation;
import dev.flue.testkit.Verifiers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One run of a plan, judged at every step: by {@link WireJudge} on the wire, by the applications
 * for their bytes, by deadlines for timers that were lost, and at the end by what is still held.
 */
public final class SimRun {
    /** Sees frames of a run beside the judge, for a trace. */
    @FunctionalInterface
    public interface Trace {
        /** {@code line}: the segment, numbers relative; null when the frame is no TCP segment. */
        void onFrame(long nowNanos, int port, boolean received, byte[] frame, String line);
    }

    /**
     * What a run that went well was like.
     *
     * @param traceHash equal for equal runs
     * @param events turns in which somebody did something
     * @param segments TCP segments sent
     * @param moves times a connection changed sides
     * @param virtualNanos how long it took in its own time
     * @param retransmittedBytes payload that was sent more than once
     */
    public record Result(
            long traceHash,
            long events,
            long segments,
            long moves,
            long virtualNanos,
            long retransmittedBytes) {}

    private static final int FIRST_PORT = 7_000;
    private static final int BACKLOG = 16;
    private static final long TIME_LIMIT = 8 * 3_600_000_000_000L;
    private static final long STEP_LIMIT = 3_000_000;
    private static final long LAST_WORDS_NANOS = 700_000_000_000L;

    /** SYN-ACKs are repeated for about so long at least. */
    private static final long HANDSHAKE_GIVEN_UP_NANOS = 60_000_000_000L;

    private static final long SEED_FACTOR = 0xD1342543DE82EF95L;

    private final SimPlan plan;
    private final SimNetwork network;
    private final Simulation simulation;
    private final WireJudge judge;
    private final Trace trace;
    private final List<SimEnd> ends = new ArrayList<>();
    private final TreeMap<Long, List<Runnable>> schedule = new TreeMap<>();

    private SimRun(SimPlan plan, SimNetwork.Factory factory, Trace trace) {
        this.plan = plan;
        this.trace = trace;
        this.judge = new WireJudge(this::mayReset);
        this.simulation = new Simulation(0).timeLimit(TIME_LIMIT).stepLimit(STEP_LIMIT);
        this.network = factory.create(plan, this::observe);
        simulation.wire(network::nextEvent, network::traceHash);
        simulation.add("clock", this::strike, this::nextStrike);
        for (int host = 0; host < 2; host++) {
            var stack = network.stack(host);
            simulation.add("stack " + host, now -> work(stack, now), stack::nextDeadline);
        }
        simulation.add("applications", this::work, this::nextDeadline);
        simulation.add("judge", now -> 0, this::checkTimers);
        simulation.note(plan::toString);
        simulation.note(() -> "applications:" + applications());
        simulation.note(() -> "on the wire:" + judge.summary());
    }

    /**
     * Run a plan.
     *
     * @throws AssertionError what went wrong, with the line that replays it
     */
    public static Result run(SimPlan plan, SimNetwork.Factory factory) {
        return run(plan, factory, (now, port, received, frame, line) -> {});
    }

    /** Run a plan and show its frames. */
    public static Result run(SimPlan plan, SimNetwork.Factory factory, Trace trace) {
        SimRun run = null;
        try {
            run = new SimRun(plan, factory, trace);
            Result result = run.toTheEnd();
            run.close();
            return result;
        } catch (AssertionError | RuntimeException e) {
            String where =
                    run == null
                            ? ""
                            : String.format(
                                    "%n  at %.6f s, event %d%s",
                                    run.simulation.now() / 1e9,
                                    run.simulation.events(),
                                    run.applications());
            if (run != null) {
                run.closeQuietly(e);
            }
            throw new AssertionError(
                    String.format("%s%s%n  replay: %s", e.getMessage(), where, plan), e);
        }
    }

    private Result toTheEnd() {
        prepare();
        simulation.until("all applications have finished", this::allFinished);
        finish();
        long moves = 0;
        for (SimEnd end : ends) {
            moves += end.offloadChanges;
        }
        return new Result(
                simulation.traceHash(),
                simulation.events(),
                judge.segments(),
                moves,
                simulation.now(),
                judge.retransmittedBytes());
    }

    private void prepare() {
        for (int from = 0; from < 2; from++) {
            network.setFaults(from, 1 - from, plan.links().get(from));
            // Resolved from the start: what is tried here is TCP.
            IpAddress peer = JavaSimNetwork.address(plan, 1 - from);
            network.stack(from).neighbor(peer, JavaSimNetwork.mac(1 - from));
        }
        for (int i = 0; i < plan.connections().size(); i++) {
            connection(i);
        }
        for (MtuPlan change : plan.mtus()) {
            shrink(change);
        }
        for (MovePlan move : plan.moves()) {
            SimEnd end = ends.get(2 * move.connection() + move.end());
            simulation.afterEvents(move.event(), () -> move(end, move));
        }
    }

    private void connection(int number) {
        ConnPlan conn = plan.connections().get(number);
        EndPlan active = plan.ends().get(2 * number);
        EndPlan passive = plan.ends().get(2 * number + 1);
        long seed = (plan.seed() * 64 + number) * SEED_FACTOR;
        int from = conn.from();
        SimEnd client = new SimEnd("client " + number, from, active, passive, seed, ~seed);
        SimEnd server = new SimEnd("server " + number, 1 - from, passive, active, ~seed, seed);
        ends.add(client);
        ends.add(server);
        int port = FIRST_PORT + number;
        network.stack(1 - from).listen(port, BACKLOG, () -> server);
        at(conn.startNanos(), () -> network.stack(from).connect(address(1 - from), port, client));
    }

    private IpAddress address(int host) {
        return JavaSimNetwork.address(plan, host);
    }

    private void shrink(MtuPlan change) {
        int from = change.from();
        at(
                change.atNanos(),
                () -> {
                    LinkFaults faults = plan.links().get(from).withMtu(change.mtu());
                    network.setFaults(from, 1 - from, faults);
                });
        at(
                change.atNanos() + change.toldNanos(),
                () -> network.stack(from).pathMtu(address(1 - from), change.mtu()));
    }

    private void move(SimEnd end, MovePlan move) {
        end.move();
        if (move.every() > 0 && !allDone()) {
            simulation.afterEvents(move.every(), () -> move(end, move));
        }
    }

    private void at(long nanos, Runnable action) {
        schedule.computeIfAbsent(nanos, when -> new ArrayList<>()).add(action);
    }

    private int strike(long now) {
        int struck = 0;
        while (!schedule.isEmpty() && schedule.firstKey() <= now) {
            for (Runnable each : schedule.pollFirstEntry().getValue()) {
                each.run();
                struck++;
            }
        }
        return struck;
    }

    private long nextStrike() {
        return schedule.isEmpty() ? Long.MAX_VALUE : schedule.firstKey();
    }

    private int work(UserHostStack stack, long now) {
        int work = stack.doWork(now);
        network.flushObserved();
        return work;
    }

    private void observe(long now, int port, boolean received, byte[] frame) {
        WireSegment segment = WireSegment.parse(frame);
        String line = segment == null ? null : WireJudge.describe(judge, segment);
        trace.onFrame(now, port, received, frame, line);
        if (received && addressed(frame, port)) {
            judge.received(now, port, frame);
        } else if (!received) {
            judge.sent(now, port, frame);
        }
    }

    /** What the wire made a frame of somebody else, its host drops, whatever its checksums say. */
    private static boolean addressed(byte[] frame, int port) {
        long mac = 0;
        for (int i = 0; i < 6; i++) {
            mac = mac << 8 | frame[i] & 0xff;
        }
        return mac == JavaSimNetwork.mac(port);
    }

    /** An end that was aborted, closed both ways, gave up, or is closed, answers with RST. */
    private boolean mayReset(String source) {
        for (SimEnd end : ends) {
            if (end.everConnected() && name(end).equals(source)) {
                boolean violently = end.aborted || end.shutDown && end.plan.violent();
                return violently || end.closed || end.connection.state() == TcpState.CLOSED;
            }
        }
        // Nobody was told of a connection yet: the handshake did not come to its end.
        return true;
    }

    private static String name(SimEnd end) {
        return end.connection == null
                ? ""
                : end.connection.localAddress() + "." + end.connection.localPort();
    }

    /** Data that is not acknowledged has a timer, wherever its connection is. */
    private long checkTimers() {
        for (SimEnd end : ends) {
            boolean waits = end.connection != null && !end.closed && judge.outstanding(name(end));
            if (waits && network.stack(end.host).nextDeadline() == Long.MAX_VALUE) {
                throw new AssertionError(end.name + " waits for an ACK without any timer");
            }
        }
        return Long.MAX_VALUE;
    }

    private boolean allDone() {
        for (SimEnd end : ends) {
            if (!end.finished()) {
                return false;
            }
        }
        return true;
    }

    private boolean allFinished() {
        boolean all = true;
        for (int i = 0; i < ends.size(); i++) {
            SimEnd end = ends.get(i);
            SimEnd peer = ends.get(i ^ 1);
            String problem = end.problem();
            if (!problem.isEmpty() && !excused(end, peer, plan.connections().get(i / 2))) {
                throw new AssertionError(problem);
            }
            // Whoever was never told that the peer is gone waits for ever, and rightly so.
            boolean alone = peer.closed && (peer.aborted || !peer.cause.isEmpty() || violent(peer));
            boolean never = peer.closed && !peer.everConnected();
            all &= end.finished() || alone || never || end.closed || forgotten(end, peer);
        }
        return all;
    }

    /**
     * A listener tells nobody when it gives a half-open connection up (RFC 9293 has it in
     * SYN-RECEIVED, the application never heard of it). A peer that is connected, has nothing to
     * send and no keepalive waits for ever then: of both is nothing to be expected, once nothing
     * else is due.
     */
    private boolean forgotten(SimEnd end, SimEnd peer) {
        return end.everConnected() != peer.everConnected() && simulation.idle();
    }

    private static boolean violent(SimEnd end) {
        return end.plan.violent();
    }

    /**
     * A peer that never connected, or gave up in the handshake, resets. A listener that gave up
     * tells its application nothing, and it takes a minute to do so.
     */
    private boolean excused(SimEnd end, SimEnd peer, ConnPlan conn) {
        boolean gaveUp =
                peer.closed || simulation.now() - conn.startNanos() > HANDSHAKE_GIVEN_UP_NANOS;
        return gaveUp && !peer.everConnected() && !end.cause.isEmpty();
    }

    /** Take everything back, let it end, look for what was left behind. */
    private void finish() {
        for (int i = 0; i < ends.size(); i++) {
            SimEnd end = ends.get(i);
            SimEnd peer = ends.get(i ^ 1);
            if (!end.finished() && (peer.closed || !peer.everConnected())) {
                end.abort();
            }
        }
        for (int host = 0; host < 2; host++) {
            network.stack(host).uploadAll();
        }
        simulation.until("everything is uploaded", this::quiescent);
        simulation.until("all connections are gone", this::noConnections);
        simulation.run(LAST_WORDS_NANOS);
        for (int host = 0; host < 2; host++) {
            for (Map.Entry<String, Integer> each : network.stack(host).held().entrySet()) {
                leak("stack " + host + " " + each.getKey(), each.getValue());
            }
        }
        network.held().forEach(this::leak);
        Verifiers.assertClean(network.verifiers());
    }

    private void leak(String what, long count) {
        if (count != 0) {
            throw new AssertionError("left at the end: " + count + " of " + what);
        }
    }

    private boolean quiescent() {
        boolean all = true;
        for (int host = 0; host < 2; host++) {
            all &= network.stack(host).quiescent() && network.stack(host).offloadedCount() == 0;
        }
        return all;
    }

    private boolean noConnections() {
        return network.stack(0).connectionCount() + network.stack(1).connectionCount() == 0;
    }

    private int work(long now) {
        int work = 0;
        for (SimEnd end : ends) {
            work += end.doWork(now);
        }
        return work;
    }

    private long nextDeadline() {
        long next = Long.MAX_VALUE;
        for (SimEnd end : ends) {
            next = Math.min(next, end.nextDeadline());
        }
        return next;
    }

    private String applications() {
        StringBuilder text = new StringBuilder();
        ends.forEach(end -> text.append(String.format("%n    %s", end)));
        return text.toString();
    }

    private void close() {
        for (int host = 0; host < 2; host++) {
            network.stack(host).close();
        }
        network.close();
    }

    private void closeQuietly(Throwable because) {
        try {
            close();
        } catch (AssertionError | RuntimeException e) {
            because.addSuppressed(e);
        }
    }
}
