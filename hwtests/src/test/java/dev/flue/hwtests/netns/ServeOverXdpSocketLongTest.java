// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import dev.flue.testkit.RequiresRoot;
import org.junit.jupiter.api.Tag;

/** Over a veth and an XDP socket: DPDK's net_af_xdp. */
@RequiresRoot
@Tag("linux-long")
class ServeOverXdpSocketLongTest extends ServeOverDevice {
    ServeOverXdpSocketLongTest() {
        super(ServeDevice.XDP_SOCKET);
    }
}
