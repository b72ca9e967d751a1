// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.link.MemoryLink;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** Two host stacks on a memory link, and a clock that only this class moves. */
public final class Lab implements AutoCloseable {
    public static final IpAddress CLIENT = Ip.V4.first;
    public static final IpAddress SERVER = Ip.V4.second;
    public static final int PORT = 80;
    private static final int MAX_TURNS_AT_ONCE = 100_000;

    public final HeapMemory memory = new HeapMemory();
    public final Ip ip;
    public final MemoryLink link;
    public final UserHostStack client;
    public final UserHostStack server;
    public long now = 1_000_000_000L;
    private int turnsAtOnce;

    public Lab() {
        this(1);
    }

    public Lab(Ip version) {
        this(version, 1);
    }

    public Lab(Ip version, long seed) {
        this(version, seed, config -> config);
    }

    public Lab(long seed) {
        this(seed, config -> config);
    }

    public Lab(long seed, UnaryOperator<HostStackConfig.Builder> tune) {
        this(Ip.V4, seed, tune);
    }

    public Lab(Ip version, long seed, UnaryOperator<HostStackConfig.Builder> tune) {
        ip = version;
        link = new MemoryLink(memory, seed);
        client = stack(version.first, 0, seed * 2, tune);
        server = stack(version.second, 1, seed * 2 + 1, tune);
    }

    private UserHostStack stack(
            IpAddress address, int end, long seed, UnaryOperator<HostStackConfig.Builder> tune) {
        HostStackConfig.Builder config =
                HostStackConfig.builder()
                        .address(address)
                        .detectDuplicates(false)
                        .seed(seed)
                        .maxConnections(64);
        return new UserHostStack(
                tune.apply(config).build(), memory, new MiniportAdapter(memory, link.end(end)));
    }

    /** Frames sent, but for those that join the groups of IPv6 at the start. */
    public long framesSent() {
        return ip == Ip.V6 ? Math.max(0, link.sent() - 2) : link.sent();
    }

    /** A turn of both; the clock moves on when neither had anything to do. */
    public boolean turn() {
        int work = client.doWork(now) + server.doWork(now);
        if (work > 0) {
            assertThat(++turnsAtOnce)
                    .as("turns without time passing")
                    .isLessThan(MAX_TURNS_AT_ONCE);
            return true;
        }
        long next = Math.min(client.nextDeadline(), server.nextDeadline());
        if (next == Long.MAX_VALUE) {
            return false;
        }
        if (next > now) {
            turnsAtOnce = 0;
        } else {
            assertThat(++turnsAtOnce).as("turns without work").isLessThan(MAX_TURNS_AT_ONCE);
        }
        now = Math.max(now, next);
        return true;
    }

    /** Run until the condition holds, or {@code nanos} have passed. */
    public void until(BooleanSupplier condition, long nanos) {
        long end = now + nanos;
        while (!condition.getAsBoolean() && now < end) {
            if (!turn()) {
                break;
            }
        }
        assertThat(condition.getAsBoolean())
                .as("condition within %d ms", nanos / 1_000_000)
                .isTrue();
    }

    public void until(BooleanSupplier condition) {
        until(condition, seconds(60));
    }

    /** Run for some time. */
    public void pass(long nanos) {
        long end = now + nanos;
        while (now < end) {
            long before = now;
            if (!turn()) {
                break;
            }
            if (now > end) {
                now = Math.max(end, before);
                break;
            }
        }
        now = Math.max(now, end);
        turnsAtOnce = 0;
    }

    /** Run until nobody has anything to do at this moment. */
    public void settle() {
        while (client.doWork(now) + server.doWork(now) > 0) {
            assertThat(++turnsAtOnce)
                    .as("turns without time passing")
                    .isLessThan(MAX_TURNS_AT_ONCE);
        }
        turnsAtOnce = 0;
    }

    /** Connect the client to a server that is listening. */
    public OffloadConnection connect(Recorder handler) {
        return client.connect(ip.second, PORT, handler);
    }

    public static long seconds(long seconds) {
        return seconds * 1_000_000_000L;
    }

    public static long millis(long millis) {
        return millis * 1_000_000L;
    }

    @Override
    public void close() {
        client.close();
        while (server.doWork(now) > 0) {
            assertThat(++turnsAtOnce)
                    .as("turns without time passing")
                    .isLessThan(MAX_TURNS_AT_ONCE);
        }
        server.close();
        link.close();
        assertThat(link.held()).as("frames of the link").isZero();
        assertThat(client.held()).as("held by the client").allSatisfy(Lab::none);
        assertThat(server.held()).as("held by the server").allSatisfy(Lab::none);
    }

    private static void none(String what, int held) {
        assertThat(held).as(what).isZero();
    }
}
