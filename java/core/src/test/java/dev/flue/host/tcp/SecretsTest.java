// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.host.Rule;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Numbers that strangers must not guess. */
class SecretsTest {
    private static final IpAddress LOCAL = IpAddress.of("198.18.0.1");
    private static final IpAddress REMOTE = IpAddress.of("198.18.0.2");

    @Test
    void sipHashGivesThePublishedValue() {
        SipHash hash = new SipHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);
        assertThat(hash.hash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L))
                .isEqualTo(0x3f2acc7f57c29bdbL);
    }

    @Test
    @Rule({"9293/MUST-8", "9293/MUST-9", "9293/SHLD-1"})
    void theSequenceNumberOfOneConnectionGrowsWithAClockOfFourMicroseconds() {
        Secrets secrets = secrets(1);
        int first = secrets.initialSequence(LOCAL, 2, REMOTE, 4, 1_000_000);
        assertThat(secrets.initialSequence(LOCAL, 2, REMOTE, 4, 1_004_000) - first).isEqualTo(1);
        assertThat(secrets.initialSequence(LOCAL, 2, REMOTE, 4, 2_000_000_000L) - first)
                .isEqualTo((2_000_000_000 - 1_000_000) / 4_000);
    }

    @Test
    @Rule({"9293/MUST-9", "9293/SHLD-1"})
    void otherConnectionsAndOtherSeedsGetUnrelatedNumbers() {
        Set<Integer> seen = new HashSet<>();
        for (int port = 0; port < 1000; port++) {
            seen.add(secrets(1).initialSequence(LOCAL, port, REMOTE, 80, 0));
            seen.add(secrets(2).initialSequence(LOCAL, port, REMOTE, 80, 0));
        }
        assertThat(seen).hasSize(2000);
    }

    private static Secrets secrets(long seed) {
        return new Secrets(seed, 32_768, 60_999);
    }

    @Test
    void aStackThatSharesItsAddressTakesPortsOfARangeOfItsOwn() {
        Secrets secrets = new Secrets(1, 61_000, 61_009);
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < secrets.portRange(); i++) {
            seen.add(secrets.port(LOCAL, REMOTE, 80));
        }
        assertThat(seen).hasSize(10).allMatch(port -> port >= 61_000 && port <= 61_009);
    }

    @Test
    void portsOfOnePeerFollowEachOtherFromAStartThatIsSecret() {
        Secrets secrets = secrets(1);
        int first = secrets.port(LOCAL, REMOTE, 80);
        int second = secrets.port(LOCAL, REMOTE, 80);
        assertThat(second - first).isIn(1, 1 - secrets.portRange());
        assertThat(secrets(9).port(LOCAL, REMOTE, 80)).isNotEqualTo(first);
        for (int i = 0; i < 100_000; i++) {
            assertThat(secrets.port(LOCAL, REMOTE, i)).isBetween(32768, 60999);
        }
    }
}
