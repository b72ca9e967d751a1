// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.spi.HeapMemory;
import org.junit.jupiter.api.Test;

class HandleTableTest {
    private final HeapMemory memory = new HeapMemory();
    private final HandleTable<String> table = new HandleTable<>(memory, 2);
    private final OffloadHandle handle = new OffloadHandle(memory);

    @Test
    void aHandleStandsForItsOwnerUntilItIsFreed() {
        long a = table.allocate("a");
        long b = table.allocate("b");
        assertThat(table.get(a)).isEqualTo("a");
        assertThat(table.get(b)).isEqualTo("b");
        assertThat(table.allocate("c")).as("all taken").isZero();
        table.free(a);
        assertThat(table.get(a)).isNull();
        assertThat(table.held()).isEqualTo(1);
    }

    @Test
    void aFreshHandleHasAnEmptySlotEvenAfterUse() {
        long a = table.allocate("a");
        handle.wrap(a).miniportOffloadContext(7).ndisReserved(8);
        assertThat(table.token(a)).isEqualTo(7);
        table.free(a);
        long again = table.allocate("b");
        assertThat(again).isEqualTo(a);
        assertThat(table.token(again)).isZero();
        assertThat(handle.wrap(again).ndisReserved()).isZero();
    }

    @Test
    void aReferenceOfSomethingElseStandsForNothing() {
        table.allocate("a");
        assertThat(table.get(0)).isNull();
        assertThat(table.get(Refs.make(900, 0))).isNull();
        assertThatThrownBy(() -> table.free(12345)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aReferenceIntoTheMiddleOfAHandleIsMisuse() {
        long a = table.allocate("a");
        assertThatThrownBy(() -> table.get(a + 8)).isInstanceOf(IllegalArgumentException.class);
    }
}
