// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * A process of one contestant: the server's end, the client's, or both. Takes a line on its
 * standard input for each thing to do and answers with a line that begins with {@link #ANSWER};
 * nothing polls while nothing is asked for. Lives through the whole run, so that it is compiled.
 *
 * <pre>
 * server listen WORKLOAD          port
 * client run WORKLOAD HOST PORT NANOS    outcome
 * server stop                     outcome
 * </pre>
 */
final class Worker {
    static final String ANSWER = "> ";
    static final String ERROR = "error ";
    private static final int SERVER_CPU = 1;
    private static final int CLIENT_CPU = 0;

    private final Kind kind;
    private final Kind.Ends ends;
    private final ExecutorService server;
    private final ExecutorService client;
    private volatile boolean stopping;

    private Worker(Kind kind, boolean serverEnd, String where) throws Exception {
        this.kind = kind;
        server = executor();
        client = kind == Kind.INLINE ? server : executor();
        if (kind != Kind.NETTY) {
            server.submit(() -> Cpu.pin(cpu(true))).get();
            client.submit(() -> Cpu.pin(cpu(false))).get();
        }
        ends = kind.open(serverEnd, cpu(serverEnd), where);
    }

    /** Of an end's thread. */
    static int cpu(boolean server) {
        int cpus = Runtime.getRuntime().availableProcessors();
        return server ? Math.min(SERVER_CPU, cpus - 1) : CLIENT_CPU;
    }

    private static ExecutorService executor() {
        ThreadFactory daemons =
                work -> {
                    Thread thread = new Thread(work, "bench");
                    thread.setDaemon(true);
                    return thread;
                };
        return Executors.newSingleThreadExecutor(daemons);
    }

    /** Arguments: the kind, "server" or "client", the socket or the interface, if it has one. */
    public static void main(String[] args) throws IOException {
        try {
            new Worker(
                            Kind.valueOf(args[0]),
                            args[1].equals("server"),
                            args.length > 2 ? args[2] : "")
                    .serve();
        } catch (Exception e) {
            System.out.println(ANSWER + ERROR + message(e));
        }
        System.out.flush();
        // Threads of DPDK and Netty are not waited for.
        Runtime.getRuntime().halt(0);
    }

    private void serve() throws IOException {
        System.out.println(ANSWER + "ready");
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            switch (words[0] + " " + words[1]) {
                case "server listen" -> listen(Workload.named(words[2]));
                case "server stop" -> stop();
                case "client run" -> run(words);
                default -> answer(ERROR + "what is " + line);
            }
        }
    }

    private void listen(Workload workload) {
        stopping = false;
        answered(server, () -> Integer.toString(ends.server().listen(workload)));
        if (kind != Kind.INLINE) {
            server.execute(
                    () -> {
                        try {
                            ends.server().run(() -> stopping);
                        } catch (IOException | RuntimeException e) {
                            answer(ERROR + message(e));
                        }
                    });
        }
    }

    private void stop() {
        stopping = true;
        answered(
                server,
                () -> {
                    if (kind == Kind.INLINE) {
                        ends.server().run(() -> true);
                    }
                    return ends.server().outcome().line();
                });
    }

    private void run(String[] words) {
        Workload workload = Workload.named(words[2]);
        int port = Integer.parseInt(words[4]);
        long nanos = Long.parseLong(words[5]);
        answered(client, () -> ends.client().run(workload, words[3], port, nanos).line());
    }

    private static void answered(ExecutorService thread, Callable<String> work) {
        thread.execute(
                () -> {
                    try {
                        answer(work.call());
                    } catch (Exception e) {
                        answer(ERROR + message(e));
                    }
                });
    }

    private static String message(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return (cause.getClass().getSimpleName() + ": " + cause.getMessage()).replace('\n', ' ');
    }

    private static void answer(String text) {
        System.out.println(ANSWER + text);
        System.out.flush();
    }
}
