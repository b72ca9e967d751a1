// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checksum, routes and path MTUs, alone. */
class IpPartsTest {
    private static final IpAddress PEER = IpAddress.of("198.18.0.2");

    @Test
    void theChecksumIsThatOfTheRfcExample() {
        byte[] words = {0x00, 0x01, (byte) 0xf2, 0x03, (byte) 0xf4, (byte) 0xf5, (byte) 0xf6, -9};
        ByteBuffer buffer = ByteBuffer.wrap(words).order(ByteOrder.LITTLE_ENDIAN);
        int sum = Short.reverseBytes(Checksum.finish(Checksum.add(0, buffer, 0, 8))) & 0xffff;
        assertThat(sum).isEqualTo(~0xddf2 & 0xffff);
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "63", "64", "65"})
    void everyLengthSumsLikeTheSlowWay(int length) {
        ByteBuffer buffer = ByteBuffer.allocate(80).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 80; i++) {
            buffer.put(i, (byte) (i * 77 + 200));
        }
        int slow = 0;
        for (int i = 0; i < length; i++) {
            slow += (buffer.get(3 + i) & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        slow = (slow & 0xffff) + (slow >>> 16);
        slow = (slow & 0xffff) + (slow >>> 16);
        int fast = Short.reverseBytes(Checksum.finish(Checksum.add(0, buffer, 3, length)));
        assertThat(fast & 0xffff).isEqualTo(~slow & 0xffff);
    }

    @ParameterizedTest
    @CsvSource({
        "24, 198.18.0.7, 198.18.0.7",
        "24, 198.18.1.7, 198.18.0.254",
        "16, 198.18.1.7, 198.18.1.7",
        "32, 198.18.0.2, 198.18.0.254",
        "32, 198.18.0.1, 198.18.0.1"
    })
    void theNextHopIsTheDestinationOrTheGateway(int prefix, String destination, String hop) {
        Routes routes =
                new Routes(IpAddress.of("198.18.0.1"), prefix, IpAddress.of("198.18.0.254"));
        assertThat(routes.nextHop(IpAddress.of(destination))).isEqualTo(IpAddress.of(hop));
    }

    @Test
    void withoutAGatewayThereIsNoWayOut() {
        Routes routes = new Routes(IpAddress.of("198.18.0.1"), 24, null);
        assertThat(routes.nextHop(IpAddress.of("10.0.0.1"))).isNull();
    }

    @Test
    void pathMtusOnlyShrinkAreNotBelievedBelowTheLeastAndAreForgotten() {
        PathMtus mtus = new PathMtus(1500);
        assertThat(mtus.get(PEER, 0)).isEqualTo(1500);
        assertThat(mtus.tooBig(PEER, 1400, 1500, 0)).isEqualTo(1400);
        assertThat(mtus.tooBig(PEER, 1450, 1500, 0)).isZero();
        assertThat(mtus.tooBig(PEER, 68, 1400, 0)).isEqualTo(576);
        assertThat(mtus.get(PEER, PathMtus.LIFETIME_NANOS - 1)).isEqualTo(576);
        assertThat(mtus.get(PEER, PathMtus.LIFETIME_NANOS)).isEqualTo(1500);
    }

    @Test
    void anOldRouterNamesNoMtuAndTheNextPlateauIsTaken() {
        PathMtus mtus = new PathMtus(1500);
        assertThat(mtus.tooBig(PEER, 0, 1500, 0)).isEqualTo(1492);
        assertThat(mtus.tooBig(PEER, 0, 1492, 0)).isEqualTo(1006);
        assertThat(mtus.tooBig(PEER, 0, 1006, 0)).isEqualTo(576);
    }
}
