// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.im.IntermediateDriver;
import dev.flue.im.PassThroughDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import java.util.List;

/** The drivers between target and protocol in a benchmark. */
public enum Between {
    NOTHING(0, false),
    ONE_PASS_THROUGH(1, false),
    THREE_PASS_THROUGH(3, false),
    VERIFIER(0, true);

    private static final int OBJECTS = 1024;

    private final int passThrough;
    private final boolean verifier;

    Between(int passThrough, boolean verifier) {
        this.passThrough = passThrough;
        this.verifier = verifier;
    }

    /** What to bind to; the drivers made are added to {@code drivers}, who closes them. */
    MiniportAdapter over(Memory memory, MiniportAdapter target, List<IntermediateDriver> drivers) {
        MiniportAdapter adapter = target;
        for (int i = 0; i < passThrough; i++) {
            PassThroughDriver driver = new PassThroughDriver(memory, adapter, OBJECTS);
            drivers.add(driver);
            adapter = new MiniportAdapter(memory, driver.upper());
        }
        if (verifier) {
            VerifierDriver driver = new VerifierDriver(memory, adapter, OBJECTS, "verifier");
            drivers.add(driver);
            adapter = new MiniportAdapter(memory, driver.upper());
        }
        return adapter;
    }
}
