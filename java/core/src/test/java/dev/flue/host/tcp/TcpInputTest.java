// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static dev.flue.host.tcp.TcpFlags.ACK;
import static dev.flue.host.tcp.TcpFlags.FIN;
import static dev.flue.host.tcp.TcpFlags.PSH;
import static dev.flue.host.tcp.TcpFlags.RST;
import static dev.flue.host.tcp.TcpFlags.SYN;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.RawPeer.Seen;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Segments written by hand, one at a time, and what the stack answers. */
@ParameterizedClass
@EnumSource(Ip.class)
class TcpInputTest {
    private static final int PORT = 80;
    private static final int ISS = 0xffff_fff0;
    private static final byte[] NONE = {};
    private static final byte[] ALL_OPTIONS = {
        2, 4, 5, (byte) 0xb4, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 7
    };

    private final RawPeer peer;

    /** What we take in one segment. */
    private final int mss;

    /** What a peer takes that does not say. */
    private final int least;

    private final Recorder handler = new Recorder();
    private int ours;
    private int theirs;

    TcpInputTest(Ip version) {
        peer = new RawPeer(version);
        mss = 1500 - version.headers();
        least = version == Ip.V4 ? 536 : 1220;
    }

    @AfterEach
    void close() {
        peer.close();
    }

    private static byte[] stamp(int value, int echo) {
        return ByteBuffer.allocate(12).putInt(0x0101080a).putInt(value).putInt(echo).array();
    }

    /** A handshake without options; sequence numbers wrap after 16 bytes. */
    private OffloadConnection accepted() {
        return accepted(NONE);
    }

    private OffloadConnection accepted(byte[] options) {
        peer.stack.listen(PORT, 4, () -> handler);
        peer.send(PORT, ISS, 0, SYN, options, NONE);
        Seen answer = peer.one();
        ours = answer.seq() + 1;
        theirs = ISS + 1;
        byte[] more = options.length == 0 ? NONE : stamp(101, 0);
        peer.send(PORT, theirs, ours, ACK, more, NONE);
        peer.silent();
        assertThat(handler.connects).isEqualTo(1);
        return handler.connection;
    }

    private OffloadConnection connecting() {
        OffloadConnection connection = peer.stack.connect(peer.remote, RawPeer.PEER_PORT, handler);
        Seen syn = peer.one();
        assertThat(syn.flags()).isEqualTo(SYN);
        ours = syn.seq() + 1;
        return connection;
    }

    @Test
    @Rule({"9293/MUST-14", "9293/MUST-65"})
    void aSynOffersMssWindowScaleTimestampsAndSack() {
        OffloadConnection connection = connecting();
        assertThat(connection.state()).isEqualTo(TcpState.SYN_SENT);
        // connecting() took it: ask again by letting it time out.
        peer.pass(1_000_000_000L);
        byte[] options = peer.one().options();
        assertThat(options).hasSize(20).startsWith(2, 4, mss >> 8, mss & 0xff, 4, 2, 8, 10);
        assertThat(options).endsWith(1, 3, 3, 3);
    }

    @Test
    void aSynAckAnswersOnlyWhatWasOffered() {
        peer.stack.listen(PORT, 4, () -> handler);
        peer.send(PORT, ISS, 0, SYN, NONE, NONE);
        Seen plain = peer.one();
        assertThat(plain.options()).containsExactly(2, 4, mss >> 8, mss & 0xff);
        assertThat(plain.flags()).isEqualTo(SYN | ACK);
        assertThat(plain.ack()).isEqualTo(ISS + 1);
        assertThat(plain.window()).isEqualTo(65535);
    }

    @Test
    @Rule("9293/MUST-15")
    void withoutAnMssOptionSegmentsCarryWhatEveryHostTakes() {
        accepted().send(ByteBuffer.wrap(new byte[2000]));
        peer.settle();
        assertThat(peer.segments.poll().payload()).hasSize(least);
        peer.segments.clear();
    }

    @Test
    void dataIsAcknowledgedOnceABatchAndPushed() {
        OffloadConnection connection = accepted();
        peer.send(PORT, theirs, ours, ACK | PSH, "hello");
        assertThat(peer.one().ack()).isEqualTo(theirs + 5);
        assertThat(handler.received).hasToString("hello");
        connection.send(ByteBuffer.wrap("world".getBytes(UTF_8)));
        Seen data = peer.one();
        assertThat(data.flags()).isEqualTo(ACK | PSH);
        assertThat(new String(data.payload(), UTF_8)).isEqualTo("world");
        assertThat(data.seq()).isEqualTo(ours);
    }

    @Test
    void dataAcrossTheWrapOfTheSequenceNumbersIsInOrder() {
        accepted();
        peer.send(PORT, theirs, ours, ACK, "0123456789");
        peer.one();
        peer.send(PORT, theirs + 20, ours, ACK, "klm");
        assertThat(peer.one().ack()).as("duplicate ACK").isEqualTo(theirs + 10);
        peer.send(PORT, theirs + 10, ours, ACK, "abcdefghij");
        assertThat(peer.one().ack()).isEqualTo(theirs + 23);
        assertThat(handler.received).hasToString("0123456789abcdefghijklm");
    }

    @Test
    void overlapsAreCutNotRepeated() {
        accepted();
        peer.send(PORT, theirs, ours, ACK, "abc");
        peer.send(PORT, theirs + 1, ours, ACK, "bcdef");
        peer.send(PORT, theirs, ours, ACK, "abc");
        peer.segments.clear();
        assertThat(handler.received).hasToString("abcdef");
    }

    @Test
    @Rule("9293/MUST-12")
    void aResetAtTheExactSequenceNumberEndsTheConnection() {
        accepted();
        peer.send(PORT, theirs, 0, RST, "");
        peer.silent();
        assertThat(handler.closed).isEqualTo("connection reset by peer");
    }

    @Test
    void aResetElsewhereInTheWindowIsChallengedAndOutsideIgnored() {
        OffloadConnection connection = accepted();
        peer.send(PORT, theirs + 100, 0, RST, "");
        assertThat(peer.one().flags()).isEqualTo(ACK);
        peer.send(PORT, theirs + 101, 0, RST, "");
        peer.silent();
        peer.send(PORT, theirs - 1, 0, RST, "");
        peer.send(PORT, theirs + 1_000_000, 0, RST, "");
        peer.silent();
        assertThat(connection.state()).isEqualTo(TcpState.ESTABLISHED);
    }

    @Test
    void aSynOnAConnectionIsChallenged() {
        OffloadConnection connection = accepted();
        peer.send(PORT, theirs, 0, SYN, "");
        Seen challenge = peer.one();
        assertThat(challenge.flags()).isEqualTo(ACK);
        assertThat(challenge.ack()).isEqualTo(theirs);
        assertThat(connection.state()).isEqualTo(TcpState.ESTABLISHED);
    }

    @Test
    void anAckOfWhatWasNeverSentIsChallenged() {
        accepted();
        peer.send(PORT, theirs, ours + 1000, ACK, "x");
        assertThat(peer.one().ack()).as("the data does not count").isEqualTo(theirs);
        assertThat(handler.received.size()).isZero();
    }

    @Test
    void segmentsWithOldTimestampsAreAnsweredAndDropped() {
        accepted(ALL_OPTIONS);
        peer.send(PORT, theirs, ours, ACK, stamp(200, 0), "new".getBytes(UTF_8));
        peer.one();
        peer.send(PORT, theirs + 3, ours, ACK, stamp(150, 0), "old".getBytes(UTF_8));
        assertThat(peer.one().ack()).isEqualTo(theirs + 3);
        assertThat(handler.received).hasToString("new");
        assertThat(peer.stack.counters().tcp.pawsDrops).isEqualTo(1);
        peer.send(PORT, theirs + 3, ours, ACK, NONE, "none".getBytes(UTF_8));
        peer.silent();
    }

    @Test
    void timestampsEchoTheSegmentThatMovedTheAck() {
        accepted(ALL_OPTIONS);
        peer.send(PORT, theirs + 3, ours, ACK, stamp(300, 0), "def".getBytes(UTF_8));
        byte[] duplicate = peer.one().options();
        assertThat(ByteBuffer.wrap(duplicate).getInt(8)).as("TSecr").isEqualTo(101);
        peer.send(PORT, theirs, ours, ACK, stamp(310, 0), "abc".getBytes(UTF_8));
        assertThat(ByteBuffer.wrap(peer.one().options()).getInt(8)).isEqualTo(310);
        assertThat(handler.received).hasToString("abcdef");
    }

    @Test
    void strangersAreReset() {
        peer.send(99, 1000, 2000, ACK, "");
        Seen reset = peer.one();
        assertThat(reset.flags()).isEqualTo(RST);
        assertThat(reset.seq()).isEqualTo(2000);
        peer.send(99, 1000, 0, SYN, "");
        Seen refusal = peer.one();
        assertThat(refusal.flags()).isEqualTo(RST | ACK);
        assertThat(refusal.ack()).isEqualTo(1001);
        peer.send(99, 1000, 2000, RST, "");
        peer.silent();
    }

    @Test
    void aBadChecksumIsDroppedWithoutAWord() {
        byte[] segment = peer.segment(RawPeer.PEER_PORT, 99, 1, 2, ACK, 100, NONE, NONE);
        segment[5] ^= 1;
        peer.packet(RawPeer.ip(peer.remote, peer.local, 6, segment));
        peer.silent();
        assertThat(peer.stack.counters().tcp.segmentErrors).isEqualTo(1);
    }

    @Test
    @Rule("9293/MUST-10")
    void simultaneousOpenEstablishesOneConnection() {
        OffloadConnection connection = connecting();
        int port = connection.localPort();
        peer.send(port, 7000, 0, SYN, NONE, NONE);
        Seen answer = peer.one();
        assertThat(answer.flags()).isEqualTo(SYN | ACK);
        assertThat(answer.seq()).isEqualTo(ours - 1);
        assertThat(answer.ack()).isEqualTo(7001);
        assertThat(connection.state()).isEqualTo(TcpState.SYN_RCVD);
        peer.send(port, 7000, ours, SYN | ACK, NONE, NONE);
        assertThat(peer.one().flags()).isEqualTo(ACK);
        assertThat(connection.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(handler.connects).isEqualTo(1);
    }

    @Test
    void aWrongAckInSynSentIsReset() {
        OffloadConnection connection = connecting();
        peer.send(connection.localPort(), 7000, ours + 5, SYN | ACK, "");
        Seen reset = peer.one();
        assertThat(reset.flags()).isEqualTo(RST);
        assertThat(reset.seq()).isEqualTo(ours + 5);
        assertThat(connection.state()).isEqualTo(TcpState.SYN_SENT);
    }

    @Test
    void aResetWithoutAckDoesNotEndSynSent() {
        OffloadConnection connection = connecting();
        peer.send(connection.localPort(), 7000, 0, RST, "");
        assertThat(handler.closed).isNull();
        peer.send(connection.localPort(), 7000, ours, RST | ACK, "");
        assertThat(handler.closed).isEqualTo("connection refused");
    }

    @Test
    void aFinBeforeItsDataWaitsForIt() {
        OffloadConnection connection = accepted();
        peer.send(PORT, theirs + 3, ours, ACK | FIN, "def");
        assertThat(peer.one().ack()).isEqualTo(theirs);
        assertThat(connection.endOfStream()).isFalse();
        handler.echoEnd = false;
        peer.send(PORT, theirs, ours, ACK, "abc");
        assertThat(peer.one().ack()).isEqualTo(theirs + 7);
        assertThat(connection.state()).isEqualTo(TcpState.CLOSE_WAIT);
        assertThat(handler.received).hasToString("abcdef");
        assertThat(handler.ended).isTrue();
    }

    @Test
    void aFinSentTwiceIsAcknowledgedTwice() {
        handler.echoEnd = false;
        accepted();
        peer.send(PORT, theirs, ours, ACK | FIN, "");
        assertThat(peer.one().ack()).isEqualTo(theirs + 1);
        peer.send(PORT, theirs, ours, ACK | FIN, "");
        assertThat(peer.one().ack()).isEqualTo(theirs + 1);
    }

    /** Our side closes first and ends in TIME_WAIT. */
    private OffloadConnection timeWait() {
        handler.echoEnd = false;
        OffloadConnection connection = accepted(ALL_OPTIONS);
        connection.shutdownOutput();
        assertThat(peer.one().flags() & FIN).isNotZero();
        peer.send(PORT, theirs, ours + 1, ACK | FIN, stamp(110, 0), NONE);
        assertThat(peer.one().ack()).isEqualTo(theirs + 1);
        assertThat(connection.state()).isEqualTo(TcpState.TIME_WAIT);
        return connection;
    }

    @Test
    @Rule("9293/MUST-13")
    void timeWaitAnswersTheFinAgainAndLastsTwoLifetimes() {
        OffloadConnection connection = timeWait();
        peer.pass(59_000_000_000L);
        peer.send(PORT, theirs, ours + 1, ACK | FIN, stamp(120, 0), NONE);
        assertThat(peer.one().ack()).isEqualTo(theirs + 1);
        peer.pass(59_000_000_000L);
        assertThat(connection.state()).isEqualTo(TcpState.TIME_WAIT);
        peer.pass(2_000_000_000L);
        assertThat(connection.state()).isEqualTo(TcpState.CLOSED);
    }

    @Test
    void aResetDoesNotKillTimeWait() {
        OffloadConnection connection = timeWait();
        peer.send(PORT, theirs + 1, 0, RST, "");
        assertThat(connection.state()).isEqualTo(TcpState.TIME_WAIT);
    }

    @Test
    void aNewSynReopensTimeWait() {
        OffloadConnection old = timeWait();
        Recorder next = handler;
        byte[] later = ALL_OPTIONS.clone();
        later[11] = 127;
        peer.send(PORT, theirs + 50_000, 0, SYN, later, NONE);
        Seen answer = peer.one();
        assertThat(answer.flags()).isEqualTo(SYN | ACK);
        assertThat(old.state()).isEqualTo(TcpState.CLOSED);
        assertThat(next.closed).isEmpty();
    }

    @Test
    @Rule("9293/MUST-34")
    void aWindowThatShrinksIsSurvived() {
        OffloadConnection connection = accepted();
        connection.send(ByteBuffer.wrap(new byte[least * 4]));
        peer.settle();
        assertThat(peer.segments).hasSize(4);
        peer.segments.clear();
        byte[] shrink = peer.segment(RawPeer.PEER_PORT, PORT, theirs, ours, ACK, 100, NONE, NONE);
        peer.packet(RawPeer.ip(peer.remote, peer.local, 6, shrink));
        peer.silent();
        peer.send(PORT, theirs, ours + least * 4, ACK, "");
        peer.silent();
        connection.send(ByteBuffer.wrap(new byte[10]));
        assertThat(peer.one().payload()).hasSize(10);
    }

    @Test
    @Rule("9293/MUST-66")
    void aZeroWindowStillTakesAcksAndResets() {
        handler.appetite = 0;
        OffloadConnection connection = accepted();
        int sent = 0;
        int window = 1024;
        while (window > 0) {
            byte[] chunk = new byte[Math.min(window, 1024)];
            peer.send(PORT, theirs + sent, ours, ACK, NONE, chunk);
            sent += chunk.length;
            // Every second segment is acknowledged at once, the last one after a while.
            peer.pass(peer.segments.isEmpty() ? 40_000_000 : 0);
            window = peer.one().window();
        }
        assertThat(sent).as("the receive buffer").isBetween(262_144 - least, 262_144);
        connection.send(ByteBuffer.wrap(new byte[10]));
        peer.settle();
        peer.segments.clear();
        peer.send(PORT, theirs + sent, ours + 10, ACK, "probe");
        assertThat(peer.segments.poll().ack()).isEqualTo(theirs + sent);
        peer.segments.clear();
        peer.send(PORT, theirs + sent, 0, RST, "");
        assertThat(handler.closed).isEqualTo("connection reset by peer");
    }

    @Test
    @Rule({"9293/MUST-5", "9293/MUST-6", "9293/MUST-7", "9293/MUST-64"})
    void optionsOfEveryKindAndLengthAreSurvived() {
        accepted();
        Random random = new Random(3);
        int sent = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] options = new byte[4 * (1 + random.nextInt(10))];
            random.nextBytes(options);
            if (i < 256) {
                options[0] = (byte) i;
                options[1] = (byte) (i % 4);
            }
            peer.send(PORT, theirs + sent++, ours, ACK, options, new byte[1]);
        }
        peer.segments.clear();
        assertThat(handler.received.size()).isEqualTo(sent);
    }

    @Test
    void segmentsOfEveryKindNeverBreakTheStack() {
        accepted();
        Random random = new Random(4);
        for (int i = 0; i < 20_000; i++) {
            int seq = theirs + random.nextInt(400) - 200;
            int ack = ours + random.nextInt(400) - 200;
            int flags = random.nextInt(64) & (random.nextInt(50) == 0 ? ~0 : ~RST);
            peer.send(PORT, seq, ack, flags, NONE, new byte[random.nextInt(300)]);
            peer.now += random.nextInt(50_000_000);
            peer.segments.clear();
        }
    }

    @Test
    void sendingOnAConnectionWhoseResetIsStillUntoldTakesNothing() {
        OffloadConnection broken = accepted();
        int[] taken = {-1};
        ConnectionHandler answering =
                new ConnectionHandler() {
                    @Override
                    public void onReadable(OffloadConnection connection) {
                        taken[0] = broken.send(ByteBuffer.allocate(1));
                    }
                };
        peer.stack.listen(81, 4, () -> answering);
        peer.send(81, ISS, 0, SYN, "");
        int seq = ISS + 1;
        int ack = peer.one().seq() + 1;
        peer.send(81, seq, ack, ACK, "");
        // The stack hears of both in one turn, before the application hears of either.
        deliver(81, seq, ack, FIN | ACK);
        deliver(PORT, theirs, ours, RST);
        peer.settle();
        assertThat(taken[0]).isZero();
        assertThat(handler.closed).isEqualTo("connection reset by peer");
    }

    private void deliver(int port, int seq, int ack, int flags) {
        byte[] segment = peer.segment(RawPeer.PEER_PORT, port, seq, ack, flags, 60_000, NONE, NONE);
        byte[] packet = RawPeer.ip(peer.remote, peer.local, 6, segment);
        peer.frame(RawPeer.LOCAL_MAC, peer.ip.etherType, packet);
    }
}
