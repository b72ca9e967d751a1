// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Transfers between Flue and the kernel, one after the other on each of several threads, every one
 * of them compared: curl fetches, a program of the kernel sends, Flue fetches.
 */
final class TeamLoad implements AutoCloseable {
    private static final int CURLS = 4;

    /** At a time: those of curl, one that the kernel opens, one that Flue opens. */
    static final int CONNECTIONS = CURLS + 2;

    private static final int FILE_BYTES = 16 << 20;
    private static final int STREAM_BYTES = 4 << 20;

    private final TeamScene scene;
    private final FlueHost host;
    private final Path temp;
    private final Path served;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Future<?>> running = new ArrayList<>();
    private final AtomicLong finished = new AtomicLong();
    private final AtomicInteger transfers = new AtomicInteger();
    private volatile boolean ending;

    /** Starts all of them. */
    TeamLoad(TeamScene scene, FlueHost host, Path directory, Path temp) throws Exception {
        this.scene = scene;
        this.host = host;
        this.temp = temp;
        byte[] file = new byte[FILE_BYTES];
        new Random(7).nextBytes(file);
        served = Files.write(directory.resolve("file"), file);
        scene.peer().serve(scene.kernel());
        for (int i = 0; i < CURLS; i++) {
            Path received = temp.resolve("received" + i);
            repeat(() -> fetch(received));
        }
        repeat(
                () -> {
                    scene.peer().run("sink", scene.flue(), "--bytes", "" + STREAM_BYTES);
                    return null;
                });
        repeat(this::fetchByFlue);
    }

    private void repeat(Callable<Void> transfer) {
        running.add(
                threads.submit(
                        () -> {
                            while (!ending) {
                                transfer.call();
                                transfers.incrementAndGet();
                            }
                            return null;
                        }));
    }

    private Void fetch(Path received) throws Exception {
        String to = received.toString();
        String url = scene.url("file");
        Commands.run(
                scene.namespace()
                        .inside("curl", "-sS", "-f", "-g", "--max-time", "100", "-o", to, url));
        long mismatch = Files.mismatch(received, served);
        if (mismatch != -1) {
            throw new AssertionError(received + " is another file from byte " + mismatch + " on");
        }
        Files.delete(received);
        finished.addAndGet(FILE_BYTES);
        return null;
    }

    private Void fetchByFlue() throws InterruptedException {
        host.tell("get " + scene.kernel() + " " + STREAM_BYTES);
        String end = host.awaitLine("get");
        if (!end.startsWith("ok")) {
            throw new AssertionError("get " + end);
        }
        return null;
    }

    /** That curl got, up to now. */
    long bytes() {
        long sum = finished.get();
        for (int i = 0; i < CURLS; i++) {
            try {
                sum += Files.size(temp.resolve("received" + i));
            } catch (IOException e) {
                // It has not begun.
            }
        }
        return sum;
    }

    /** Transfers that are over, all of them equal. */
    int transfers() {
        return transfers.get();
    }

    /** Nothing has failed. */
    boolean going() {
        return running.stream().noneMatch(Future::isDone);
    }

    /** No new ones; those that run come to their end. Fails with the first that did. */
    void finish() throws Exception {
        ending = true;
        for (Future<?> each : running) {
            each.get();
        }
    }

    @Override
    public void close() {
        ending = true;
        threads.shutdownNow();
    }
}
