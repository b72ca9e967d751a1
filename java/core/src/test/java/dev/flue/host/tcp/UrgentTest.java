// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static dev.flue.host.tcp.TcpFlags.ACK;
import static dev.flue.host.tcp.TcpFlags.FIN;
import static dev.flue.host.tcp.TcpFlags.SYN;
import static dev.flue.host.tcp.TcpFlags.URG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.RawPeer.Seen;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Urgent data, received in the stream and sent in it (RFC 9293, 3.8.5). */
@ParameterizedClass
@EnumSource(Ip.class)
class UrgentTest {
    private static final int PORT = 80;

    /** Sequence numbers wrap soon. */
    private static final int ISS = 0xffff_fff0;

    private static final byte[] NONE = {};

    /** Keeps how much was urgent each time it was told. */
    private static final class Listening extends Recorder {
        final List<Integer> told = new ArrayList<>();

        @Override
        public void onUrgent(OffloadConnection connection) {
            told.add(connection.urgent());
        }
    }

    private final RawPeer peer;
    private final Listening handler = new Listening();
    private OffloadConnection connection;
    private int theirs;
    private int ours;

    UrgentTest(Ip version) {
        peer = new RawPeer(version);
        peer.stack.listen(PORT, 4, () -> handler);
        peer.send(PORT, ISS, 0, SYN, "");
        ours = peer.one().seq() + 1;
        theirs = ISS + 1;
        peer.send(PORT, theirs, ours, ACK, "");
        connection = handler.connection;
    }

    @AfterEach
    void close() {
        peer.close();
    }

    /** A segment of the peer with an urgent pointer. */
    private void urgent(int seq, int pointer, int flags, int length, int window) {
        byte[] segment =
                peer.segment(
                        RawPeer.PEER_PORT,
                        PORT,
                        seq,
                        ours,
                        ACK | URG | flags,
                        window,
                        NONE,
                        new byte[length]);
        ByteBuffer.wrap(segment).order(ByteOrder.BIG_ENDIAN).putShort(18, (short) pointer);
        RawPeer.sumTcp(peer.remote, peer.local, segment);
        peer.packet(RawPeer.ip(peer.remote, peer.local, 6, segment));
    }

    @Test
    @Rule({"9293/MUST-30", "9293/MUST-32", "9293/MUST-33", "9293/MUST-62"})
    void urgentDataIsToldOfAndReceivedInTheStreamAndWhatIsLeftOfItCounts() {
        handler.appetite = 0;
        urgent(theirs, 30, 0, 20, 60_000);
        assertThat(handler.told).as("also of what has not come").containsExactly(30);
        assertThat(connection.available()).isEqualTo(20);
        handler.read(5);
        assertThat(connection.urgent()).isEqualTo(25);
        peer.send(PORT, theirs + 20, ours, ACK, NONE, new byte[40]);
        assertThat(connection.urgent()).isEqualTo(25);
        handler.read(25);
        assertThat(connection.urgent()).as("the pointer names the octet after it").isZero();
        assertThat(connection.available()).isEqualTo(30);
        handler.read(30);
        assertThat(handler.received.size()).isEqualTo(60);
        peer.segments.clear();
    }

    @Test
    @Rule("9293/MUST-32")
    void moreUrgentDataIsToldOfAndTheSameIsNot() {
        handler.appetite = 0;
        urgent(theirs, 10, 0, 10, 60_000);
        urgent(theirs + 10, 0, 0, 10, 60_000);
        urgent(theirs, 10, 0, 10, 60_000);
        assertThat(handler.told).containsExactly(10);
        urgent(theirs + 20, 100, 0, 10, 60_000);
        assertThat(handler.told).containsExactly(10, 120);
        handler.read(Integer.MAX_VALUE);
        assertThat(connection.urgent()).isEqualTo(90);
        // What was read is urgent no more, whatever old segments say.
        urgent(theirs, 10, 0, 10, 60_000);
        assertThat(handler.told).hasSize(2);
        peer.segments.clear();
    }

    @Test
    @Rule("9293/MUST-31")
    void urgentDataThatComesMayBeOfAnyLength() {
        int length = 0;
        for (int i = 0; i < 150; i++) {
            urgent(theirs + length, 60_000, 0, 1000, 60_000);
            length += 1000;
            assertThat(connection.urgent()).isEqualTo(59_000);
        }
        assertThat(handler.received.size()).isEqualTo(length);
        assertThat(handler.told).hasSize(150);
        peer.segments.clear();
    }

    @Test
    @Rule("9293/MUST-66")
    void anUrgentPointerIsSeenWhenTheWindowIsClosed() {
        handler.appetite = 0;
        int sent = 0;
        int window = 1000;
        while (window > 0) {
            int length = Math.min(window, 1000);
            peer.send(PORT, theirs + sent, ours, ACK, NONE, new byte[length]);
            sent += length;
            peer.pass(1_000_000_000L);
            window = peer.segments.getLast().window();
            peer.segments.clear();
        }
        urgent(theirs + sent, 7, 0, 1, 60_000);
        assertThat(handler.told).containsExactly(sent + 7);
        peer.segments.clear();
    }

    @Test
    @Rule({"9293/MUST-30", "9293/MUST-62"})
    void dataSentAsUrgentCarriesThePointerBehindItsEndUntilAllOfItIsSent() {
        connection.send(ByteBuffer.allocate(300));
        peer.settle();
        assertThat(peer.one().flags() & URG).isZero();
        connection.sendUrgent(ByteBuffer.allocate(200));
        Seen seen = peer.one();
        assertThat(seen.flags() & URG).isNotZero();
        assertThat(seen.seq() + seen.urgentPointer()).isEqualTo(ours + 500);
        connection.send(ByteBuffer.allocate(100));
        Seen after = peer.one();
        assertThat(after.flags() & URG).isZero();
        assertThat(after.urgentPointer()).isZero();
        // Sent again, it is as urgent as before.
        peer.pass(2_000_000_000L);
        Seen first = peer.segments.poll();
        assertThat(first.seq()).isEqualTo(ours);
        assertThat(first.seq() + first.urgentPointer()).isEqualTo(ours + 500);
        peer.segments.clear();
    }

    @Test
    @Rule("9293/MUST-31")
    void urgentDataThatIsSentMayBeOfAnyLength() {
        int taken = connection.sendUrgent(ByteBuffer.allocate(200_000));
        assertThat(taken).isEqualTo(200_000);
        peer.settle();
        int acked = 0;
        while (acked < taken) {
            for (Seen seen = peer.segments.poll(); seen != null; seen = peer.segments.poll()) {
                int left = taken - (seen.seq() - ours);
                assertThat(seen.urgentPointer()).isEqualTo(Math.min(left, 0xffff));
                acked = Math.max(acked, seen.seq() - ours + seen.payload().length);
            }
            peer.send(PORT, theirs, ours + acked, ACK, "");
        }
        connection.send(ByteBuffer.allocate(1));
        assertThat(peer.one().flags() & URG).isZero();
    }

    @Test
    @Rule("9293/MUST-30")
    void aPeerWhoseWindowIsClosedHearsOfUrgentDataAtOnce() {
        byte[] closed = peer.segment(RawPeer.PEER_PORT, PORT, theirs, ours, ACK, 0, NONE, NONE);
        peer.packet(RawPeer.ip(peer.remote, peer.local, 6, closed));
        peer.silent();
        connection.sendUrgent(ByteBuffer.allocate(50));
        Seen notice = peer.one();
        assertThat(notice.payload()).isEmpty();
        assertThat(notice.flags()).isEqualTo(ACK | URG);
        assertThat(notice.seq() + notice.urgentPointer()).isEqualTo(ours + 50);
    }

    @Test
    void urgentDataBehindTheEndOrOfAClosedConnectionIsNothing() {
        handler.echoEnd = false;
        urgent(theirs, 4, FIN, 4, 60_000);
        assertThat(handler.told).containsExactly(4);
        urgent(theirs + 5, 100, 0, 0, 60_000);
        assertThat(handler.told).hasSize(1);
        peer.segments.clear();
    }
}
