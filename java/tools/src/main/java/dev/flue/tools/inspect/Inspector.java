// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The asking side: finds running processes and looks into one. Blocks, for a bounded time. */
public final class Inspector {
    private final SocketDirectory directory;
    private final long timeoutNanos;

    public Inspector() {
        this(SocketDirectory.ofThisUser(), TimeUnit.SECONDS.toNanos(10));
    }

    Inspector(SocketDirectory directory, long timeoutNanos) {
        this.directory = directory;
        this.timeoutNanos = timeoutNanos;
    }

    /** Processes that listen, with their sockets. Sockets nobody listens to are removed. */
    public Map<Long, Path> processes() {
        Map<Long, Path> running = new TreeMap<>();
        directory
                .sockets()
                .forEach(
                        (pid, socket) -> {
                            if (listens(socket)) {
                                running.put(pid, socket);
                            }
                        });
        return running;
    }

    /**
     * Figures of a process.
     *
     * @throws IOException when it does not answer; the message is for people
     */
    public StatSample stat(Path socket) throws IOException {
        return stat(socket, false);
    }

    /** The same; {@code xstats}: with what devices count themselves. */
    public StatSample stat(Path socket, boolean xstats) throws IOException {
        try {
            return StatSample.parse(ask(socket, xstats ? "stat xstats" : "stat"));
        } catch (IllegalArgumentException e) {
            throw new IOException("it answers with " + e.getMessage(), e);
        }
    }

    /**
     * What a process answers to a request of the {@link InspectServer}'s protocol.
     *
     * @throws IOException when it does not answer; the message is for people
     */
    public String ask(Path socket, String request) throws IOException {
        long deadline = System.nanoTime() + timeoutNanos;
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                Selector selector = Selector.open()) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.configureBlocking(false);
            String line = request + "\n";
            channel.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)));
            channel.register(selector, SelectionKey.OP_READ);
            return checked(request, readAll(channel, selector, deadline));
        }
    }

    private static String readAll(SocketChannel channel, Selector selector, long deadline)
            throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
        while (true) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                throw new IOException("it does not answer");
            }
            selector.select(left);
            selector.selectedKeys().clear();
            int count = channel.read(buffer.clear());
            if (count < 0) {
                return answer.toString(StandardCharsets.UTF_8);
            }
            answer.write(buffer.array(), 0, count);
        }
    }

    private static String checked(String request, String answer) throws IOException {
        if (answer.startsWith("error: ")) {
            throw new IOException(
                    "it does not know '" + request + "', it runs another version of flue");
        }
        if (answer.isEmpty()) {
            throw new IOException("it ended before it answered");
        }
        return answer;
    }

    private static boolean listens(Path socket) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return true;
        } catch (ConnectException e) {
            removeStale(socket);
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    private static void removeStale(Path socket) {
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            // Somebody else's turn.
        }
    }
}
