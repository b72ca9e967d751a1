// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import dev.flue.testkit.RequiresRoot;
import org.junit.jupiter.api.Tag;

/** Over DPDK's net_af_packet, with the twins of all its offloads at work. */
@RequiresRoot
@Tag("linux-long")
class ServeOverPlainPacketSocketLongTest extends ServeOverDevice {
    ServeOverPlainPacketSocketLongTest() {
        super(ServeDevice.PACKET_SOCKET_WITHOUT_OFFLOADS);
    }
}
