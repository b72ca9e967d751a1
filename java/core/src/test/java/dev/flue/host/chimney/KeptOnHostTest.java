// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What only the host stack can do brings a connection back, or keeps it there. */
@ParameterizedClass
@EnumSource(Ip.class)
class KeptOnHostTest {
    /** Keeps how much was urgent each time it was told. */
    private static final class Listening extends Recorder {
        final List<Integer> told = new ArrayList<>();

        @Override
        public void onUrgent(OffloadConnection value) {
            told.add(value.urgent());
        }
    }

    private final ChimneyLab lab = new ChimneyLab();
    private final Recorder mine = new Recorder();
    private final Listening theirs = new Listening();

    KeptOnHostTest(Ip ip) {
        lab.version = ip;
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    @Test
    @Rule({"9293/MUST-30", "H-36"})
    void urgentDataBringsTheConnectionBackFirst() {
        OffloadConnection connection = lab.connect(mine, theirs, 80);
        assertThat(connection.offloaded()).isTrue();
        int[] writable = {0};
        mine.onWritable = () -> writable[0]++;
        ByteBuffer data = ByteBuffer.wrap(Recorder.bytes(1, 300));
        assertThat(connection.sendUrgent(data)).as("not from the target").isZero();
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(writable[0]).as("told that it is back").isEqualTo(1);
        assertThat(connection.sendUrgent(data)).isEqualTo(300);
        connection.offload();
        assertThat(connection.offloadCause()).isNotEmpty();
        lab.until(() -> theirs.received.size() == 300);
        assertThat(theirs.told).hasSize(1);
        lab.settle();
        connection.offload();
        lab.settle();
        assertThat(connection.offloaded()).as("all is acknowledged").isTrue();
    }

    @Test
    @Rule("9293/MUST-30")
    void aConnectionWithUrgentDataThatWasNotReadStaysHere() {
        OffloadConnection connection = lab.connect(mine, theirs, 80);
        connection.upload();
        mine.appetite = 0;
        lab.settle();
        theirs.connection.sendUrgent(ByteBuffer.wrap(Recorder.bytes(2, 50)));
        lab.settle();
        assertThat(connection.urgent()).isEqualTo(50);
        connection.offload();
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
        assertThat(connection.offloadCause()).isEqualTo("it has urgent data under way");
        mine.read(50);
        connection.offload();
        lab.settle();
        assertThat(connection.offloaded()).isTrue();
    }
}
