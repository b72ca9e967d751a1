// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import dev.flue.testkit.RequiresRoot;
import org.junit.jupiter.api.Tag;

/** Over a veth and a packet socket: DPDK's net_af_packet. */
@RequiresRoot
@Tag("linux-long")
class ServeOverPacketSocketLongTest extends ServeOverDevice {
    ServeOverPacketSocketLongTest() {
        super(ServeDevice.PACKET_SOCKET);
    }
}
