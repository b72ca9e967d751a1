// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.host.ConnectionInfo;
import dev.flue.testkit.Simulation;
import dev.flue.testkit.Verifiers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A network, its simulation and the transfers on it: set up, run, and checked at the end. */
public final class ConformanceRun implements AutoCloseable {
    private static final int BACKLOG = 256;
    private static final int PORT = 7_000;

    private final NetworkConfig config;
    private final Network network;
    private final Simulation simulation;
    private final List<TransferEnd> ends = new ArrayList<>();
    private int nextPort = PORT;

    public ConformanceRun(Network.Factory factory, NetworkConfig config) {
        this.config = config;
        this.network = factory.create(config);
        this.simulation = new Simulation(0).wire(network::nextEvent, network::traceHash);
        for (int host = 0; host < network.hosts(); host++) {
            var stack = network.stack(host);
            simulation.add("stack " + host, stack::doWork, stack::nextDeadline);
        }
        simulation.add("applications", this::work, this::nextDeadline);
        simulation.note(() -> network.name() + ", " + config);
        simulation.note(this::describe);
    }

    public Network network() {
        return network;
    }

    public Simulation simulation() {
        return simulation;
    }

    public List<TransferEnd> ends() {
        return ends;
    }

    /** One connection, from host to host, to a port of its own: the connecting end, the other. */
    public TransferEnd[] connect(int from, int to, TransferPlan active, TransferPlan passive) {
        int port = nextPort++;
        int number = ends.size() / 2;
        TransferEnd server = new TransferEnd("server " + number, passive, active);
        TransferEnd client = new TransferEnd("client " + number, active, passive);
        network.stack(to).listen(port, BACKLOG, () -> server);
        network.stack(from).connect(config.address(to), port, client);
        ends.add(client);
        ends.add(server);
        return new TransferEnd[] {client, server};
    }

    /** Run until every end has finished, and nothing went wrong on the way. */
    public void untilFinished() {
        simulation.until("all transfers have finished", this::allFinished);
    }

    public void until(String what, java.util.function.BooleanSupplier condition) {
        simulation.until(what, condition);
    }

    private boolean allFinished() {
        boolean all = true;
        for (TransferEnd end : ends) {
            String problem = end.problem();
            if (!problem.isEmpty()) {
                throw new AssertionError(
                        String.format(
                                "%s%n  at %d ns, %s%n  %s%n  %s",
                                problem, simulation.now(), network.name(), end, describe()));
            }
            all &= end.finished();
        }
        return all;
    }

    /** What the stacks say of their connections now, offloaded ones asked. */
    public List<ConnectionInfo> query(int host) {
        List<ConnectionInfo> out = new ArrayList<>();
        boolean[] answered = new boolean[1];
        network.stack(host)
                .query(
                        all -> {
                            out.addAll(all);
                            answered[0] = true;
                        });
        simulation.until("the query is answered", () -> answered[0]);
        return out;
    }

    /** Take everything back, let it end, close, and look for what was left behind. */
    public void finish() {
        for (int host = 0; host < network.hosts(); host++) {
            network.stack(host).uploadAll();
        }
        simulation.until("everything is uploaded", this::quiescent);
        simulation.until("all connections are gone", this::noConnections);
        simulation.run(1_000_000);
        for (int host = 0; host < network.hosts(); host++) {
            Map<String, Integer> held = network.stack(host).held();
            assertThat(held)
                    .as("held by stack %d", host)
                    .allSatisfy((what, count) -> assertThat(count).as(what).isZero());
        }
        Verifiers.assertClean(network.verifiers());
        assertThat(network.held())
                .as("held below the stacks")
                .allSatisfy((what, count) -> assertThat(count).as(what).isZero());
    }

    private boolean quiescent() {
        boolean all = true;
        for (int host = 0; host < network.hosts(); host++) {
            all &= network.stack(host).quiescent() && network.stack(host).offloadedCount() == 0;
        }
        return all;
    }

    private boolean noConnections() {
        int count = 0;
        for (int host = 0; host < network.hosts(); host++) {
            count += network.stack(host).connectionCount();
        }
        return count == 0;
    }

    private int work(long now) {
        int work = 0;
        for (TransferEnd end : ends) {
            work += end.doWork(now);
        }
        return work;
    }

    private long nextDeadline() {
        long next = Long.MAX_VALUE;
        for (TransferEnd end : ends) {
            next = Math.min(next, end.nextDeadline());
        }
        return next;
    }

    private String describe() {
        StringBuilder text = new StringBuilder();
        int shown = 0;
        for (TransferEnd end : ends) {
            if (!end.finished() && shown++ < 8) {
                text.append(String.format("%n    %s", end));
            }
        }
        return "unfinished: " + (shown == 0 ? "none" : shown + text.toString());
    }

    @Override
    public void close() {
        for (int host = 0; host < network.hosts(); host++) {
            network.stack(host).close();
        }
        network.close();
    }
}
