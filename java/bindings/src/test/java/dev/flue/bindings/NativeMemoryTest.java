// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.jni.global.flue;
import dev.flue.offload.Mdl;
import dev.flue.offload.RecordPool;
import dev.flue.offload.Refs;
import dev.flue.spi.Region;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

@RequiresFlue
class NativeMemoryTest {
    private final NativeMemory memory = NativeMemory.heap();

    @Test
    void aRegionIsAZeroedLittleEndianDirectBuffer() {
        try (Region region = memory.allocate(10_000)) {
            ByteBuffer buffer = region.buffer();
            assertThat(buffer.isDirect()).isTrue();
            assertThat(buffer.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
            assertThat(buffer.capacity()).isGreaterThanOrEqualTo(10_000);
            assertThat(buffer.getLong(9_992)).isZero();
            assertThat(memory.buffer(region.id())).isSameAs(buffer);
        }
    }

    @Test
    void aRegionThatCMadeIsFoundByItsId() {
        int id = flue.flue_region_create(flue.FLUE_REGION_HEAP, 4096);
        try {
            assertThat(memory.buffer(id).capacity()).isEqualTo(4096);
            assertThat(memory.buffer(id)).isSameAs(memory.buffer(id));
        } finally {
            flue.flue_region_close(id);
            NativeMemory.forgetClosed();
        }
        assertThatThrownBy(() -> memory.buffer(id)).hasMessage("no region " + id);
    }

    @Test
    void anIdThatNamesNoOpenRegionIsRefused() {
        for (int id : new int[] {-1, 0, 1023, 1024, 65535, Integer.MIN_VALUE}) {
            assertThatThrownBy(() -> memory.buffer(id))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("no region " + id);
        }
        Region region = memory.allocate(64);
        region.close();
        assertThatThrownBy(() -> memory.buffer(region.id()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aBufferOfAClosedRegionReadsZeroesAndTakesWritesToNowhere() {
        Region region = memory.allocate(4096);
        ByteBuffer buffer = region.buffer();
        buffer.putLong(8, 0x1122334455667788L);
        region.close();
        region.close();
        assertThat(buffer.getLong(8)).isZero();
        buffer.putLong(8, 7);
        assertThat(region.buffer().getLong(8)).isEqualTo(7);
        try (Region next = memory.allocate(4096)) {
            assertThat(next.id()).isNotEqualTo(region.id());
            assertThat(next.buffer().getLong(8)).isZero();
        }
    }

    @Test
    void aFlyweightLeftOnAClosedRegionDoesNoHarm() {
        RecordPool pool = new RecordPool(memory, Mdl.BYTES, 16);
        Mdl mdl = new Mdl(memory).wrap(pool.allocate());
        mdl.byteCount(1500);
        pool.close();
        assertThat(mdl.byteCount()).isZero();
        long ref = mdl.ref();
        assertThatThrownBy(() -> mdl.wrap(ref)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aForgedReferenceEndsInAnExceptionNotInACrash() {
        try (Region region = memory.allocate(4096)) {
            Mdl mdl = new Mdl(memory);
            for (long offset : new long[] {4096, 1 << 30, Integer.MAX_VALUE, -8}) {
                mdl.wrap(Refs.make(region.id(), 0));
                assertThatThrownBy(() -> mdl.wrap(Refs.make(region.id(), offset)).byteCount())
                        .isInstanceOfAny(
                                IndexOutOfBoundsException.class, IllegalArgumentException.class);
            }
        }
    }

    @Test
    void addressSpaceComesBackOnceNoBufferIsReachable() {
        int before = collect(Integer.MIN_VALUE, 3);
        List<ByteBuffer> held = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Region region = memory.allocate(1 << 20);
            held.add(region.buffer().duplicate());
            region.close();
        }
        collect(Integer.MIN_VALUE, 3);
        assertThat(Flue.regionCount()).isGreaterThanOrEqualTo(20);
        assertThat(held.get(19).getLong(0)).isZero();
        held.clear();
        assertThat(collect(before, 200)).isLessThanOrEqualTo(before);
    }

    @Test
    void memoryThatMayBeLentStaysMappedUntilItsBorrowersAreClosed() {
        int before = collect(Integer.MIN_VALUE, 3);
        try (Wire wire = new Wire(WireConfig.builder().build())) {
            NativePort port = wire.port(0, 0x0200c6120001L);
            int open = Flue.regionCount();
            for (int i = 0; i < 10; i++) {
                memory.allocate(4096).close();
            }
            collect(open, 20);
            assertThat(Flue.regionCount()).isGreaterThanOrEqualTo(open + 10);
            port.close();
        }
        assertThat(collect(before, 200)).isLessThanOrEqualTo(before);
    }

    @Test
    void allRegionIdsCanBeUsedAndComeBack() {
        int before = collect(Integer.MIN_VALUE, 3);
        List<Region> all = new ArrayList<>();
        try {
            assertThatThrownBy(
                            () -> {
                                for (int i = 0; i < 1024; i++) {
                                    all.add(memory.allocate(1));
                                }
                            })
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("all 1023 region ids are in use");
        } finally {
            all.forEach(Region::close);
            all.clear();
        }
        assertThat(collect(before, 200)).isLessThanOrEqualTo(before);
    }

    @Test
    void manyRegionsMadeAndClosedAtOnceDoNotUseUpTheIds() {
        for (int i = 0; i < 3000; i++) {
            memory.allocate(64).close();
        }
    }

    @Test
    void impossibleSizesAreMisuse() {
        for (long bytes : new long[] {0, -1, 1L << 31, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> memory.allocate(bytes))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void withoutHugepagesOneSentenceSaysWhatToDo() {
        assumeTrue(Flue.freeHugepages() == 0, "this machine has free hugepages");
        assertThatThrownBy(NativeMemory::hugepages)
                .isInstanceOf(FlueException.class)
                .hasMessageContaining("vm.nr_hugepages")
                .hasMessageContaining("heap memory");
    }

    @Test
    void hugepageRegionsAreMadeWhereThereAreHugepages() {
        assumeTrue(Flue.freeHugepages() > 0, "no free hugepages");
        try (Region region = NativeMemory.hugepages().allocate(1)) {
            assertThat(region.buffer().capacity()).isEqualTo(2 << 20);
            region.buffer().putLong(0, 1);
        }
    }

    /**
     * Collect garbage until at most {@code wanted} regions are left, at most {@code turns} times.
     */
    private static int collect(int wanted, int turns) {
        int count = Flue.regionCount();
        for (int i = 0; i < turns && count > wanted; i++) {
            System.gc();
            Thread.yield();
            count = Flue.regionCount();
        }
        return count;
    }
}
