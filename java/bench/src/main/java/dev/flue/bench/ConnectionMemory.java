// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What an offloaded connection takes in Java: two host stacks over two engines, one thread, virtual
 * time, as many idle connections as asked for ({@code ConnectionMemory 100000}), all of them handed
 * over at both ends. Printed is the heap after a collection, before and with them, by connection
 * and end; and what the process grew by besides, engines and the memory shared with them.
 */
public final class ConnectionMemory {
    private static final int FIRST_PORT = 7000;
    private static final int PER_PORT = 20_000;
    private static final int WAVE = 256;
    private static final int TURNS = 1_000_000;
    private static final int COLLECTIONS = 3;

    /** One for all: what an application keeps is its own affair. */
    private static final class Idle implements ConnectionHandler {
        final List<OffloadConnection> connections;

        Idle(int count) {
            connections = new ArrayList<>(count);
        }

        @Override
        public void onConnected(OffloadConnection connection) {
            connections.add(connection);
        }

        boolean offloaded(int count) {
            return connections.size() == count && connections.get(count - 1).offloaded();
        }

        long countOffloaded() {
            return connections.stream().filter(OffloadConnection::offloaded).count();
        }
    }

    private final StackPair stacks;

    private ConnectionMemory(int connections) {
        stacks = new StackPair(0, connections + WAVE);
    }

    /** Open them in waves, each handed over at both ends before the next. */
    private void connect(int count, Idle client, Idle server) {
        for (int port = 0; port * PER_PORT < count; port++) {
            stacks.server().listen(FIRST_PORT + port, WAVE, () -> server);
        }
        int opened = 0;
        while (opened < count) {
            int until = Math.min(count, opened + WAVE);
            for (; opened < until; opened++) {
                int port = FIRST_PORT + opened / PER_PORT;
                stacks.client().connect(IpAddress.of("198.18.0.2"), port, client);
            }
            int turns = 0;
            while (!client.offloaded(opened) || !server.offloaded(opened)) {
                stacks.turn();
                if (++turns > TURNS) {
                    throw new IllegalStateException("in vain: " + stacks.counters());
                }
            }
        }
    }

    private static long heap() {
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** Bytes of this process in memory. */
    private static long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        return 0;
    }

    /**
     * @param args how many connections; 100,000 without
     */
    public static void main(String[] args) throws IOException {
        int count = args.length > 0 ? Integer.parseInt(args[0]) : 100_000;
        Idle client = new Idle(count);
        Idle server = new Idle(count);
        long empty = heap();
        ConnectionMemory pair = new ConnectionMemory(count);
        long before = heap();
        long residentBefore = resident();
        pair.connect(count, client, server);
        long after = heap();
        long residentAfter = resident();
        System.out.printf(
                Locale.ROOT,
                "%d connections, offloaded at both ends: %d and %d%n"
                        + "heap of the two stacks without any: %.1f bytes a connection and end%n"
                        + "heap with all of them: %.1f bytes more a connection and end%n"
                        + "resident memory: %.1f bytes more a connection and end, heap and engine%n",
                count,
                client.countOffloaded(),
                server.countOffloaded(),
                (before - empty) / 2.0 / count,
                (after - before) / 2.0 / count,
                (residentAfter - residentBefore) / 2.0 / count);
        // Not closed: the process ends, and every connection would be taken back first.
    }
}
