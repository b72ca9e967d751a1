// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import dev.flue.tools.run.Turn;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * Answers {@code flue conns} and {@code flue stat} from inside a duty cycle: nothing here blocks,
 * one query at a time is under way, and a client that does not read is dropped.
 *
 * <p>The protocol: the client sends one line, "conns json", "conns text" or "stat"; the answer is
 * the text, of "stat" that of a {@link StatSample}, and then the end of the stream. "port add NAME"
 * and "port remove NAME" are answered with "done", or with "not done: " and why, when that is so.
 * An answer to anything else begins with "error: ".
 */
public final class InspectServer implements Turn, AutoCloseable {
    private static final long POLL_NANOS = 5_000_000;
    private static final int MAX_CLIENTS = 16;

    private final Inspectable source;
    // Both null when it is deaf.
    private final Path path;
    private final ServerSocketChannel listener;
    private final List<InspectClient> clients = new ArrayList<>();
    private long nextPoll = Long.MIN_VALUE;
    private boolean queryUnderWay;

    private InspectServer(Inspectable source, Path path, ServerSocketChannel listener) {
        this.source = source;
        this.path = path;
        this.listener = listener;
    }

    /**
     * Listens for this process in this user's directory.
     *
     * @throws IOException when that cannot be; the message is for people
     */
    public static InspectServer open(Inspectable source) throws IOException {
        return open(source, SocketDirectory.ofThisUser(), ProcessHandle.current().pid());
    }

    /** Likewise; when it cannot be, warns and is deaf: being looked into is a convenience. */
    public static InspectServer openOrWarn(Inspectable source, PrintWriter err) {
        try {
            return open(source);
        } catch (IOException e) {
            err.println(
                    "flue: warning: 'flue conns' and 'flue stat' will not see this process: "
                            + e.getMessage());
            err.flush();
            return new InspectServer(source, null, null);
        }
    }

    static InspectServer open(Inspectable source, SocketDirectory directory, long pid)
            throws IOException {
        Path path = directory.socketFor(pid);
        // Who looks for processes removes sockets that refuse, as this one does between bind and
        // listen: it gets its name when it listens.
        Path unnamed = SocketDirectory.beforeItListens(path);
        Files.deleteIfExists(unnamed); // Of an earlier process with our number.
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(unnamed));
            Files.setPosixFilePermissions(unnamed, PosixFilePermissions.fromString("rw-------"));
            listener.configureBlocking(false);
            Files.move(unnamed, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            listener.close();
            Files.deleteIfExists(unnamed);
            throw e;
        }
        return new InspectServer(source, path, listener);
    }

    /** Most turns are free, for it looks at the sockets every few milliseconds only. */
    @Override
    public int doWork(long nowNanos) {
        if (listener == null || nextPoll != Long.MIN_VALUE && nowNanos < nextPoll) {
            return 0;
        }
        nextPoll = nowNanos + POLL_NANOS;
        accept(nowNanos);
        int work = 0;
        for (int i = clients.size() - 1; i >= 0; i--) {
            InspectClient client = clients.get(i);
            work += client.doWork(nowNanos);
            if (client.finished()) {
                clients.remove(i);
            }
        }
        for (int i = 0; i < clients.size() && !queryUnderWay; i++) {
            if (clients.get(i).wantsAnswer()) {
                query(clients.get(i));
            }
        }
        return work;
    }

    private void query(InspectClient client) {
        queryUnderWay = true;
        client.querying();
        source.query(
                connections -> {
                    queryUnderWay = false;
                    client.answer(connections);
                });
    }

    /** Ends all answers and removes the socket's file. */
    @Override
    public void close() {
        clients.forEach(InspectClient::close);
        clients.clear();
        if (listener == null) {
            return;
        }
        try {
            listener.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // A file that stays is recognised as stale by the next flue conns.
        }
    }

    private void accept(long nowNanos) {
        try {
            while (clients.size() < MAX_CLIENTS) {
                SocketChannel channel = listener.accept();
                if (channel == null) {
                    return;
                }
                channel.configureBlocking(false);
                clients.add(new InspectClient(channel, source, nowNanos));
            }
        } catch (IOException e) {
            // Out of descriptors, for example: the next turn tries again.
        }
    }
}
