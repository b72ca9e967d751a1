// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The client beside {@link NettyServer}. Small messages are written one call each and flushed in
 * batches, as people do who want many of them.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Failures reach exceptionCaught, or end the process.
final class NettyClient implements ClientEnd {
    /** Connections that are being opened at a time. */
    private static final int WAVE = 256;

    /** Of small messages, between two flushes: more make it no faster here, fewer slower. */
    static final int BATCH_BYTES = 32 << 10;

    private final NettyLoop loop;

    NettyClient(int cpu) throws IOException {
        loop = new NettyLoop(cpu);
    }

    @Override
    public Outcome run(Workload workload, String host, int port, long nanos) throws IOException {
        CompletableFuture<Outcome> done = new CompletableFuture<>();
        boolean stream = workload.kind() == Workload.Kind.STREAM;
        Echo echo = new Echo(workload, nanos);
        List<Channel> channels = new ArrayList<>();
        try {
            List<ChannelFuture> wave = new ArrayList<>();
            for (int i = 0; i < workload.connections(); i++) {
                ChannelInboundHandlerAdapter handler =
                        stream
                                ? new Streaming(workload.bytes(), nanos, done)
                                : new Asking(echo, i, workload.bytes(), done);
                wave.add(connect(handler, host, port));
                if (wave.size() == WAVE || i == workload.connections() - 1) {
                    wave.forEach(each -> channels.add(each.syncUninterruptibly().channel()));
                    wave.clear();
                }
            }
            loop.group().execute(() -> begin(channels, echo));
            return NettyLoop.await(done);
        } finally {
            for (Channel channel : channels) {
                if (!stream) {
                    // A reset: ports of closed connections would be missing in the next round.
                    channel.config().setOption(ChannelOption.SO_LINGER, 0);
                }
                channel.close().syncUninterruptibly();
            }
        }
    }

    private ChannelFuture connect(ChannelInboundHandlerAdapter handler, String host, int port) {
        return new Bootstrap()
                .group(loop.group())
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(
                        new ChannelInitializer<Channel>() {
                            @Override
                            protected void initChannel(Channel channel) {
                                channel.pipeline().addLast(handler);
                            }
                        })
                .connect(host, port);
    }

    private static void begin(List<Channel> channels, Echo echo) {
        echo.begin();
        channels.forEach(each -> each.pipeline().fireUserEventTriggered(echo));
    }

    /** One connection of an echo, on the loop's thread. */
    private static final class Asking extends ChannelInboundHandlerAdapter {
        private final Echo echo;
        private final int connection;
        private final int bytes;
        private final CompletableFuture<Outcome> done;

        Asking(Echo echo, int connection, int bytes, CompletableFuture<Outcome> done) {
            this.echo = echo;
            this.connection = connection;
            this.bytes = bytes;
            this.done = done;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object begin) {
            request(context);
        }

        private void request(ChannelHandlerContext context) {
            ByteBuf buffer = context.alloc().directBuffer(bytes);
            echo.request(connection, buffer.internalNioBuffer(0, bytes));
            context.writeAndFlush(buffer.writerIndex(bytes), context.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf buffer = (ByteBuf) message;
            boolean complete = echo.answer(connection, buffer.nioBuffer());
            buffer.release();
            if (complete && echo.goesOn()) {
                request(context);
            } else if (echo.outstanding() == 0) {
                try {
                    done.complete(echo.outcome());
                } catch (IllegalStateException e) {
                    done.completeExceptionally(e);
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            done.completeExceptionally(new IOException("the server closed the connection"));
        }
    }

    /** A stream, on the loop's thread. */
    private static final class Streaming extends ChannelInboundHandlerAdapter {
        private final Words words = new Words();
        private final int bytes;
        private final int batch;
        private final long nanos;
        private final CompletableFuture<Outcome> done;
        private long start;
        private boolean ending;

        Streaming(int bytes, long nanos, CompletableFuture<Outcome> done) {
            this.bytes = bytes;
            this.batch = Math.max(1, BATCH_BYTES / bytes);
            this.nanos = nanos;
            this.done = done;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            // Netty has events of its own, such as the end of the output.
            if (event instanceof Echo) {
                start = System.nanoTime();
                write(context);
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            if (start != 0) {
                write(context);
            }
        }

        private void write(ChannelHandlerContext context) {
            while (!ending && context.channel().isWritable()) {
                for (int i = 0; i < batch; i++) {
                    ByteBuf buffer = context.alloc().directBuffer(bytes);
                    words.write(buffer.internalNioBuffer(0, bytes), bytes);
                    context.write(buffer.writerIndex(bytes), context.voidPromise());
                }
                context.flush();
                ending |= System.nanoTime() - start >= nanos;
                if (ending) {
                    DuplexChannel channel = (DuplexChannel) context.channel();
                    context.writeAndFlush(Unpooled.EMPTY_BUFFER)
                            .addListener(written -> channel.shutdownOutput());
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            long took = System.nanoTime() - start;
            done.complete(
                    new Outcome(words.bytes() / bytes, took, words.bytes(), words.sum(), 0, 0));
        }
    }

    @Override
    public void close() {
        loop.close();
    }
}
