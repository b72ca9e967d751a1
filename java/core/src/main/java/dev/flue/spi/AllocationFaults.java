// SPDX-License-Identifier: Apache-2.0
package dev.flue.spi;

/**
 * What a {@link Memory} also is when it decides which allocations fail: every pool asks it before
 * it hands something out, so that shortage can be tried at each place where it can happen.
 */
@FunctionalInterface
public interface AllocationFaults {
    /** Asked once for each allocation; true = it finds nothing. */
    boolean fails();

    /** The faults of a memory; none when it has no such wish. */
    static AllocationFaults of(Memory memory) {
        return memory instanceof AllocationFaults faults ? faults : NoFaults.INSTANCE;
    }

    /** Nothing fails that does not have to. */
    enum NoFaults implements AllocationFaults {
        INSTANCE;

        @Override
        public boolean fails() {
            return false;
        }
    }
}
