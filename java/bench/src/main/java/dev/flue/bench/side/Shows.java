// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.EngineFigures;
import dev.flue.bench.figures.Figures;
import dev.flue.bench.figures.JmhFigures;
import dev.flue.bench.figures.Spread;
import java.util.ArrayList;
import java.util.List;

/**
 * What a run is to show: reaches, which are fixed, and figures, which are never. One thread.
 *
 * <p>Cycles are held against those of the best engine that is published, measured on this kind of
 * machine without its management of buffers.
 */
final class Shows {
    private static final String TIMES = "×";
    private static final int MANY = 16_384;
    private static final int FEW = 32;

    private final List<Contestant> contestants;
    private final List<Workload> workloads;
    private final Results results;
    private final List<Shown> all = new ArrayList<>();

    private Shows(List<Contestant> contestants, List<Workload> workloads, Results results) {
        this.contestants = contestants;
        this.workloads = workloads;
        this.results = results;
    }

    static List<Shown> of(
            List<Contestant> contestants,
            List<Workload> workloads,
            Results results,
            Figures engine,
            Figures jmh) {
        Shows shows = new Shows(contestants, workloads, results);
        shows.ends();
        shows.cycles(engine);
        shows.scale(engine, jmh);
        shows.many();
        shows.peer();
        shows.allocation(jmh);
        return List.copyOf(shows.all);
    }

    /** 1, 2 and 3: one connection. */
    private void ends() {
        for (String flue : List.of(Contestants.MEMIF, Contestants.RING)) {
            against(1, flue, Contestants.NIO_SPINNING, "request-response", 6);
        }
        for (String flue : List.of(Contestants.MEMIF, Contestants.RING)) {
            against(2, flue, Contestants.NETTY, "messages-64", 2.5);
        }
        against(3, Contestants.MEMIF, Contestants.NIO_BLOCKING, "stream-16k", 2);
        against(3, Contestants.MEMIF, Contestants.COPY, "stream-16k", 0.6);
    }

    /** 4: a segment, one flow, an acknowledgment for each. */
    private void cycles(Figures engine) {
        cycles(engine, "receive", 64, 112, 1.25);
        cycles(engine, "transmit", 64, 52, 1.25);
        cycles(engine, "pure-ack", 64, 75, 1.25);
        cycles(engine, "receive", 1448, 187, 0.6);
        cycles(engine, "transmit", 1448, 139, 0.6);
    }

    private void cycles(Figures engine, String kernel, int bytes, int cycles, double reach) {
        Spread each = engine.of(EngineFigures.name(kernel, bytes, "each", 1, "port"));
        // Where nothing is acknowledged there is one line only.
        Spread own =
                each.count() > 0
                        ? each
                        : engine.of(EngineFigures.name(kernel, bytes, "burst", 1, "port"));
        all.add(
                new Shown(
                        4,
                        kernel + " " + bytes,
                        "cycles per segment, " + kernel + ", " + bytes + " B",
                        "best published engine: " + cycles,
                        reach,
                        true,
                        TIMES,
                        own.times(1.0 / cycles),
                        missing(engine)));
    }

    private static String missing(Figures figures) {
        return figures.missing().isEmpty() ? "no such line" : figures.missing();
    }

    /** 5, 6 and 7: many connections in the engine. */
    private void scale(Figures engine, Figures jmh) {
        Spread many = engine.of(EngineFigures.name("receive", 64, "each", MANY, "port"));
        Spread few = engine.of(EngineFigures.name("receive", 64, "each", FEW, "port"));
        all.add(
                new Shown(
                        5,
                        "16,384 flows",
                        "receive 64 B, a segment per flow and burst, 16,384 flows",
                        "its own 32 flows",
                        1.3,
                        true,
                        TIMES,
                        many.over(few),
                        missing(engine)));
        single(
                6,
                "memory",
                EngineFigures.MEMORY,
                320,
                true,
                " MiB",
                engine,
                "a million connections: contexts and flow table");
        single(
                6,
                "segments",
                EngineFigures.SEGMENTS,
                5e6,
                false,
                "/s",
                engine,
                "a million connections: random segments received on one core");
        single(
                7,
                "pairs, C",
                EngineFigures.PAIRS,
                1e6,
                false,
                "/s",
                engine,
                "initiate and terminate, trees of 64, from C");
        single(
                7,
                "pairs, Java",
                JmhFigures.TREE,
                5e5,
                false,
                "/s",
                jmh,
                "initiate and terminate, trees of 64, from Java");
    }

    private void single(
            int number,
            String name,
            String figure,
            double reach,
            boolean atMost,
            String unit,
            Figures figures,
            String what) {
        all.add(
                new Shown(
                        number,
                        name,
                        what,
                        "",
                        reach,
                        atMost,
                        unit,
                        figures.of(figure),
                        missing(figures)));
    }

    /** 8: many connections. */
    private void many() {
        for (String flue : List.of(Contestants.MEMIF, Contestants.RING)) {
            against(8, flue, Contestants.NIO_SPINNING, "echo-10000", 10);
        }
        for (String flue : List.of(Contestants.MEMIF, Contestants.RING)) {
            ofOwn(flue, "echo-10000", "echo-100", 0.7);
        }
    }

    /** 9: the kernel as peer. */
    private void peer() {
        for (String workload : List.of("stream-16k", "request-response")) {
            for (String flue : List.of(Contestants.TO_KERNEL, Contestants.FROM_KERNEL)) {
                against(9, flue, Contestants.KERNEL, workload, 0.9);
            }
        }
    }

    /** 10: what send and receive allocate, drivers or not. */
    private void allocation(Figures jmh) {
        Spread most = Spread.of();
        for (String start :
                List.of(
                        "SendBenchmark",
                        "ReceiveBenchmark",
                        "BurstBenchmark",
                        "DriversBenchmark")) {
            for (String name : jmh.named(start)) {
                Spread each = jmh.of(name);
                if (name.endsWith(JmhFigures.ALLOCATED)
                        && (most.count() == 0 || each.median() > most.median())) {
                    most = each;
                }
            }
        }
        all.add(
                new Shown(
                        10,
                        "allocation",
                        "allocated by a send and a receive, the worst of all, with and without drivers",
                        "",
                        0,
                        true,
                        " B",
                        most,
                        missing(jmh)));
    }

    private void against(int number, String flue, String against, String workload, double reach) {
        Workload what = Workload.named(workload);
        all.add(
                new Shown(
                        number,
                        flue + " : " + against + ", " + workload,
                        title(flue) + ": " + what.title(),
                        title(against),
                        reach,
                        false,
                        TIMES,
                        results.ratio(flue, against, what),
                        missing(what, flue, against)));
    }

    private void ofOwn(String flue, String workload, String other, double reach) {
        Workload one = Workload.named(workload);
        Workload two = Workload.named(other);
        String reason = missing(one, flue, flue);
        all.add(
                new Shown(
                        8,
                        flue + ", own",
                        title(flue) + ": " + one.title(),
                        "its own rate with " + two.connections() + " connections",
                        reach,
                        false,
                        TIMES,
                        results.ofOwn(flue, one, two),
                        reason.isEmpty() ? missing(two, flue, flue) : reason));
    }

    private String title(String contestant) {
        return contestants.stream()
                .filter(each -> each.name().equals(contestant))
                .map(Contestant::title)
                .findFirst()
                .orElse(contestant);
    }

    /** Why one of the two has no figure. */
    private String missing(Workload workload, String... names) {
        if (workloads.stream().noneMatch(each -> each.equals(workload))) {
            return workload.name() + " was not asked for";
        }
        for (String name : names) {
            String reason =
                    contestants.stream()
                            .filter(each -> each.name().equals(name))
                            .map(Contestant::skipped)
                            .findFirst()
                            .orElse("there is none");
            if (!reason.isEmpty()) {
                return name + ": " + reason;
            }
            if (!results.failure(name, workload).isEmpty()) {
                return name + " failed in " + results.failure(name, workload);
            }
        }
        return "no round";
    }
}
