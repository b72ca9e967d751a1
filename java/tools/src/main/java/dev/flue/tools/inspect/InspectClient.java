// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import dev.flue.host.ConnectionInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** One client of the {@link InspectServer}: request, query, answer. */
final class InspectClient {
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    private final SocketChannel channel;
    private final Inspectable source;
    private final long deadline;
    private final ByteBuffer request = ByteBuffer.allocate(256);
    private ByteBuffer answer;
    private boolean waiting;
    private boolean asked;
    private boolean json;
    private boolean finished;

    InspectClient(SocketChannel channel, Inspectable source, long nowNanos) {
        this.channel = channel;
        this.source = source;
        this.deadline = nowNanos + PATIENCE_NANOS;
    }

    boolean finished() {
        return finished;
    }

    /** It has asked, and no query was started for it yet. */
    boolean wantsAnswer() {
        return waiting && !finished;
    }

    /** A query for it is under way. */
    void querying() {
        waiting = false;
    }

    int doWork(long nowNanos) {
        try {
            if (nowNanos > deadline) {
                close();
                return 1;
            }
            if (answer != null) {
                int written = channel.write(answer);
                if (!answer.hasRemaining()) {
                    close();
                }
                return written;
            }
            return asked ? 0 : read(nowNanos);
        } catch (IOException e) {
            close();
            return 1;
        }
    }

    /** A query that is under way goes on; its answer is thrown away. */
    void close() {
        finished = true;
        try {
            channel.close();
        } catch (IOException e) {
            // It is given up either way.
        }
    }

    private int read(long nowNanos) throws IOException {
        int count = channel.read(request);
        if (count < 0) {
            close();
            return 0;
        }
        String text = new String(request.array(), 0, request.position(), StandardCharsets.US_ASCII);
        if (text.endsWith("\n") || !request.hasRemaining()) {
            asked = true;
            String line = text.strip();
            json = line.equals("conns json");
            if (json || line.equals("conns text")) {
                waiting = true;
            } else if (line.equals("stat") || line.equals("stat xstats")) {
                long pid = ProcessHandle.current().pid();
                Map<String, Map<String, Long>> device =
                        line.equals("stat") ? Map.of() : source.deviceCounts();
                answer = bytes(StatSample.lines(source, pid, nowNanos, device));
            } else if (line.startsWith("port add ")) {
                source.add(line.substring("port add ".length()), this::changed);
            } else if (line.startsWith("port remove ")) {
                source.remove(line.substring("port remove ".length()), this::changed);
            } else {
                answer = bytes("error: unknown request\n");
            }
        }
        return count;
    }

    /** The query's result. A client that has gone meanwhile does not mind. */
    void answer(List<ConnectionInfo> connections) {
        if (finished) {
            return;
        }
        Snapshot snapshot =
                new Snapshot(
                        ProcessHandle.current().pid(),
                        source.arena(),
                        connections,
                        source.held(),
                        source.counters());
        answer = bytes(json ? snapshot.toJson() : snapshot.toText());
    }

    /** What came of a port's removal or addition. */
    private void changed(String problem) {
        answer = bytes(problem.isEmpty() ? "done\n" : "not done: " + problem + "\n");
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
