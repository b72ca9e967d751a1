// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections whose sequence numbers wrap in mid-stream. */
@ParameterizedClass
@EnumSource(Ip.class)
class SequenceWrapTest {
    private static final int ISN_TICK_NANOS = 4_000;

    @Parameter Ip ip;

    private static int firstIsn(Lab lab) {
        Sniffer sniffer = new Sniffer(0);
        lab.link.filter(sniffer);
        lab.server.listen(Lab.PORT, 8, () -> new Recorder());
        lab.connect(new Recorder());
        lab.settle();
        return sniffer.segments.get(0).seq();
    }

    @ParameterizedTest
    @ValueSource(ints = {0xffff_fff0, 0x7fff_ff00, 0xffff_0000})
    void bytesArriveAcrossTheWrap(int wanted) {
        int isn;
        try (Lab probe = new Lab(ip, 77)) {
            isn = firstIsn(probe);
        }
        try (Lab lab = new Lab(ip, 77)) {
            // The initial sequence number moves on with the clock: wait until it is the one wanted.
            lab.now += Integer.toUnsignedLong(wanted - isn) * ISN_TICK_NANOS;
            lab.link.drop(10_000);
            lab.link.delay(Lab.millis(1), Lab.millis(2));
            Sniffer sniffer = new Sniffer(0);
            lab.link.filter(sniffer);
            byte[] up = Recorder.bytes(1, 300_000);
            byte[] down = Recorder.bytes(2, 300_000);
            Recorder client = new Recorder().sending(up, true);
            Recorder server = new Recorder().sending(down, true);
            lab.server.listen(Lab.PORT, 8, () -> server);
            lab.connect(client);
            lab.until(() -> client.closed != null && server.closed != null, Lab.seconds(900));
            assertThat(sniffer.segments.get(0).seq()).isEqualTo(wanted);
            assertThat(server.received.toByteArray()).isEqualTo(up);
            assertThat(client.received.toByteArray()).isEqualTo(down);
        }
    }
}
