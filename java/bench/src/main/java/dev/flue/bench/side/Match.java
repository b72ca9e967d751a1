// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The processes of those who take part, and one measurement after the other with them. One thread;
 * {@link #close} from any.
 */
final class Match implements AutoCloseable {
    private record Pair(WorkerProcess server, WorkerProcess client) {
        void close() {
            client.close();
            server.close();
        }
    }

    private final String directory;
    private final Map<String, Pair> pairs = new ConcurrentHashMap<>();

    /**
     * @param directory for sockets
     */
    Match(String directory) {
        this.directory = directory;
    }

    /**
     * @throws IOException it failed; the next one of this contestant begins with new processes
     */
    Outcome measure(Contestant contestant, Workload workload, long nanos) throws IOException {
        Pair pair = pairs.get(contestant.name());
        if (pair == null) {
            pair = start(contestant);
            pairs.put(contestant.name(), pair);
        }
        try {
            return measure(pair, contestant, workload, nanos);
        } catch (IOException e) {
            pairs.remove(contestant.name());
            pair.close();
            throw e;
        }
    }

    private Pair start(Contestant contestant) throws IOException {
        String socket = directory + "/" + contestant.name() + ".sock";
        Kind kind = contestant.kind();
        WorkerProcess server = new WorkerProcess(contestant.server(), kind, true, socket);
        if (kind.processes() == 1) {
            return new Pair(server, server);
        }
        try {
            return new Pair(server, new WorkerProcess(contestant.client(), kind, false, socket));
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private static Outcome measure(Pair pair, Contestant contestant, Workload workload, long nanos)
            throws IOException {
        String port = pair.server.ask("server listen " + workload.name());
        String run = "client run " + workload.name() + " " + contestant.host() + " " + port;
        Outcome client = Outcome.of(pair.client.ask(run + " " + nanos));
        Outcome server = Outcome.of(pair.server.ask("server stop"));
        if (client.bytes() != server.bytes() || client.sum() != server.sum()) {
            throw new IOException(
                    client.bytes() + " bytes sent, and others came: " + server.bytes());
        }
        return client;
    }

    @Override
    public void close() {
        pairs.values().forEach(Pair::close);
        pairs.clear();
    }
}
