// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.bindings.ScaleOperation.Kind;
import dev.flue.testkit.Rule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * 10,000 connections over 64 paths, half of them IPv6, and 8 neighbors on one engine: initiated as
 * one tree or as many, queried, updated, relinked, invalidated, terminated and initiated again, in
 * random order and many operations at a time, while a stream of data goes both ways over another
 * connection. Every status is the one it has to be, every query answers what was given, at the end
 * the engine holds nothing, and the stream stands still for no more than a few passes of the
 * engine.
 */
@RequiresFlue
class StateScaleTest {
    private static final int NEIGHBORS = 8;
    private static final int PATHS = 64;
    private static final int CONNECTIONS = 10_000;
    private static final int SHORT_SEEDS = 3;
    private static final int LONG_SEEDS = 100;
    private static final int ROUNDS = 250;
    private static final int MOST_UNDER_WAY = 12;
    private static final int BLOCKS = 65_536;
    private static final int TURNS = 20_000;
    private static final int LINES_UP = 200;
    private static final long MAC = 0x0200_c612_0001L;
    private static final long TURN_NANOS = 1_000;

    /** Passes that the stream may wait longer than it does with nothing beside it. */
    private static final long MORE_PASSES = 8;

    private Random random;
    private ScaleTrees trees;
    private ScaleHost host;
    private StreamEnd peer;
    private long now;
    private final Map<Kind, Integer> completed = new EnumMap<>(Kind.class);

    @Rule({
        "T-15", "T-17", "T-18", "T-20", "T-21", "T-22", "T-23", "T-24", "T-25", "T-26", "T-28",
        "T-30", "T-46", "T-50", "T-51", "T-55", "T-63", "T-64"
    })
    @Test
    void tenThousandConnectionsInRandomOrder() {
        seeds(1, SHORT_SEEDS);
    }

    @Test
    @Tag("long")
    void tenThousandConnectionsInRandomOrderAHundredTimes() {
        seeds(1, LONG_SEEDS);
    }

    private void seeds(long from, long to) {
        long largest = 0;
        long alone = 0;
        for (long seed = from; seed <= to; seed++) {
            try {
                long[] gaps = run(seed);
                alone = Math.max(alone, gaps[0]);
                largest = Math.max(largest, gaps[1]);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        System.out.printf(
                "%d seeds, %s: the stream waited %d passes at most, %d with nothing beside it%n",
                to - from + 1, completed, largest, alone);
        assertThat(completed).hasSize(Kind.values().length);
        assertThat(completed.values()).allMatch(count -> count > to - from);
    }

    /** Largest gaps of the stream: alone, and beside the operations. */
    private long[] run(long seed) {
        random = new Random(seed);
        now = 1_000_000;
        EngineConfig config =
                EngineConfig.builder()
                        .maxConnections(CONNECTIONS + 1)
                        .maxPaths(PATHS + 1)
                        .maxNeighbors(NEIGHBORS + 1)
                        .seed(seed)
                        .build();
        int[] counts = {NEIGHBORS, PATHS, CONNECTIONS};
        try (Wire wire = new Wire(WireConfig.builder().seed(seed).build());
                ScaleTrees ofSeed = new ScaleTrees(random, BLOCKS);
                ScaleHost one = new ScaleHost(wire.port(0, MAC), config, MAC + 1, ofSeed, counts);
                StreamEnd other = new StreamEnd(wire.port(1, MAC + 1), config, 1, MAC)) {
            trees = ofSeed;
            host = one;
            peer = other;
            startStream();
            long alone = gapOver(500);
            initiateAll(seed % 2 == 0);
            for (int round = 0; round < ROUNDS; round++) {
                submitSomething();
                turns(1 + random.nextInt(32));
            }
            untilAllComplete();
            checkAllAsked();
            terminateAll(seed % 3);
            long beside = Math.max(host.takeLargestGap(), peer.takeLargestGap());
            assertThat(beside).as("passes without data").isLessThanOrEqualTo(alone + MORE_PASSES);
            endStream();
            assertThat(trees.held()).isZero();
            for (EngineResource resource : EngineResource.values()) {
                assertThat(host.target.held(resource)).as(resource.name()).isZero();
            }
            for (Kind kind : Kind.values()) {
                completed.merge(kind, host.completed(kind), Integer::sum);
            }
            return new long[] {alone, beside};
        }
    }

    // The clock.

    private void turn() {
        now += TURN_NANOS;
        host.turn(now);
        peer.turn(now);
    }

    private void turns(int count) {
        for (int i = 0; i < count; i++) {
            turn();
        }
    }

    private void until(String what, BooleanSupplier condition) {
        for (int i = 0; !condition.getAsBoolean(); i++) {
            if (i > TURNS) {
                throw new AssertionError(what + ", after " + TURNS + " turns");
            }
            turn();
        }
    }

    private void untilAllComplete() {
        until("operations have not completed", () -> host.underWay() == 0);
    }

    // The stream.

    private void startStream() {
        host.initiateStream();
        peer.initiateStream();
        until("the stream is not initiated", host::streamDone);
        until("the stream is not initiated", peer::streamDone);
        host.startStream();
        peer.startStream();
        turns(100);
    }

    private long gapOver(int passes) {
        host.takeLargestGap();
        peer.takeLargestGap();
        turns(passes);
        return Math.max(host.takeLargestGap(), peer.takeLargestGap());
    }

    private void endStream() {
        assertThat(host.received()).isPositive();
        assertThat(peer.received()).isPositive();
        host.terminateStream();
        peer.terminateStream();
        until("the stream is not terminated", host::streamDone);
        until("the stream is not terminated", peer::streamDone);
        host.freeStream();
        peer.freeStream();
        turns(10);
    }

    // Operations.

    private void initiateAll(boolean asOneTree) {
        for (ScaleObject path : host.paths()) {
            path.parent = any(host.neighbors());
        }
        for (ScaleObject connection : host.connections()) {
            connection.parent = any(host.paths());
        }
        if (asOneTree) {
            List<ScaleObject> all = new ArrayList<>(host.connections());
            all.addAll(host.paths());
            all.addAll(host.neighbors());
            host.submit(trees.build(Kind.INITIATE, all));
            untilAllComplete();
            return;
        }
        List<ScaleObject> left = new ArrayList<>(host.connections());
        Collections.shuffle(left, random);
        while (!left.isEmpty()) {
            int size = Math.min(left.size(), 1 + random.nextInt(LINES_UP));
            initiate(new ArrayList<>(left.subList(0, size)));
            left.subList(0, size).clear();
            turns(random.nextInt(4));
        }
        untilAllComplete();
    }

    /** Those of them that can be, with the objects they need, in one tree. */
    private void initiate(List<ScaleObject> connections) {
        Set<ScaleObject> subjects = new HashSet<>();
        List<ScaleObject> ordered = new ArrayList<>();
        for (ScaleObject each : connections) {
            boolean open = !each.live && each.writable();
            List<ScaleObject> needed = new ArrayList<>();
            for (ScaleObject o = each.parent; o != null; o = o.parent) {
                open &= o.live ? o.readable() && !o.affected() : o.writable();
                if (!o.live) {
                    needed.add(o);
                }
            }
            if (open) {
                needed.add(each);
                needed.stream().filter(subjects::add).forEach(ordered::add);
            }
        }
        if (!ordered.isEmpty()) {
            host.submit(trees.build(Kind.INITIATE, ordered));
        }
    }

    private void submitSomething() {
        if (host.underWay() >= MOST_UNDER_WAY) {
            return;
        }
        switch (random.nextInt(10)) {
            case 0, 1 -> initiate(some(host.connections(), each -> !each.live));
            case 2, 3 -> query();
            case 4, 5 -> update();
            case 6 -> relink();
            case 7 -> invalidate();
            case 8 -> terminateConnections();
            default -> terminateSubtree();
        }
    }

    private ScaleObject any(List<ScaleObject> of) {
        return of.get(random.nextInt(of.size()));
    }

    /** A few, or now and then all, of those that fit. */
    private List<ScaleObject> some(List<ScaleObject> of, Predicate<ScaleObject> fit) {
        int most = random.nextInt(8) == 0 ? of.size() : 1 + random.nextInt(64);
        List<ScaleObject> out = new ArrayList<>();
        int from = random.nextInt(of.size());
        for (int i = 0; i < of.size() && out.size() < most; i++) {
            ScaleObject each = of.get((from + i) % of.size());
            if (fit.test(each)) {
                out.add(each);
            }
        }
        return out;
    }

    /** Of all layers. */
    private List<ScaleObject> mixed(Predicate<ScaleObject> fit) {
        List<ScaleObject> out = some(host.connections(), fit);
        if (random.nextBoolean()) {
            out.addAll(some(host.paths(), fit));
        }
        if (random.nextBoolean()) {
            out.addAll(some(host.neighbors(), fit));
        }
        return out;
    }

    private void submit(Kind kind, List<ScaleObject> subjects) {
        if (!subjects.isEmpty()) {
            host.submit(trees.build(kind, subjects));
        }
    }

    private void query() {
        if (random.nextInt(4) == 0) {
            host.submit(host.stale());
        }
        submit(Kind.QUERY, mixed(each -> each.live && each.readable()));
    }

    private void update() {
        submit(
                Kind.UPDATE,
                mixed(each -> each.live && each.writable() && !each.affected() && !each.asked));
    }

    /** Paths move, away from an invalidated neighbor too. */
    private void relink() {
        List<ScaleObject> open =
                some(host.neighbors(), each -> each.live && each.readable() && !each.invalid);
        List<ScaleObject> moved =
                some(host.paths(), each -> each.live && each.writable() && !each.invalid);
        if (!open.isEmpty() && !moved.isEmpty()) {
            host.submit(trees.relink(any(open), moved));
        }
    }

    private void invalidate() {
        List<ScaleObject> layer =
                random.nextInt(3) == 0
                        ? host.neighbors()
                        : random.nextBoolean() ? host.paths() : host.connections();
        ScaleObject object = any(layer);
        if (!object.live || object.invalid) {
            return;
        }
        List<ScaleObject> all = new ArrayList<>();
        object.collect(all);
        if (all.stream().allMatch(ScaleObject::writable)) {
            host.submit(trees.build(Kind.INVALIDATE, List.of(object)));
        }
    }

    private void terminateConnections() {
        submit(
                Kind.TERMINATE,
                some(
                        host.connections(),
                        each ->
                                each.live
                                        && each.writable()
                                        && (each.asked || random.nextBoolean())));
    }

    /** A path, seldom a neighbor, an invalidated one first, with everything that depends on it. */
    private void terminateSubtree() {
        List<ScaleObject> layer = random.nextInt(3) == 0 ? host.neighbors() : host.paths();
        ScaleObject object =
                layer.stream().filter(each -> each.invalid).findFirst().orElse(any(layer));
        List<ScaleObject> all = new ArrayList<>();
        object.collect(all);
        if (object.live && all.stream().allMatch(ScaleObject::writable)) {
            host.submit(trees.build(Kind.TERMINATE, all));
        }
    }

    /** T-63: whoever cannot send any more was told to take its connection back. */
    private void checkAllAsked() {
        until(
                "connections over invalidated objects were not asked back",
                () ->
                        host.connections().stream()
                                .allMatch(each -> !each.live || !each.affected() || each.asked));
    }

    private void terminateAll(long how) {
        List<ScaleObject> connections = live(host.connections());
        List<ScaleObject> paths = live(host.paths());
        List<ScaleObject> neighbors = live(host.neighbors());
        if (how == 0) {
            connections.addAll(paths);
            connections.addAll(neighbors);
            submit(Kind.TERMINATE, connections);
            untilAllComplete();
            return;
        }
        Collections.shuffle(connections, random);
        while (!connections.isEmpty()) {
            int size = Math.min(connections.size(), 1 + random.nextInt(2 * LINES_UP));
            submit(Kind.TERMINATE, new ArrayList<>(connections.subList(0, size)));
            connections.subList(0, size).clear();
            turns(random.nextInt(3));
        }
        untilAllComplete();
        if (how == 1) {
            paths.addAll(neighbors);
            submit(Kind.TERMINATE, paths);
        } else {
            paths.forEach(each -> submit(Kind.TERMINATE, List.of(each)));
            untilAllComplete();
            neighbors.forEach(each -> submit(Kind.TERMINATE, List.of(each)));
        }
        untilAllComplete();
    }

    private static List<ScaleObject> live(List<ScaleObject> of) {
        return new ArrayList<>(of.stream().filter(each -> each.live).toList());
    }
}
