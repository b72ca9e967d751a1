// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.testkit.conformance.NetworkConfig;
import org.junit.jupiter.api.Test;

/** A record with another value has all the others as they were. */
class RecordsTest {
    @Test
    void eachChangeOfALinkIsWhereItBelongs() {
        LinkFaults all =
                LinkFaults.delay(9)
                        .withDrop(1)
                        .withDuplicate(2)
                        .withCorrupt(3)
                        .withReorder(4, 11)
                        .withBursts(5, 6, 7)
                        .withMtu(8)
                        .withJitter(10)
                        .withBottleneck(12, 13);
        assertThat(all).isEqualTo(new LinkFaults(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
        assertThat(all.withDelay(0).delayNanos()).isZero();
    }

    @Test
    void eachChangeOfANetworkIsWhereItBelongs() {
        LinkFaults faults = LinkFaults.delay(1);
        NetworkConfig all =
                NetworkConfig.simple(7)
                        .withHosts(3)
                        .withFaults(faults)
                        .withDrivers(2)
                        .withMtu(900)
                        .withAutoOffload(false)
                        .withBuffers(5, 6)
                        .withIpVersion(6);
        assertThat(all).isEqualTo(new NetworkConfig(3, 7, faults, 2, 900, false, 5, 6, 6));
    }

    @Test
    void aNameThatNothingHasIsRefused() {
        assertThatThrownBy(() -> Records.with(LinkFaults.delay(1), "colour", 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("LinkFaults has no colour");
    }
}
