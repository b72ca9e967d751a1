// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** The client beside {@link NioServer}. */
final class NioClient implements ClientEnd {
    private final boolean spinning;
    private final ByteBuffer out = ByteBuffer.allocateDirect(1 << 20);
    private final ByteBuffer in = ByteBuffer.allocateDirect(NioServer.BUFFER);

    NioClient(boolean spinning) {
        this.spinning = spinning;
    }

    @Override
    public Outcome run(Workload workload, String host, int port, long nanos) throws IOException {
        List<SocketChannel> channels = new ArrayList<>();
        boolean blocking = !spinning && workload.connections() == 1;
        try {
            for (int i = 0; i < workload.connections(); i++) {
                SocketChannel channel = SocketChannel.open(new InetSocketAddress(host, port));
                channels.add(channel);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.configureBlocking(blocking);
            }
            if (workload.kind() == Workload.Kind.STREAM) {
                return stream(channels.get(0), workload.bytes(), nanos);
            }
            Echo echo = new Echo(workload, nanos);
            if (channels.size() == 1) {
                one(channels.get(0), echo);
            } else {
                many(channels, echo);
            }
            for (SocketChannel channel : channels) {
                // A reset: ports of closed connections would be missing in the next round.
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
            return echo.outcome();
        } finally {
            for (SocketChannel channel : channels) {
                channel.close();
            }
        }
    }

    private Outcome stream(SocketChannel channel, int bytes, long nanos) throws IOException {
        Words words = new Words();
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) {
            words.write(out.clear(), bytes);
            send(channel);
        }
        channel.shutdownOutput();
        while (channel.read(in.clear()) >= 0) {
            // Until the server has everything.
        }
        long took = System.nanoTime() - start;
        return new Outcome(words.bytes() / bytes, took, words.bytes(), words.sum(), 0, 0);
    }

    private void send(SocketChannel channel) throws IOException {
        out.flip();
        while (out.hasRemaining()) {
            channel.write(out);
        }
    }

    private void request(SocketChannel channel, Echo echo, int connection) throws IOException {
        echo.request(connection, out.clear());
        send(channel);
    }

    /**
     * @return whether the answer is complete now
     */
    private boolean answered(SocketChannel channel, Echo echo, int connection) throws IOException {
        int read = channel.read(in.clear());
        if (read < 0) {
            throw new IOException("the server closed the connection");
        }
        return read > 0 && echo.answer(connection, in.flip());
    }

    private void one(SocketChannel channel, Echo echo) throws IOException {
        echo.begin();
        while (echo.goesOn()) {
            request(channel, echo, 0);
            while (!answered(channel, echo, 0)) {
                // Spinning, or a part of it.
            }
        }
    }

    private void many(List<SocketChannel> channels, Echo echo) throws IOException {
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < channels.size(); i++) {
                channels.get(i).register(selector, SelectionKey.OP_READ, i);
            }
            echo.begin();
            for (int i = 0; i < channels.size(); i++) {
                request(channels.get(i), echo, i);
            }
            while (echo.outstanding() > 0) {
                if (spinning) {
                    selector.selectNow(key -> ready(key, echo));
                } else {
                    selector.select(key -> ready(key, echo));
                }
            }
        }
    }

    private void ready(SelectionKey key, Echo echo) {
        SocketChannel channel = (SocketChannel) key.channel();
        int connection = (Integer) key.attachment();
        try {
            if (answered(channel, echo, connection) && echo.goesOn()) {
                request(channel, echo, connection);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        // Nothing is left open.
    }
}
