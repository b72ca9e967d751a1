// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordPoolTest {
    private final HeapMemory memory = new HeapMemory();

    @Test
    void recordsAreDistinctAndDoNotOverlapAndRunOut() {
        try (RecordPool pool = new RecordPool(memory, 48, 100)) {
            Set<Integer> offsets = new HashSet<>();
            for (int i = 0; i < 100; i++) {
                long ref = pool.allocate();
                assertThat(pool.index(ref)).isEqualTo(i);
                assertThat(Refs.offset(ref) % 48).isZero();
                assertThat(offsets.add(Refs.offset(ref))).isTrue();
            }
            assertThat(pool.allocate()).isZero();
            assertThat(pool.held()).isEqualTo(100);
        }
    }

    @Test
    void anyOrderOfTakingAndGivingBackKeepsCountAndDistinctness() {
        SplittableRandom random = new SplittableRandom(2);
        try (RecordPool pool = new RecordPool(memory, 8, 16)) {
            List<Long> out = new ArrayList<>();
            for (int i = 0; i < 10_000; i++) {
                if (random.nextBoolean()) {
                    long ref = pool.allocate();
                    assertThat(ref == 0).isEqualTo(out.size() == 16);
                    assertThat(out).doesNotContain(ref);
                    if (ref != 0) {
                        out.add(ref);
                    }
                } else if (!out.isEmpty()) {
                    pool.free(out.remove(random.nextInt(out.size())));
                }
                assertThat(pool.held()).isEqualTo(out.size());
            }
        }
    }

    @Test
    void givingBackTwiceOrSomethingElseIsMisuse() {
        try (RecordPool pool = new RecordPool(memory, 16, 4);
                RecordPool other = new RecordPool(memory, 16, 4)) {
            long ref = pool.allocate();
            pool.free(ref);
            assertThatThrownBy(() -> pool.free(ref)).hasMessageContaining("twice");
            long foreign = other.allocate();
            for (long bad : new long[] {foreign, 0, ref + 8, ref + 64, -1}) {
                assertThatThrownBy(() -> pool.free(bad))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(pool.held()).isZero();
        }
    }

    @Test
    void ownershipIsByRegionAndRange() {
        try (RecordPool pool = new RecordPool(memory, 16, 4)) {
            long ref = pool.allocate();
            assertThat(pool.owns(ref)).isTrue();
            assertThat(pool.owns(ref + 4 * 16)).isFalse();
            assertThat(pool.owns(0)).isFalse();
            assertThat(pool.owns(Refs.make(Refs.region(ref) + 1, 0))).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "7, 1", "8, 0", "-8, 1", "8, -1"})
    void sizesThatMakeNoSenseAreRefused(int bytes, int count) {
        assertThatThrownBy(() -> new RecordPool(memory, bytes, count))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
