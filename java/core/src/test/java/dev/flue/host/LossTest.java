// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes arrive whole and in order whatever the link does to frames. */
@ParameterizedClass
@EnumSource(Ip.class)
class LossTest {
    private static final int BYTES = 200_000;

    private final Ip version;

    LossTest(Ip version) {
        this.version = version;
    }

    private void transfer(long seed, int dropPpm, long delayMin, long delayMax) {
        try (Lab lab = new Lab(version, seed)) {
            lab.link.drop(dropPpm);
            lab.link.delay(delayMin, delayMax);
            byte[] up = Recorder.bytes(seed, BYTES);
            byte[] down = Recorder.bytes(-seed, BYTES);
            Recorder client = new Recorder().sending(up, true);
            Recorder server = new Recorder().sending(down, true);
            lab.server.listen(Lab.PORT, 8, () -> server);
            lab.connect(client);
            lab.until(() -> client.closed != null && server.closed != null, Lab.seconds(1800));
            assertThat(server.received.toByteArray()).as("seed %d up", seed).isEqualTo(up);
            assertThat(client.received.toByteArray()).as("seed %d down", seed).isEqualTo(down);
            assertThat(client.closed + server.closed).isEmpty();
        }
    }

    @Test
    void fiftySeedsOfLossArriveByteExact() {
        for (long seed = 1; seed <= 50; seed++) {
            transfer(seed, 30_000, Lab.millis(1), Lab.millis(1));
        }
    }

    @Test
    void fiftySeedsOfReorderingArriveByteExact() {
        for (long seed = 1; seed <= 50; seed++) {
            transfer(seed, 0, 0, Lab.millis(4));
        }
    }

    @Test
    void fiftySeedsOfLossAndReorderingArriveByteExact() {
        for (long seed = 101; seed <= 150; seed++) {
            transfer(seed, 20_000, Lab.millis(1), Lab.millis(3));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {100_000, 200_000})
    void heavyLossIsSurvived(int dropPpm) {
        for (long seed = 1; seed <= 5; seed++) {
            transfer(seed, dropPpm, Lab.millis(1), Lab.millis(2));
        }
    }
}
