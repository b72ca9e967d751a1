// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.bindings.ArenaInfo;
import dev.flue.bindings.Flue;
import dev.flue.data.IpAddress;
import dev.flue.host.ConnectionInfo;
import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.assembly.Cidr;
import dev.flue.tools.assembly.DriverChain;
import dev.flue.tools.assembly.TargetOptions;
import dev.flue.tools.output.Sizes;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.ToolException;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/**
 * The demonstration: a transfer over an offloaded connection, a look at what is offloaded, then a
 * transfer whose connection goes back to the host stack and to the target again at both ends. With
 * a trace, a third one while network and application change, so that every operation there is meets
 * every kind of object.
 */
public final class Demo {
    private static final int FIRST_PORT = 7001;
    private static final int MTU = 1500;
    private static final long QUERY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Content up;
    private final Content down;
    private final long seed;
    private final DemoReport report;
    private final boolean trace;
    private final BooleanSupplier stop;
    private final long start = System.nanoTime();
    private long carried;

    /**
     * @param up what the client sends
     * @param down what the server sends
     * @param trace print what the verifiers among the drivers see, and provoke every operation
     * @param stop asked often: end early
     */
    public Demo(
            Content up,
            Content down,
            long seed,
            PrintWriter out,
            boolean json,
            boolean trace,
            BooleanSupplier stop) {
        this.up = up;
        this.down = down;
        this.seed = seed;
        this.report = new DemoReport(out, json);
        this.trace = trace;
        this.stop = stop;
    }

    /**
     * Runs it, through its last line.
     *
     * @param err where warnings go
     * @return whether every byte arrived, through offloaded connections where that is possible
     */
    public boolean run(TargetOptions options, int dropPpm, PrintWriter err) {
        boolean offloads = Flue.isAvailable();
        try {
            if (offloads) {
                runOffloaded(options, dropPpm, err);
            } else {
                runPlain(dropPpm);
            }
        } catch (ToolException e) {
            String how =
                    stop.getAsBoolean() ? "stopped before its end" : "FAILED: " + e.getMessage();
            report.verdict(false, offloads, how);
            return false;
        }
        return true;
    }

    private void runOffloaded(TargetOptions options, int dropPpm, PrintWriter err) {
        int handOvers;
        boolean given;
        try (OffloadedStage stage = new OffloadedStage(options, MTU, dropPpm, seed, err)) {
            watch(stage.clientAssembly().drivers());
            watch(stage.serverAssembly().drivers());
            introduce(stage, options);
            report.heading(
                    "1. A connection over IPv4, offloaded at both ends, carries both ways at once");
            Transfer first = transfer(stage, 0);
            carry(first, "carry");
            report.heading("2. What is offloaded");
            tree("client", stage.clientAssembly(), stage);
            tree("server", stage.serverAssembly(), stage);
            first.close();
            report.heading(
                    "3. A connection over IPv6, taken back and offloaded again in mid-stream");
            Transfer second = transfer(stage, 1);
            second.server().handOverAt(up.size() / 3);
            second.client().handOverAt(down.size() * 2 / 3);
            handOvers = carry(second, "hand over");
            second.close();
            if (handOvers < 2) {
                throw new ToolException(handOvers + " of 2 hand-overs took place");
            }
            if (trace) {
                report.heading(
                        "4. A connection over IPv4 whose neighbor, path and options change, and"
                                + " all three of which are invalidated");
                Transfer third = transfer(stage, 0, FIRST_PORT + 2);
                third.meanwhile(new Changes(stage, third));
                handOvers += carry(third, "change");
                third.close();
            }
            report.heading((trace ? "5" : "4") + ". Counters");
            report.counters("client", stage.clientAssembly().counters());
            report.counters("server", stage.serverAssembly().counters());
            report.counters("wire", stage.wireCounters());
            given = stage.giveBack();
        }
        if (!given) {
            throw new ToolException("connections could not be taken back within 5 s");
        }
        if (!report.breaches().isEmpty()) {
            throw new ToolException("rules were broken: " + report.breaches());
        }
        report.verdict(
                true,
                true,
                "all bytes equal, "
                        + Sizes.format(carried)
                        + " on offloaded connections, "
                        + handOvers
                        + " hand-overs in mid-stream");
    }

    private void runPlain(int dropPpm) {
        String cause = Flue.unavailabilityCause();
        try (Stage stage = new PlainStage(MTU, dropPpm, seed)) {
            report.party(
                    "host stack "
                            + Cidr.join(Stage.CLIENT)
                            + " - Java memory - host stack "
                            + Cidr.join(Stage.SERVER)
                            + ": no offload target, "
                            + cause);
            report.heading("A connection between the host stacks carries both ways at once");
            Transfer transfer = transfer(stage, 0);
            carry(transfer, "carry");
            transfer.close();
        }
        report.verdict(
                true,
                false,
                "all bytes equal, "
                        + Sizes.format(carried)
                        + ", but nothing was offloaded: "
                        + cause);
    }

    private void watch(DriverChain drivers) {
        drivers.onBreach(report::breach);
        if (trace) {
            drivers.trace(start, report::trace);
        }
    }

    private void introduce(OffloadedStage stage, TargetOptions options) {
        report.heading("Two hosts in one process, on a wire in memory:");
        String drivers =
                options.drivers().isEmpty()
                        ? "no driver"
                        : "drivers " + String.join(", ", options.drivers());
        String polling = options.ownThread() ? "a thread of its own" : "the duty cycle";
        String rest =
                " - "
                        + drivers
                        + " - offload target, polled by "
                        + polling
                        + ", arena "
                        + arena(stage.clientAssembly())
                        + " - wire";
        report.party("client: host stack " + Cidr.join(Stage.CLIENT) + rest);
        report.party("server: host stack " + Cidr.join(Stage.SERVER) + rest);
    }

    /** The first one goes over IPv4, the second over IPv6. */
    private Transfer transfer(Stage stage, int index) {
        return transfer(stage, index, FIRST_PORT + index);
    }

    private Transfer transfer(Stage stage, int index, int port) {
        IpAddress server = Stage.SERVER.get(index).address();
        return new Transfer(stage, server, port, up, down, stop);
    }

    /** Carries and verifies; returns the hand-overs. */
    private int carry(Transfer transfer, String name) {
        long bytes = up.size() + down.size();
        long nanos = transfer.carry(name, bytes);
        int offloads = transfer.client().offloads() + transfer.server().offloads();
        int uploads = transfer.client().uploads() + transfer.server().uploads();
        int handOvers = Math.min(uploads, Math.max(0, offloads - 2));
        report.carried(
                new DemoReport.Carried(name, bytes, nanos, transfer.verify(), handOvers, offloads));
        carried += bytes;
        return handOvers;
    }

    private void tree(String party, Assembly assembly, Stage stage) {
        AtomicReference<List<ConnectionInfo>> answer = new AtomicReference<>();
        assembly.query(answer::set);
        boolean answered =
                new DutyCycle(stage.parts()).runUntil(() -> answer.get() != null, QUERY_NANOS);
        if (!answered) {
            throw new ToolException("the query of the connections was not answered");
        }
        List<ConnectionInfo> connections =
                answer.get().stream()
                        .sorted(
                                Comparator.comparingLong(ConnectionInfo::neighborToken)
                                        .thenComparingLong(ConnectionInfo::pathToken))
                        .toList();
        report.tree(new DemoReport.Tree(party, arena(assembly), connections));
    }

    private static String arena(Assembly assembly) {
        ArenaInfo arena = assembly.arenaInfo();
        return arena.where()
                + ", "
                + Sizes.format(arena.usedBytes())
                + " of "
                + Sizes.format(arena.sizeBytes())
                + " used";
    }
}
