// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.data.ConnectionOptions;
import dev.flue.data.OffloadConnection;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Options of connections that the host stack has itself. */
@ParameterizedClass
@EnumSource(Ip.class)
class ConnectionOptionsTest {
    private final Ip ip;
    private final Lab lab;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private final Sniffer sniffer = new Sniffer(0);
    private OffloadConnection connection;

    ConnectionOptionsTest(Ip ip) {
        this.ip = ip;
        lab = new Lab(ip, 3, config -> config.chimney(false));
    }

    @BeforeEach
    void connected() {
        lab.server.listen(Lab.PORT, 4, () -> theirs);
        connection = lab.connect(mine);
        lab.until(() -> mine.connects == 1 && theirs.connects == 1);
        lab.settle();
        lab.link.filter(sniffer);
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    @Test
    @Rule({"9293/MUST-24", "9293/MUST-27", "9293/SHLD-12"})
    void keepAliveProbesAnIdlePeerFromBeforeTheWindowAndGoesOnWhenItAnswers() {
        connection.options().keepAlive(true).keepAliveIdleMillis(10_000);
        lab.pass(Lab.millis(9_999));
        assertThat(sniffer.segments).isEmpty();
        lab.pass(Lab.millis(2));
        assertThat(sniffer.segments).hasSize(1);
        assertThat(sniffer.segments.get(0).payload()).isZero();
        int probe = sniffer.segments.get(0).seq();
        lab.pass(Lab.millis(10_100));
        assertThat(sniffer.segments).as("answered: idle again").hasSize(2);
        mine.sending(new byte[1], false);
        lab.settle();
        assertThat(sniffer.segments.get(2).seq()).isEqualTo(probe + 1);
        assertThat(mine.closed).isNull();
        connection.options().keepAlive(false);
        lab.pass(Lab.seconds(30));
        assertThat(sniffer.segments).hasSize(3);
    }

    @Test
    @Rule({"9293/MUST-25", "9293/MUST-28"})
    void keepAliveIsOffUntilItIsAskedForAndThenWaitsTwoHours() {
        assertThat(connection.options().keepAlive()).isFalse();
        lab.pass(Lab.seconds(100_000));
        assertThat(sniffer.segments).isEmpty();
        lab.settle();
        connection.options().keepAlive(true);
        lab.pass(Lab.seconds(7_199));
        assertThat(sniffer.segments).isEmpty();
        lab.pass(Lab.seconds(2));
        assertThat(sniffer.segments).hasSize(1);
    }

    @Test
    @Rule("9293/MUST-29")
    void aPeerThatAnswersNoProbeEndsTheConnection() {
        sniffer.loseAll = true;
        connection.options().keepAlive(true).keepAliveIdleMillis(10_000);
        connection.options().keepAliveIntervalMillis(500).keepAliveCount(4);
        lab.pass(Lab.millis(10_000 + 3 * 500 + 100));
        assertThat(sniffer.segments).hasSize(4);
        assertThat(mine.closed).isNull();
        lab.pass(Lab.millis(500));
        assertThat(mine.closed).isEqualTo("timed out");
        theirs.connection.abort();
    }

    @Test
    @Rule({"9293/MUST-17", "9293/SHLD-7"})
    void withNagleASmallSegmentWaitsForTheAckOfTheOneBefore() {
        sniffer.losePeerAcks = true;
        connection.options().noDelay(false);
        for (int i = 0; i < 3; i++) {
            connection.send(ByteBuffer.wrap(new byte[10]));
            lab.settle();
        }
        assertThat(sniffer.payload()).isEqualTo(10);
        connection.options().noDelay(true);
        lab.settle();
        assertThat(sniffer.payload()).isEqualTo(30);
    }

    @Test
    @Rule("9293/MUST-21")
    void aUserTimeoutEndsTheRetransmissionsByTime() {
        sniffer.loseAll = true;
        connection.options().userTimeoutMillis(3_000);
        connection.send(ByteBuffer.wrap(new byte[10]));
        lab.pass(Lab.millis(2_900));
        assertThat(mine.closed).isNull();
        lab.pass(Lab.seconds(10));
        assertThat(mine.closed).isEqualTo("timed out");
        theirs.connection.abort();
    }

    @Test
    @Rule("9293/MUST-21")
    void anUnlimitedUserTimeoutGoesOn() {
        sniffer.loseAll = true;
        connection.options().userTimeoutMillis(ConnectionOptions.UNLIMITED);
        connection.send(ByteBuffer.wrap(new byte[10]));
        lab.pass(Lab.seconds(2_000));
        assertThat(mine.closed).isNull();
        sniffer.loseAll = false;
        lab.until(() -> theirs.received.size() == 10, Lab.seconds(200));
    }

    @Test
    @Rule({"9293/MUST-48", "9293/MUST-49", "9293/SHLD-21", "9293/SHLD-22"})
    void ttlAndTosStandInThePacketsOfTheConnectionOnly() {
        int[] seen = new int[2];
        lab.link.filter(
                (from, number, frame, at, length) -> {
                    if (from == 0 && Net.u16(frame, at + 12) == ip.etherType) {
                        boolean four = ip == Ip.V4;
                        seen[0] = frame.get(at + (four ? 22 : 21)) & 0xff;
                        seen[1] = Net.u16(frame, at + 14) >>> (four ? 0 : 4) & 0xff;
                    }
                    return true;
                });
        connection.options().hopLimit(9).trafficClass(0x28);
        connection.send(ByteBuffer.wrap(new byte[10]));
        lab.until(() -> theirs.received.size() == 10);
        assertThat(seen).containsExactly(9, 0x28);
        lab.connect(new Recorder());
        lab.settle();
        assertThat(seen).containsExactly(64, 0);
    }

    @Test
    void aSmallerReceiveBufferFillsSoonerAndALargerOneOpensTheWindowAtOnce() {
        mine.appetite = 0;
        connection.options().receiveBuffer(4_096);
        theirs.sending(new byte[600_000], false);
        lab.pass(Lab.millis(500));
        int before = connection.available();
        // The window goes in units of 8 bytes, rounded up rather than take back what was promised.
        int rounded = 262_144 + 64;
        assertThat(before).as("what was promised before").isBetween(262_144, rounded);
        connection.options().receiveBuffer(400_000);
        lab.pass(Lab.millis(500));
        assertThat(connection.available()).isBetween(390_000, 400_256);
    }

    @Test
    void valuesOutOfRangeAreRefusedWithTheirName() {
        ConnectionOptions options = connection.options();
        assertThatThrownBy(() -> options.keepAliveCount(256))
                .hasMessageContaining("keepAliveCount");
        assertThatThrownBy(() -> options.hopLimit(0)).hasMessageContaining("hopLimit");
        assertThatThrownBy(() -> options.receiveBuffer(100)).hasMessageContaining("receiveBuffer");
        assertThatThrownBy(() -> options.userTimeoutMillis(-2)).hasMessageContaining("userTimeout");
    }
}
