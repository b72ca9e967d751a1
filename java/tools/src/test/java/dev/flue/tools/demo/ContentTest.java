// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ContentTest {
    private static byte[] read(Content content, long position, int count) {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        content.read(position, buffer);
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    @Test
    void theSameBytesComeFromAnyPosition() {
        Content content = Content.generated(1003, 42);
        byte[] whole = read(content, 0, 2000);
        assertThat(whole).hasSize(1003);
        Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            int position = random.nextInt(1003);
            int count = 1 + random.nextInt(100);
            assertThat(read(content, position, count))
                    .isEqualTo(
                            Arrays.copyOfRange(whole, position, Math.min(1003, position + count)));
        }
    }

    @Test
    void anotherSeedGivesOtherBytes() {
        assertThat(read(Content.generated(64, 1), 0, 64))
                .isNotEqualTo(read(Content.generated(64, 2), 0, 64));
    }
}
