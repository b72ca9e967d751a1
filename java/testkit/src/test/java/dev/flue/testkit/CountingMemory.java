// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import dev.flue.spi.Region;
import java.nio.ByteBuffer;

/** Memory that knows how many of its regions are out. */
final class CountingMemory implements Memory {
    private final HeapMemory memory = new HeapMemory();
    int out;

    @Override
    public Region allocate(long bytes) {
        Region region = memory.allocate(bytes);
        out++;
        return new Region() {
            @Override
            public int id() {
                return region.id();
            }

            @Override
            public ByteBuffer buffer() {
                return region.buffer();
            }

            @Override
            public void close() {
                out--;
                region.close();
            }
        };
    }

    @Override
    public ByteBuffer buffer(int regionId) {
        return memory.buffer(regionId);
    }

    @Override
    public String kind() {
        return memory.kind();
    }
}
