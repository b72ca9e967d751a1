// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.spi.HeapMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Byte order, tables and pools, alone. */
class LinkPartsTest {
    @Test
    void fieldsAreInNetworkByteOrder() {
        ByteBuffer b = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        Net.put16(b, 1, 0xfedc);
        Net.put32(b, 3, 0x89abcdef);
        Net.putMac(b, 7, 0x0203_0405_06ffL);
        assertThat(b.array())
                .startsWith(0, 0xfe, 0xdc, 0x89, 0xab, 0xcd, 0xef, 2, 3, 4, 5, 6, 0xff, 0);
        assertThat(Net.u16(b, 1)).isEqualTo(0xfedc);
        assertThat(Net.u32(b, 3)).isEqualTo(0x89abcdef);
        assertThat(Net.mac(b, 7)).isEqualTo(0x0203_0405_06ffL);
    }

    @Test
    void macAddressesAreWritten() {
        assertThat(Net.mac(0x0203_0405_06ffL)).isEqualTo("02:03:04:05:06:ff");
    }

    @Test
    void theTableDoesWhatAMapDoes() {
        LongTable<Integer> table = new LongTable<>();
        Map<Long, Integer> map = new HashMap<>();
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            long key = random.nextInt(300) * 0x1_0000_0000L;
            switch (random.nextInt(3)) {
                case 0 -> {
                    table.put(key, i);
                    map.put(key, i);
                }
                case 1 -> assertThat(table.remove(key)).isEqualTo(map.remove(key));
                default -> assertThat(table.get(key)).isEqualTo(map.get(key));
            }
            assertThat(table.size()).isEqualTo(map.size());
        }
        int[] count = {0};
        table.forEach(value -> count[0]++);
        assertThat(count[0]).isEqualTo(map.size());
    }

    @Test
    void aPoolGrowsToItsLimitAndTakesEverythingBack() {
        HeapMemory memory = new HeapMemory();
        BufferPool pool = new BufferPool(memory, 100, 2, 11);
        long[] refs = new long[11];
        for (int i = 0; i < refs.length; i++) {
            refs[i] = pool.allocate();
            assertThat(refs[i]).isNotZero();
            assertThat(pool.length(refs[i])).isZero();
        }
        assertThat(pool.allocate()).isZero();
        assertThat(pool.available()).isZero();
        pool.next(refs[0], refs[1]);
        pool.next(refs[1], 0);
        pool.freeChain(refs[0]);
        assertThat(pool.held()).isEqualTo(9);
        assertThatThrownBy(() -> pool.free(refs[0])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pool.free(8)).isInstanceOf(IllegalArgumentException.class);
        assertThat(pool.owns(refs[5])).isTrue();
        assertThat(pool.owns(1)).isFalse();
        pool.close();
    }
}
