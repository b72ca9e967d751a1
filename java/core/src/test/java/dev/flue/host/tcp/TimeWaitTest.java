// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static dev.flue.host.tcp.TcpFlags.ACK;
import static dev.flue.host.tcp.TcpFlags.FIN;
import static dev.flue.host.tcp.TcpFlags.RST;
import static dev.flue.host.tcp.TcpFlags.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.RawPeer.Seen;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A new connection takes over one in TIME_WAIT, or it does not (RFC 6191); half-open ones. */
@ParameterizedClass
@EnumSource(Ip.class)
class TimeWaitTest {
    private static final int PORT = 80;
    private static final byte[] NONE = {};

    private final RawPeer peer;
    private final Recorder handler = new Recorder();
    private Listener listener;
    private int theirs = 1_000;
    private int ours;

    private interface Listener {
        void close();
    }

    TimeWaitTest(Ip version) {
        peer = new RawPeer(version);
        handler.echoEnd = false;
    }

    @AfterEach
    void close() {
        peer.close();
    }

    /** Timestamps alone, on any segment. */
    private static byte[] stamp(int value) {
        return ByteBuffer.allocate(12).putInt(0x0101080a).putInt(value).putInt(0).array();
    }

    private OffloadConnection open(boolean stamped) {
        dev.flue.host.Listener made = peer.stack.listen(PORT, 4, () -> handler);
        listener = made::close;
        peer.send(PORT, theirs, 0, SYN, stamped ? stamp(100) : NONE, NONE);
        ours = peer.one().seq() + 1;
        theirs++;
        peer.send(PORT, theirs, ours, ACK, stamped ? stamp(101) : NONE, NONE);
        return handler.connection;
    }

    /** Our side closes first. */
    private OffloadConnection timeWait(boolean stamped) {
        OffloadConnection c = open(stamped);
        c.shutdownOutput();
        peer.one();
        ours++;
        peer.send(PORT, theirs, ours, ACK | FIN, stamped ? stamp(110) : NONE, NONE);
        peer.one();
        theirs++;
        assertThat(c.state()).isEqualTo(TcpState.TIME_WAIT);
        return c;
    }

    @Test
    @Rule({"9293/SHLD-4", "6191/2"})
    void aNewerTimestampTakesOverWhateverTheSequenceNumber() {
        OffloadConnection old = timeWait(true);
        peer.send(PORT, theirs - 50_000, 0, SYN, stamp(111), NONE);
        assertThat(peer.one().flags()).isEqualTo(SYN | ACK);
        assertThat(old.state()).isEqualTo(TcpState.CLOSED);
    }

    @Test
    @Rule("6191/2")
    void anOlderTimestampDoesNotWhateverTheSequenceNumber() {
        OffloadConnection old = timeWait(true);
        peer.send(PORT, theirs + 50_000, 0, SYN, stamp(109), NONE);
        assertThat(peer.one().flags()).isEqualTo(ACK);
        assertThat(old.state()).isEqualTo(TcpState.TIME_WAIT);
    }

    @Test
    @Rule({"9293/MAY-2", "6191/2"})
    void withTheSameTimestampOrNoneTheSequenceNumberDecides() {
        OffloadConnection old = timeWait(true);
        peer.send(PORT, theirs - 1, 0, SYN, stamp(110), NONE);
        assertThat(peer.one().flags()).isEqualTo(ACK);
        assertThat(old.state()).isEqualTo(TcpState.TIME_WAIT);
        peer.send(PORT, theirs + 1, 0, SYN, stamp(110), NONE);
        assertThat(peer.one().flags()).isEqualTo(SYN | ACK);
        assertThat(old.state()).isEqualTo(TcpState.CLOSED);
    }

    @Test
    @Rule("9293/MAY-2")
    void theNewConnectionStartsBeyondEverythingTheOldOneSent() {
        OffloadConnection c = open(false);
        // More than the clock of the sequence numbers goes on in that time.
        int bytes = 0;
        while (bytes < 2_000_000) {
            bytes += c.send(ByteBuffer.allocate(100_000));
            peer.settle();
            while (!peer.segments.isEmpty()) {
                Seen seen = peer.segments.poll();
                ours = Math.max(ours - seen.seq(), 0) > 0 ? ours : seen.seq();
                ours += seen.payload().length;
                peer.send(PORT, theirs, ours, ACK, "");
            }
        }
        c.shutdownOutput();
        peer.settle();
        int end = peer.segments.getLast().seq() + 1;
        peer.segments.clear();
        peer.send(PORT, theirs, end, ACK | FIN, "");
        peer.one();
        peer.send(PORT, theirs + 100_000, 0, SYN, "");
        Seen answer = peer.one();
        assertThat(answer.flags()).isEqualTo(SYN | ACK);
        assertThat(answer.seq() - end).isPositive();
    }

    @Test
    void nobodyTakesOverWhereNobodyListens() {
        OffloadConnection old = timeWait(true);
        listener.close();
        peer.send(PORT, theirs + 50_000, 0, SYN, stamp(200), NONE);
        assertThat(peer.one().flags()).isEqualTo(ACK);
        assertThat(old.state()).isEqualTo(TcpState.TIME_WAIT);
    }

    @Test
    void aPeerThatForgotItsConnectionFindsOutAndOpensAnother() {
        OffloadConnection old = open(false);
        int iss = theirs + 7_000_000;
        peer.send(PORT, iss, 0, SYN, "");
        Seen challenge = peer.one();
        assertThat(challenge.flags()).isEqualTo(ACK);
        assertThat(challenge.ack()).isEqualTo(theirs);
        // The peer knows of no such connection.
        peer.send(PORT, challenge.ack(), 0, RST, "");
        assertThat(handler.closed).isEqualTo("connection reset by peer");
        assertThat(old.state()).isEqualTo(TcpState.CLOSED);
        peer.send(PORT, iss, 0, SYN, "");
        assertThat(peer.one().flags()).isEqualTo(SYN | ACK);
    }

    @Test
    void aPeerThatForgotItsConnectionResetsWhatWeSend() {
        OffloadConnection old = open(false);
        old.send(ByteBuffer.allocate(10));
        Seen data = peer.one();
        peer.send(PORT, data.ack(), 0, RST, "");
        assertThat(handler.closed).isEqualTo("connection reset by peer");
        // And so do we, of a connection that we do not know.
        peer.send(PORT, theirs, ours + 10, ACK, "late");
        assertThat(peer.one().flags()).isEqualTo(RST);
    }
}
