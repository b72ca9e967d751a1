// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import dev.flue.testkit.RequiresRoot;
import org.junit.jupiter.api.Tag;

/** Over DPDK's net_tap, with the twins of all its offloads at work. */
@RequiresRoot
@Tag("linux-long")
class ServeWithoutOffloadsLongTest extends ServeOverDevice {
    ServeWithoutOffloadsLongTest() {
        super(ServeDevice.TAP_WITHOUT_OFFLOADS);
    }
}
