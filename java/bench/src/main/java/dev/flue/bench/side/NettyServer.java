// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Netty's epoll transport, one event loop; what an echo answers is flushed once a read. */
@SuppressWarnings("FutureReturnValueIgnored") // Failures reach exceptionCaught, or end the process.
final class NettyServer implements ServerEnd {
    private static final int BACKLOG = 4096;
    private static final long STOP_NANOS = 1_000_000;

    /** One connection, on the loop's thread. */
    private final class Peer extends ChannelInboundHandlerAdapter {
        private final boolean echo = workload.kind() == Workload.Kind.ECHO;
        private final Words words = tally.connection();

        @Override
        public void channelActive(ChannelHandlerContext context) {
            channels.add(context.channel());
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf buffer = (ByteBuf) message;
            words.read(buffer.nioBuffer());
            if (echo) {
                context.write(buffer, context.voidPromise());
            } else {
                buffer.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (echo) {
                context.flush();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // The client's reset, which is how it ends an echo.
            context.close();
        }
    }

    private final NettyLoop loop;
    private final Tally tally = new Tally();
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private Workload workload;
    private Channel listener;

    NettyServer(int cpu) throws IOException {
        loop = new NettyLoop(cpu);
    }

    @Override
    public int listen(Workload next) throws IOException {
        loop.call(
                () -> {
                    workload = next;
                    tally.begin();
                    return null;
                });
        listener =
                new ServerBootstrap()
                        .group(loop.group())
                        .channel(EpollServerSocketChannel.class)
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        channel.pipeline().addLast(new Peer());
                                    }
                                })
                        .bind(0)
                        .syncUninterruptibly()
                        .channel();
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    @Override
    public void run(BooleanSupplier stopped) {
        while (!stopped.getAsBoolean()) {
            LockSupport.parkNanos(STOP_NANOS);
        }
        listener.close().syncUninterruptibly();
        channels.close().syncUninterruptibly();
    }

    @Override
    public Outcome outcome() {
        try {
            return loop.call(() -> tally.outcome(workload));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        loop.close();
    }
}
