// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.offload.UploadReason;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A target closes what waited too long for the peer's FIN; the host knows who still reads. */
@ParameterizedClass
@EnumSource(Ip.class)
class HalfClosedTest {
    private final ChimneyLab lab = new ChimneyLab();
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private OffloadConnection connection;
    private TargetConn conn;

    HalfClosedTest(Ip ip) {
        lab.version = ip;
    }

    /** A connection in FIN-WAIT-2 goes to the target. */
    @BeforeEach
    void halfClosed() {
        mine.echoEnd = false;
        theirs.echoEnd = false;
        connection = lab.connect(mine, theirs, 80);
        connection.upload();
        lab.settle();
        connection.shutdownOutput();
        lab.settle();
        connection.offload();
        lab.settle();
        assertThat(connection.offloaded()).isTrue();
        conn = target.conn();
        assertThat(conn.state).isEqualTo(TcpState.FIN_WAIT2.code());
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    private void targetGivesUp() {
        conn.state = TcpState.CLOSED.code();
        target.retrieve(conn, UploadReason.TIMEOUT_EXPIRATION);
        lab.settle();
        assertThat(connection.offloaded()).isFalse();
    }

    @Test
    void whoeverStillReadsGoesOnReadingHere() {
        targetGivesUp();
        assertThat(mine.closed).isNull();
        assertThat(connection.state()).isEqualTo(TcpState.FIN_WAIT2);
        lab.now += TimeUnit.HOURS.toNanos(10);
        lab.settle();
        assertThat(connection.state()).as("nothing ends it").isEqualTo(TcpState.FIN_WAIT2);
        theirs.sending(Recorder.bytes(1, 3_000), true);
        lab.until(() -> mine.closed != null && theirs.closed != null);
        assertThat(mine.received.toByteArray()).isEqualTo(Recorder.bytes(1, 3_000));
        assertThat(mine.closed).isEmpty();
        assertThat(connection.state()).isEqualTo(TcpState.TIME_WAIT);
    }

    @Test
    void whoeverClosedIsThrough() {
        connection.close();
        targetGivesUp();
        assertThat(connection.state()).isEqualTo(TcpState.CLOSED);
        assertThat(mine.closed).isEmpty();
    }

    @Test
    void aPeerThatAnsweredNoProbeIsGone() {
        target.beforeTerminate =
                (gone, block) ->
                        new TcpDelegated(lab.memory)
                                .wrap(block + StateOffsets.TCP_DELEGATED)
                                .kaProbeCount(connection.options().keepAliveCount());
        targetGivesUp();
        assertThat(mine.closed).isEqualTo("ended by the target");
    }
}
