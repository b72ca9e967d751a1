// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The processes of those who take part, and one measurement after the other with them. One thread;
 * {@link #close} from any.
 */
final class Match implements AutoCloseable {
    record Pair(WorkerProcess server, WorkerProcess client) {
        void close() {
            client.close();
            server.close();
        }
    }

    /** How the names of sockets end. */
    static final String SOCKET = ".sock";

    private final String directory;
    private final NativePrograms programs;
    private final Map<String, Pair> pairs = new ConcurrentHashMap<>();

    /**
     * @param directory for sockets
     * @param programs those in C
     */
    Match(String directory, NativePrograms programs) {
        this.directory = directory;
        this.programs = programs;
    }

    /**
     * @throws IOException it failed; the next one of this contestant begins with new processes
     */
    Outcome measure(Contestant contestant, Workload workload, long nanos) throws IOException {
        Pair pair = begin(contestant);
        try {
            return measure(pair, contestant, workload, nanos);
        } catch (IOException e) {
            pairs.remove(contestant.name());
            pair.close();
            throw e;
        }
    }

    /** Have its processes run. */
    Pair begin(Contestant contestant) throws IOException {
        Pair pair = pairs.get(contestant.name());
        if (pair == null) {
            pair = start(contestant);
            pairs.put(contestant.name(), pair);
        }
        return pair;
    }

    private Pair start(Contestant contestant) throws IOException {
        WorkerProcess server = start(contestant.server(), true);
        if (contestant.oneProcess()) {
            return new Pair(server, server);
        }
        try {
            return new Pair(server, start(contestant.client(), false));
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private WorkerProcess start(Contestant.End end, boolean server) throws IOException {
        return new WorkerProcess(command(end, server));
    }

    private List<String> command(Contestant.End end, boolean server) {
        List<String> command = new ArrayList<>(end.prefix());
        String where = end.where().endsWith(SOCKET) ? directory + "/" + end.where() : end.where();
        String role = server ? "server" : "client";
        if (end.kind() == Kind.COPY) {
            command.add(programs.file(NativePrograms.COPY).toString());
            command.addAll(List.of(role, where, Integer.toString(Worker.cpu(server))));
            return command;
        }
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        // Who is compiled waits for it: compilers beside ends that spin would get no time.
        command.add("-Xbatch");
        // Nor is what it makes of the payload's loops to depend on what they are called from.
        command.add("-XX:CompileCommand=quiet");
        command.add("-XX:CompileCommand=dontinline," + Words.class.getName() + "::*Loop");
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(Worker.class.getName(), end.kind().name(), role, where));
        return command;
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
