// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.host.ip.Routes;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The stack as a whole: configuration, handlers that fail, looking in, closing. */
@ParameterizedClass
@EnumSource(Ip.class)
class HostStackTest {
    @Parameter Ip ip;

    @Test
    void aConfigurationIsCheckedAndCanBeCopied() {
        HostStackConfig config =
                HostStackConfig.builder().address(ip.first).mtu(9000).seed(7).build();
        Routes routes = ip == Ip.V4 ? config.ipv4() : config.ipv6();
        assertThat(routes.address()).isEqualTo(ip.first);
        HostStackConfig copy = config.toBuilder().receiveBuffer(8192).build();
        assertThat(copy.mtu()).isEqualTo(9000);
        assertThat(config.receiveBuffer()).isEqualTo(262_144);
        assertThatThrownBy(() -> HostStackConfig.builder().build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("address");
        assertThatThrownBy(() -> config.toBuilder().mtu(100).build())
                .isInstanceOf(IllegalArgumentException.class);
    }

    private final Logger logger = Logger.getLogger("dev.flue.host");

    @BeforeEach
    void quiet() {
        logger.setLevel(Level.OFF);
    }

    @AfterEach
    void loud() {
        logger.setLevel(null);
    }

    @Test
    void aHandlerThatThrowsLosesItsConnectionAndNothingElse() {
        try (Lab lab = new Lab(ip)) {
            lab.server.listen(Lab.PORT, 8, Recorder::new);
            Recorder other = new Recorder();
            lab.connect(other);
            OffloadConnection broken =
                    lab.client.connect(
                            ip.second,
                            Lab.PORT,
                            new ConnectionHandler() {
                                @Override
                                public void onConnected(OffloadConnection connection) {
                                    throw new IllegalArgumentException("on purpose");
                                }
                            });
            lab.pass(Lab.seconds(1));
            assertThat(broken.state().name()).isEqualTo("CLOSED");
            assertThat(other.connection.state().name()).isEqualTo("ESTABLISHED");
        }
    }

    @Test
    void aSnapshotHoldsEveryConnectionWithItsNumbers() {
        try (Lab lab = new Lab(ip)) {
            Recorder server = new Recorder();
            lab.server.listen(Lab.PORT, 8, () -> server);
            Recorder client = new Recorder().sending(new byte[50_000], false);
            lab.connect(client);
            lab.pass(Lab.seconds(1));
            List<ConnectionInfo> infos = new ArrayList<>();
            lab.client.query(infos::addAll);
            assertThat(infos).isEmpty();
            lab.pass(Lab.millis(1));
            assertThat(infos).hasSize(1);
            ConnectionInfo info = infos.get(0);
            assertThat(info.bytesOut()).isEqualTo(50_000);
            assertThat(info.remotePort()).isEqualTo(Lab.PORT);
            assertThat(info.offloaded()).isFalse();
            assertThat(info.cause()).isEqualTo("a memory link offloads nothing");
            assertThat(info.tcpToken()).isZero();
            assertThat(info.srttMicros()).isPositive();
            assertThat(lab.client.counters().asMap()).containsKeys("segmentsOut", "framesIn");
            assertThat(lab.client.quiescent()).isTrue();
        }
    }

    @Test
    void closingResetsWhatIsLeftAndGivesEverythingBack() {
        Recorder server = new Recorder();
        server.appetite = 0;
        Recorder client = new Recorder().sending(new byte[500_000], false);
        try (Lab lab = new Lab(ip)) {
            lab.server.listen(Lab.PORT, 8, () -> server);
            lab.connect(client);
            lab.pass(Lab.seconds(1));
            assertThat(lab.client.held().get("sendBuffers")).isPositive();
            assertThat(lab.server.held().get("receiveBuffers")).isPositive();
        }
        assertThat(client.closed).isEqualTo("aborted");
        assertThat(server.closed).isEqualTo("connection reset by peer");
    }

    @Test
    void aListenerThatIsClosedRefusesAndItsConnectionsLiveOn() {
        try (Lab lab = new Lab(ip)) {
            Recorder server = new Recorder();
            Listener listener = lab.server.listen(Lab.PORT, 8, () -> server);
            Recorder first = new Recorder();
            lab.connect(first);
            lab.until(() -> server.connects == 1);
            listener.close();
            Recorder second = new Recorder();
            lab.connect(second);
            lab.until(() -> second.closed != null);
            assertThat(second.closed).isEqualTo("connection refused");
            first.sending(new byte[10], false);
            lab.until(() -> server.received.size() == 10);
            lab.server.listen(Lab.PORT, 8, () -> server).close();
        }
    }

    @Test
    void sameSeedsSendTheSameFrames() {
        List<Integer> firstRun = frames(3);
        assertThat(frames(3)).isEqualTo(firstRun);
        assertThat(frames(4)).isNotEqualTo(firstRun);
    }

    private List<Integer> frames(long seed) {
        List<Integer> hashes = new ArrayList<>();
        try (Lab lab = new Lab(ip, seed)) {
            lab.link.drop(20_000);
            lab.link.delay(Lab.millis(1), Lab.millis(2));
            lab.link.filter(
                    (from, number, frame, at, length) -> {
                        int hash = from;
                        for (int i = 0; i < length; i++) {
                            hash = 31 * hash + frame.get(at + i);
                        }
                        hashes.add(hash);
                        return true;
                    });
            Recorder server = new Recorder();
            lab.server.listen(Lab.PORT, 8, () -> server);
            Recorder client = new Recorder().sending(Recorder.bytes(1, 50_000), true);
            lab.connect(client);
            lab.until(() -> client.closed != null && server.closed != null, Lab.seconds(300));
        }
        return hashes;
    }
}
