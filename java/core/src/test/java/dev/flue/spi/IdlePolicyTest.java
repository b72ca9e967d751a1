// SPDX-License-Identifier: Apache-2.0
package dev.flue.spi;

import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class IdlePolicyTest {
    @Test
    @Timeout(60)
    void idlingAlwaysComesBackHoweverLongNothingHappens() {
        IdlePolicy policy = new IdlePolicy(20_000);
        for (int i = 0; i < 500; i++) {
            policy.idle(0);
        }
    }

    @Test
    @Timeout(60)
    void aThreadThatFindsWorkNowAndThenIsNotParked() {
        IdlePolicy policy = new IdlePolicy(20_000);
        LockSupport.unpark(Thread.currentThread());
        for (int i = 0; i < 10_000; i++) {
            policy.idle(i % 128 == 0 ? 1 : 0);
        }
        // Had it parked, the permit would be gone and this would wait for ever.
        LockSupport.park();
    }
}
