// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static dev.flue.host.tcp.TcpFlags.ACK;
import static dev.flue.host.tcp.TcpFlags.FIN;
import static dev.flue.host.tcp.TcpFlags.PSH;
import static dev.flue.host.tcp.TcpFlags.RST;
import static dev.flue.host.tcp.TcpFlags.SYN;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.HostStackConfig;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.RawPeer.Seen;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Listeners that keep nothing of a SYN, and those whose backlog is full. */
@ParameterizedClass
@EnumSource(Ip.class)
class SynCookieTest {
    private static final int PORT = 80;
    private static final int ISS = 0xffff_fff0;
    private static final long SECOND = 1_000_000_000L;
    private static final byte[] NONE = {};

    private final Ip version;
    private final List<Recorder> accepted = new ArrayList<>();
    private RawPeer peer;

    SynCookieTest(Ip version) {
        this.version = version;
    }

    private void start(SynCookieUse use, int backlog) {
        HostStackConfig config =
                HostStackConfig.builder()
                        .address(version.first)
                        .detectDuplicates(false)
                        .seed(5)
                        .maxConnections(16)
                        .synCookies(use)
                        .build();
        peer = new RawPeer(version, config);
        peer.settle();
        peer.others.clear();
        peer.stack.listen(
                PORT,
                backlog,
                () -> {
                    accepted.add(new Recorder());
                    return accepted.get(accepted.size() - 1);
                });
    }

    @AfterEach
    void close() {
        peer.close();
    }

    private void send(int from, int seq, int ack, int flags, byte[] options, String text) {
        byte[] segment =
                peer.segment(from, PORT, seq, ack, flags, 60_000, options, text.getBytes(UTF_8));
        peer.packet(RawPeer.ip(peer.remote, peer.local, 6, segment));
    }

    private static byte[] stamp(int value, int echo) {
        return ByteBuffer.allocate(12).putInt(0x0101080a).putInt(value).putInt(echo).array();
    }

    @Test
    @Rule("4987/3.6")
    void aFullBacklogAnswersWithCookiesAndKeepsNothingOfTheSyns() {
        start(SynCookieUse.WHEN_FULL, 2);
        for (int i = 0; i < 1000; i++) {
            send(1000 + i, ISS, 0, SYN, NONE, "");
            assertThat(peer.one().flags()).isEqualTo(SYN | ACK);
        }
        assertThat(peer.stack.connectionCount()).isEqualTo(2);
        assertThat(peer.stack.counters().tcp.synCookies).isEqualTo(998);
        assertThat(peer.stack.counters().tcp.synDrops).isZero();
        send(7777, ISS, 0, SYN, NONE, "");
        int ours = peer.one().seq() + 1;
        send(7777, ISS + 1, ours, ACK, NONE, "");
        assertThat(accepted).hasSize(1);
        assertThat(accepted.get(0).connection.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(accepted.get(0).connection.remotePort()).isEqualTo(7777);
        // Only the two that are kept are answered again by themselves.
        peer.pass(2 * SECOND);
        assertThat(peer.segments).hasSize(2);
        peer.segments.clear();
    }

    @Test
    void withoutCookiesSynsBeyondTheBacklogAreDropped() {
        start(SynCookieUse.NEVER, 2);
        for (int i = 0; i < 5; i++) {
            send(1000 + i, ISS, 0, SYN, NONE, "");
        }
        assertThat(peer.segments).hasSize(2);
        peer.segments.clear();
        assertThat(peer.stack.connectionCount()).isEqualTo(2);
        assertThat(peer.stack.counters().tcp.synDrops).isEqualTo(3);
    }

    @Test
    @Rule("4987/3.6")
    void theFirstDataMakesTheConnectionWhenTheAckIsLost() {
        start(SynCookieUse.ALWAYS, 1);
        send(1000, ISS, 0, SYN, NONE, "");
        int ours = peer.one().seq() + 1;
        assertThat(peer.stack.connectionCount()).isZero();
        send(1000, ISS + 1, ours, ACK | PSH | FIN, NONE, "request");
        assertThat(accepted.get(0).received).hasToString("request");
        assertThat(accepted.get(0).ended).isTrue();
        Seen end = peer.segments.getLast();
        assertThat(end.ack()).isEqualTo(ISS + 9);
        peer.segments.clear();
    }

    @Test
    @Rule("4987/3.6")
    void whatTheSynOfferedComesBackByTheTimestamp() {
        start(SynCookieUse.ALWAYS, 1);
        int mss = 1400;
        byte[] syn = {
            2, 4, (byte) (mss >> 8), (byte) mss, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 7
        };
        send(1000, ISS, 0, SYN, syn, "");
        Seen answer = peer.one();
        ByteBuffer options = ByteBuffer.wrap(answer.options());
        assertThat(options.getInt(4)).as("SACK and timestamps").isEqualTo(0x0402080a);
        assertThat(options.getInt(12)).as("TSecr").isEqualTo(100);
        assertThat(options.getInt(16) >>> 8).as("window scale").isEqualTo(0x010303);
        int stamp = options.getInt(8);
        peer.pass(SECOND / 10);
        send(1000, ISS + 1, answer.seq() + 1, ACK, stamp(101, stamp), "");
        TcpConnection c = (TcpConnection) accepted.get(0).connection;
        assertThat(c.snd.shift).isEqualTo(7);
        assertThat(c.snd.wnd).isEqualTo(60_000 << 7);
        assertThat(c.rcv.sack).isTrue();
        assertThat(c.rcv.shift).isEqualTo(options.getInt(16) & 0xff);
        assertThat(c.snd.peerMss).isEqualTo(mss);
        c.send(ByteBuffer.allocate(5000));
        peer.settle();
        Seen data = peer.segments.peek();
        assertThat(data.payload()).hasSize(mss - 12);
        int later = ByteBuffer.wrap(data.options()).getInt(4);
        assertThat(later - stamp).as("the clock does not go back").isBetween(100, 100 + 64);
        peer.segments.clear();
    }

    @Test
    @Rule("4987/3.6")
    void withoutTimestampsTheSegmentSizeIsAllThatComesBack() {
        start(SynCookieUse.ALWAYS, 1);
        int[][] sizes = {{0, version == Ip.V4 ? 536 : 1220}, {100, 64}, {1459, 1440}, {9000, 8940}};
        for (int i = 0; i < sizes.length; i++) {
            int mss = sizes[i][0];
            byte[] offer = {2, 4, (byte) (mss >> 8), (byte) mss, 4, 2, 1, 1, 1, 3, 3, 7};
            send(1000 + i, ISS, 0, SYN, mss == 0 ? NONE : offer, "");
            Seen answer = peer.one();
            assertThat(answer.options()).as("nothing that it would forget").hasSize(4);
            send(1000 + i, ISS + 1, answer.seq() + 1, ACK, NONE, "");
            TcpConnection c = (TcpConnection) accepted.get(i).connection;
            assertThat(c.snd.peerMss).isEqualTo(sizes[i][1]);
            assertThat(c.snd.scaling || c.rcv.sack || c.rcv.timestamps).isFalse();
            assertThat(c.snd.wnd).isEqualTo(60_000);
        }
    }

    @Test
    @Rule({"4987/3.6", "9293/MUST-9"})
    void aCookieOfAnotherConnectionOrAGuessIsReset() {
        start(SynCookieUse.ALWAYS, 1);
        send(1000, ISS, 0, SYN, NONE, "");
        int ours = peer.one().seq() + 1;
        send(1001, ISS + 1, ours, ACK, NONE, "");
        assertThat(peer.one().flags()).isEqualTo(RST);
        send(1000, ISS + 2, ours, ACK, NONE, "");
        assertThat(peer.one().flags()).isEqualTo(RST);
        for (int bit = 0; bit < 32; bit++) {
            send(1000, ISS + 1, ours ^ 1 << bit, ACK, NONE, "");
            assertThat(peer.one().flags()).as("bit %d", bit).isEqualTo(RST);
        }
        assertThat(peer.stack.connectionCount()).isZero();
        send(1000, ISS + 1, ours, ACK, NONE, "");
        peer.silent();
        assertThat(accepted).hasSize(1);
    }

    @Test
    @Rule("4987/3.6")
    void theSecretIsAnotherEveryPeriodAndOldCookiesAreWorthless() {
        start(SynCookieUse.ALWAYS, 1);
        Set<Integer> hashes = new HashSet<>();
        for (int period = 0; period < 40; period++) {
            send(1000, ISS, 0, SYN, NONE, "");
            hashes.add(peer.one().seq() & 0xff_ffff);
            peer.pass(SynCookies.PERIOD_NANOS);
        }
        assertThat(hashes).hasSizeGreaterThan(38);
        send(1000, ISS, 0, SYN, NONE, "");
        int ours = peer.one().seq() + 1;
        peer.pass(SynCookies.PERIOD_NANOS);
        // Another SYN keeps the listener expecting cookies.
        send(1001, ISS, 0, SYN, NONE, "");
        peer.one();
        peer.pass(SynCookies.PERIOD_NANOS);
        send(1000, ISS + 1, ours, ACK, NONE, "");
        assertThat(peer.one().flags()).isEqualTo(RST);
    }

    @Test
    void aListenerThatSentNoCookieTakesNone() {
        start(SynCookieUse.WHEN_FULL, 1);
        send(1000, ISS, 0, SYN, NONE, "");
        peer.one();
        send(2000, ISS, 0, SYN, NONE, "");
        int ours = peer.one().seq() + 1;
        peer.stack.listen(81, 1, Recorder::new);
        byte[] segment = peer.segment(2000, 81, ISS + 1, ours, ACK, 60_000, NONE, NONE);
        peer.packet(RawPeer.ip(peer.remote, peer.local, 6, segment));
        assertThat(peer.one().flags()).isEqualTo(RST);
    }

    @Test
    void aConnectionOfACookieClosesLikeAnyOther() {
        start(SynCookieUse.ALWAYS, 1);
        send(1000, ISS, 0, SYN, NONE, "");
        int ours = peer.one().seq() + 1;
        send(1000, ISS + 1, ours, ACK, NONE, "");
        OffloadConnection c = accepted.get(0).connection;
        c.shutdownOutput();
        assertThat(peer.one().flags() & FIN).isNotZero();
        send(1000, ISS + 1, ours + 1, ACK | FIN, NONE, "");
        assertThat(peer.one().ack()).isEqualTo(ISS + 2);
        assertThat(c.state()).isEqualTo(TcpState.TIME_WAIT);
    }
}
