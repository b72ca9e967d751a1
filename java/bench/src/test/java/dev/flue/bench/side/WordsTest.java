// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WordsTest {
    private static final int[] LENGTHS = {8, 16, 64, 504, 512, 520, 1448, 16_384, 16_392};

    @Test
    void whatIsWrittenAddsUpToItsSum() {
        Words written = new Words();
        long sum = 0;
        for (int length : LENGTHS) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(length + 3).position(3);
            written.write(buffer, length);
            assertThat(buffer.hasRemaining()).isFalse();
            buffer.order(ByteOrder.nativeOrder()).flip().position(3);
            while (buffer.hasRemaining()) {
                sum += buffer.getLong();
            }
        }
        assertThat(written.sum()).isEqualTo(sum);
    }

    @Test
    void whatComesCutAnywhereAddsUpToTheSame() {
        Random random = new Random(7);
        Words written = new Words();
        Words read = new Words();
        for (int length : LENGTHS) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(length);
            written.write(buffer, length);
            readInPieces(read, buffer.flip(), random);
        }
        assertThat(read.bytes()).isEqualTo(written.bytes());
        assertThat(read.sum()).isEqualTo(written.sum());
    }

    @Test
    void aChangedByteShows() {
        for (int at = 0; at < 1448; at++) {
            Words written = new Words();
            Words read = new Words();
            ByteBuffer buffer = ByteBuffer.allocateDirect(1448);
            written.write(buffer, 1448);
            buffer.put(at, (byte) (buffer.get(at) + 1)).flip();
            read.read(buffer);
            assertThat(read.sum()).isNotEqualTo(written.sum());
        }
    }

    private static void readInPieces(Words words, ByteBuffer all, Random random) {
        int end = all.limit();
        while (all.position() < end) {
            all.limit(Math.min(end, all.position() + 1 + random.nextInt(1 << random.nextInt(15))));
            words.read(all);
        }
    }
}
