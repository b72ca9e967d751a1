// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** One event loop of Netty's epoll transport, its thread on a CPU of its own. */
@SuppressWarnings("FutureReturnValueIgnored") // Failures reach exceptionCaught, or end the process.
final class NettyLoop implements AutoCloseable {
    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    NettyLoop(int cpu) throws IOException {
        call(() -> Cpu.pin(cpu));
    }

    EventLoopGroup group() {
        return group;
    }

    /** Have something done on the loop's thread. */
    <T> T call(Callable<T> work) throws IOException {
        return await(group.submit(work));
    }

    static <T> T await(Future<T> future) throws IOException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    @Override
    public void close() {
        group.shutdownGracefully();
    }
}
