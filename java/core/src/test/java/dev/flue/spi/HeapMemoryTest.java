// SPDX-License-Identifier: Apache-2.0
package dev.flue.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeapMemoryTest {
    private final HeapMemory memory = new HeapMemory();

    @Test
    void aRegionIsZeroedDirectAndLittleEndianAndFoundByItsId() {
        Region region = memory.allocate(4096);
        ByteBuffer buffer = memory.buffer(region.id());
        assertThat(buffer).isSameAs(region.buffer());
        assertThat(buffer.isDirect()).isTrue();
        assertThat(buffer.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        assertThat(buffer.capacity()).isEqualTo(4096);
        for (int i = 0; i < 4096; i++) {
            assertThat(buffer.get(i)).isZero();
        }
        assertThat(memory.kind()).isEqualTo("java");
    }

    @Test
    void anIdThatNamesNoOpenRegionIsRefused() {
        Region region = memory.allocate(8);
        int id = region.id();
        region.close();
        region.close();
        for (int bad : new int[] {id, 0, -1, 1024, 65_535, Integer.MIN_VALUE}) {
            assertThatThrownBy(() -> memory.buffer(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("region");
        }
    }

    @Test
    void closingTwiceDoesNotCloseTheNextRegionOfThatId() {
        Region first = memory.allocate(8);
        int id = first.id();
        first.close();
        Region second = memory.allocate(8);
        assertThat(second.id()).isEqualTo(id);
        first.close();
        assertThat(memory.buffer(id)).isSameAs(second.buffer());
    }

    @Test
    void theMemoryStaysReadableForWhoStillHoldsTheBuffer() {
        Region region = memory.allocate(8);
        ByteBuffer buffer = region.buffer();
        region.close();
        assertThat(buffer.getLong(0)).isZero();
    }

    @Test
    void idsRunFromOneToAThousandAndTwentyThreeAndThenRunOut() {
        List<Region> all = new ArrayList<>();
        for (int i = 1; i <= 1023; i++) {
            all.add(memory.allocate(8));
            assertThat(all.get(i - 1).id()).isEqualTo(i);
        }
        assertThatThrownBy(() -> memory.allocate(8))
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessageContaining("in use");
        all.get(500).close();
        assertThat(memory.allocate(8).id()).isEqualTo(501);
    }

    @Test
    void sizesOutOfRangeAreRefused() {
        for (long bytes : new long[] {0, -1, 1L << 31, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> memory.allocate(bytes))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
