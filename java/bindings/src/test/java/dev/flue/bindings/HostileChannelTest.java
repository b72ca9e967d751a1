// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.Refs;
import dev.flue.spi.Region;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever Java writes into shared memory, the engine neither crashes nor stops serving. */
@RequiresFlue
class HostileChannelTest {
    private static final long MAC = 0x0200c6120001L;
    private static final EngineConfig SMALL =
            EngineConfig.builder()
                    .maxConnections(16)
                    .submissionCapacity(64)
                    .upCapacity(256)
                    .build();

    private static FrameHost host(Wire wire, int index) {
        return new FrameHost(
                new NativeOffloadTarget(SMALL, wire.port(index, MAC + index), NativeMemory.heap()));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void garbageAsBlockListsAndBufferListsIsSurvived(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        NativeMemory memory = NativeMemory.heap();
        try (Wire wire = new Wire(WireConfig.builder().buffers(256).build());
                FrameHost a = host(wire, 0);
                FrameHost b = host(wire, 1);
                Region region = memory.allocate(65536)) {
            for (int turn = 0; turn < 5_000; turn++) {
                if (turn % 50 == 0) {
                    scribble(region, random);
                }
                submit(a.target, ref(region, random), random);
                turn(a, turn);
                turn(b, turn);
            }
            assertThat(a.target.counters().get("channel.bad_submissions")).isPositive();
            if (a.target.submissionsWaiting() == 0) {
                assertServes(a, b);
            }
        }
    }

    @Test
    void aScribbledChannelHeaderIsSurvived() {
        for (long seed = 1; seed <= 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            try (Wire wire = new Wire(WireConfig.builder().buffers(256).build())) {
                NativePort port = wire.port(0, MAC);
                NativeEngine engine = new NativeEngine(SMALL, port, NativeMemory.heap());
                ByteBuffer channel = engine.channel();
                for (int turn = 0; turn < 500; turn++) {
                    int at = random.nextInt(channel.capacity() / 8) * 8;
                    channel.putLong(turn % 3 == 0 ? at % 512 : at, random.nextLong());
                    engine.poll(turn, 32);
                }
                engine.destroy();
            }
        }
    }

    private static void scribble(Region region, SplittableRandom random) {
        ByteBuffer buffer = region.buffer();
        for (int at = 0; at < buffer.capacity(); at += 8) {
            buffer.putLong(at, random.nextInt(3) == 0 ? 0 : ref(region, random));
        }
        // Some that look like block lists, and lead somewhere.
        for (int at = 0; at + 512 <= buffer.capacity(); at += 512) {
            buffer.put(at, (byte) random.nextInt(18)).put(at + 1, (byte) 1);
            buffer.putShort(at + 2, (short) OffloadBlockList.BYTES);
        }
    }

    private static long ref(Region region, SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextLong();
            case 1 -> 0;
            case 2 -> Refs.make(random.nextInt(64), random.nextInt(1 << 20) & ~7);
            case 3 -> Refs.make(region.id(), random.nextInt(65536));
            case 4 -> Refs.make(region.id(), 65536 - random.nextInt(600));
            default -> Refs.make(region.id(), random.nextInt(128) * 512L);
        };
    }

    private static void submit(NativeOffloadTarget target, long ref, SplittableRandom random) {
        long token = random.nextBoolean() ? random.nextLong() : (3L << 56) | random.nextInt(64);
        switch (random.nextInt(13)) {
            case 0 -> target.initiateOffload(ref);
            case 1 -> target.queryOffload(ref);
            case 2 -> target.updateOffload(ref);
            case 3 -> target.invalidateOffload(ref);
            case 4 -> target.terminateOffload(ref);
            case 5 -> target.tcpOffloadSend(token, ref);
            case 6 -> target.tcpOffloadReceive(token, ref);
            case 7 -> target.tcpOffloadDisconnect(token, ref, random.nextInt(4));
            case 8 -> target.tcpOffloadForward(token, ref);
            case 9 -> target.tcpOffloadReceiveReturn(ref);
            case 10 -> target.sendNetBufferLists(ref);
            default -> target.returnNetBufferLists(ref);
        }
    }

    private static void turn(FrameHost host, long now) {
        try {
            host.target.doWork(now);
        } catch (RuntimeException e) {
            // A completion of garbage led nowhere: misuse, told as an exception.
            assertThat(e)
                    .isInstanceOfAny(
                            IllegalArgumentException.class,
                            IllegalStateException.class,
                            IndexOutOfBoundsException.class);
        }
    }

    private static void assertServes(FrameHost a, FrameHost b) {
        b.received.clear();
        a.send(MAC + 1, MAC, 100, 1);
        for (int turn = 0; turn < 1000 && b.received.isEmpty(); turn++) {
            turn(a, 10_000 + turn);
            turn(b, 10_000 + turn);
        }
        assertThat(b.received).isNotEmpty();
    }
}
