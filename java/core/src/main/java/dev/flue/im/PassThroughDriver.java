// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;

/** The driver that changes nothing: proof, and example, that everything passes. */
public final class PassThroughDriver extends IntermediateDriver {

    /**
     * @param lower the miniport below; this driver binds to it
     * @param maxObjects neighbors, paths and connections offloaded through this driver at a time
     */
    public PassThroughDriver(Memory memory, MiniportAdapter lower, int maxObjects) {
        super(memory, lower, maxObjects);
    }

    @Override
    public String name() {
        return "pass-through";
    }
}
