// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.function.BooleanSupplier;

/**
 * java.nio, one thread. One connection: reads that block, or that are tried again and again. More
 * of them: a selector that blocks, or that is asked again and again.
 */
final class NioServer implements ServerEnd {
    static final int BUFFER = 256 << 10;
    private static final int BACKLOG = 4096;
    private static final int STOP_MILLIS = 20;

    private final boolean spinning;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    private final Tally tally = new Tally();
    private ServerSocketChannel listener;
    private Workload workload;

    NioServer(boolean spinning) {
        this.spinning = spinning;
    }

    @Override
    public int listen(Workload next) throws IOException {
        workload = next;
        tally.begin();
        listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(0), BACKLOG);
        return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    @Override
    public void run(BooleanSupplier stopped) throws IOException {
        try {
            if (workload.connections() == 1) {
                serveOne();
            } else {
                serveMany(stopped);
            }
        } finally {
            listener.close();
        }
    }

    private void serveOne() throws IOException {
        listener.configureBlocking(!spinning);
        SocketChannel channel;
        do {
            channel = listener.accept();
        } while (channel == null);
        Words words = accepted(channel, !spinning);
        while (serve(channel, words)) {
            // As long as something comes.
        }
    }

    private Words accepted(SocketChannel channel, boolean blocking) throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(blocking);
        return tally.connection();
    }

    private void serveMany(BooleanSupplier stopped) throws IOException {
        try (Selector selector = Selector.open()) {
            listener.configureBlocking(false);
            listener.register(selector, SelectionKey.OP_ACCEPT);
            while (!stopped.getAsBoolean()) {
                if (spinning) {
                    selector.selectNow(key -> ready(key, selector));
                } else {
                    selector.select(key -> ready(key, selector), STOP_MILLIS);
                }
            }
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
        }
    }

    private void ready(SelectionKey key, Selector selector) {
        try {
            if (key.isAcceptable()) {
                SocketChannel channel = listener.accept();
                while (channel != null) {
                    Words words = accepted(channel, false);
                    channel.register(selector, SelectionKey.OP_READ, words);
                    channel = listener.accept();
                }
            } else {
                serve((SocketChannel) key.channel(), (Words) key.attachment());
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /**
     * @return whether the connection goes on
     */
    private boolean serve(SocketChannel channel, Words words) throws IOException {
        buffer.clear();
        int read;
        try {
            read = channel.read(buffer);
        } catch (IOException e) {
            read = -1; // The client's reset, which is how it ends an echo.
        }
        if (read < 0) {
            channel.close();
            return false;
        }
        if (read > 0) {
            words.read(buffer.flip());
            if (workload.kind() == Workload.Kind.ECHO) {
                buffer.rewind();
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            }
        }
        return true;
    }

    @Override
    public Outcome outcome() {
        return tally.outcome(workload);
    }

    @Override
    public void close() throws IOException {
        if (listener != null) {
            listener.close();
        }
    }
}
