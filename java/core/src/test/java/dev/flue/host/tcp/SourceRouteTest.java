// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static dev.flue.host.tcp.TcpFlags.ACK;
import static dev.flue.host.tcp.TcpFlags.RST;
import static dev.flue.host.tcp.TcpFlags.SYN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.data.OpenOptions;
import dev.flue.host.RawPeer;
import dev.flue.host.RawPeer.Seen;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.ip.Checksum;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Packets of IPv4 that go by a route, as an application names it or as the peer's came. */
class SourceRouteTest {
    private static final int PORT = 80;
    private static final byte[] NONE = {};
    private static final IpAddress A = IpAddress.of("198.18.0.11");
    private static final IpAddress B = IpAddress.of("198.18.0.12");
    private static final IpAddress C = IpAddress.of("198.18.0.13");

    private final RawPeer peer = new RawPeer();
    private final Recorder handler = new Recorder();

    SourceRouteTest() {
        for (IpAddress hop : new IpAddress[] {A, B, C}) {
            peer.stack.neighbor(hop, RawPeer.PEER_MAC);
        }
    }

    @AfterEach
    void close() {
        peer.close();
    }

    /** A loose route, its pointer behind so many of its addresses; filled up to whole words. */
    private static byte[] route(int passed, IpAddress... addresses) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(131);
        out.write(3 + 4 * addresses.length);
        out.write(4 + 4 * passed);
        for (IpAddress each : addresses) {
            out.writeBytes(ByteBuffer.allocate(4).putInt(each.toIpv4()).array());
        }
        out.write(0);
        return out.toByteArray();
    }

    private void send(byte[] options, int port, int seq, int ack, int flags, byte[] payload) {
        byte[] segment =
                peer.segment(RawPeer.PEER_PORT, port, seq, ack, flags, 60_000, NONE, payload);
        peer.packet(withOptions(options, RawPeer.ip(peer.remote, peer.local, 6, segment)));
    }

    private static byte[] withOptions(byte[] options, byte[] plain) {
        byte[] packet = new byte[plain.length + options.length];
        System.arraycopy(plain, 0, packet, 0, 20);
        System.arraycopy(options, 0, packet, 20, options.length);
        System.arraycopy(plain, 20, packet, 20 + options.length, plain.length - 20);
        packet[0] = (byte) (0x45 + options.length / 4);
        packet[2] = (byte) (packet.length >> 8);
        packet[3] = (byte) packet.length;
        return RawPeer.sumIp(packet);
    }

    /** The stack's packet went to the first hop, with the others and the peer behind it. */
    private void assertBy(Seen seen, IpAddress first, IpAddress... rest) {
        assertThat(seen.packet().destination()).isEqualTo(first);
        IpAddress[] all = Arrays.copyOf(rest, rest.length + 1);
        all[rest.length] = peer.remote;
        assertThat(seen.packet().options()).isEqualTo(route(0, all));
    }

    private OffloadConnection accepted(byte[] options) {
        peer.stack.listen(PORT, 4, () -> handler);
        send(options, PORT, 100, 0, SYN, NONE);
        Seen answer = peer.segments.peek();
        peer.segments.clear();
        send(options, PORT, 101, answer.seq() + 1, ACK, NONE);
        assertThat(handler.connects).isEqualTo(1);
        return handler.connection;
    }

    @Test
    @Rule("9293/MUST-51")
    void anActiveOpenGoesByTheRouteThatTheApplicationNames() {
        OpenOptions by = OpenOptions.DEFAULTS.via(A, B);
        OffloadConnection c = peer.stack.connect(peer.remote, RawPeer.PEER_PORT, handler, by);
        Seen syn = peer.one();
        assertBy(syn, A, B);
        // The checksum of TCP is that of the connection's ends, whoever is on the way.
        peer.send(c.localPort(), 500, syn.seq() + 1, SYN | ACK, "");
        assertBy(peer.one(), A, B);
        c.send(ByteBuffer.allocate(5000));
        peer.settle();
        Seen data = peer.segments.peek();
        assertThat(data.payload()).as("the options take room").hasSize(536 - 12);
        peer.segments.forEach(each -> assertBy(each, A, B));
        peer.segments.clear();
        assertThat(handler.connects).isEqualTo(1);
        c.offload();
        assertThat(c.offloadCause()).isNotEmpty();
        peer.segments.clear();
        c.abort();
        peer.settle();
        assertBy(peer.one(), A, B);
    }

    @Test
    @Rule("9293/MUST-51")
    void aRouteThatCannotBeIsRefused() {
        IpAddress six = IpAddress.of("2001:db8::1");
        OpenOptions mixed = OpenOptions.DEFAULTS.via(A, six);
        assertThatThrownBy(() -> peer.stack.connect(peer.remote, 9, handler, mixed))
                .isInstanceOf(IllegalArgumentException.class);
        OpenOptions.DEFAULTS.via(A, A, A, A, A, A, A, A);
        assertThatThrownBy(() -> OpenOptions.DEFAULTS.via(A, A, A, A, A, A, A, A, A))
                .isInstanceOf(IllegalArgumentException.class);
        OpenOptions group = OpenOptions.DEFAULTS.via(A);
        peer.stack.connect(IpAddress.of("224.0.0.1"), 9, handler, group);
        peer.silent();
        assertThat(handler.closed).isEqualTo("no route to host");
    }

    @Test
    @Rule("9293/MUST-52")
    void theRouteOfTheApplicationGoesBeforeTheOneThatThePeersPacketsCameBy() {
        OpenOptions by = OpenOptions.DEFAULTS.via(A);
        OffloadConnection c = peer.stack.connect(peer.remote, RawPeer.PEER_PORT, handler, by);
        int ours = peer.one().seq() + 1;
        send(route(2, B, C), c.localPort(), 500, ours, SYN | ACK, NONE);
        assertBy(peer.one(), A);
        send(route(2, B, C), c.localPort(), 501, ours, ACK, new byte[10]);
        peer.pass(1_000_000_000L);
        assertBy(peer.one(), A);
    }

    @Test
    @Rule("9293/MUST-53")
    void aPassiveOpenAnswersByTheWayBackFromItsFirstSegmentOn() {
        peer.stack.listen(PORT, 4, () -> handler);
        send(route(3, A, B, C), PORT, 100, 0, SYN, NONE);
        Seen answer = peer.one();
        assertThat(answer.flags()).isEqualTo(SYN | ACK);
        assertBy(answer, C, B, A);
        // The others come without; it stays.
        peer.send(PORT, 101, answer.seq() + 1, ACK, "");
        handler.connection.send(ByteBuffer.allocate(10));
        assertBy(peer.one(), C, B, A);
        handler.connection.offload();
        assertThat(handler.connection.offloadCause()).isNotEmpty();
        peer.pass(1_000_000_000L);
        assertBy(peer.segments.poll(), C, B, A);
        peer.segments.clear();
    }

    @Test
    @Rule("9293/MUST-53")
    void aSenderThatIsOnItsOwnListIsGoneToOnce() {
        peer.stack.listen(PORT, 4, () -> handler);
        send(route(3, peer.remote, A, B), PORT, 100, 0, SYN, NONE);
        assertBy(peer.one(), B, A);
        byte[] direct = route(1, peer.remote);
        byte[] syn = peer.segment(999, PORT, 100, 0, SYN, 60_000, NONE, NONE);
        peer.packet(withOptions(direct, RawPeer.ip(peer.remote, peer.local, 6, syn)));
        assertThat(peer.one().packet().options()).isEmpty();
    }

    @Test
    @Rule("9293/SHLD-24")
    void aRouteThatComesLaterReplacesTheOneBefore() {
        OffloadConnection c = accepted(route(1, A));
        c.send(ByteBuffer.allocate(10));
        Seen first = peer.one();
        assertBy(first, A);
        send(route(2, B, C), PORT, 101, first.seq() + 10, ACK, NONE);
        c.send(ByteBuffer.allocate(10));
        assertBy(peer.one(), C, B);
        // Not the route of a segment that nobody who is on the connection can have sent.
        send(route(1, A), PORT, 101, first.seq() + 5_000_000, ACK, NONE);
        send(route(1, A), PORT, 9_000_000, first.seq() + 10, ACK, NONE);
        peer.segments.clear();
        c.send(ByteBuffer.allocate(10));
        peer.settle();
        assertBy(peer.segments.getLast(), C, B);
        peer.segments.clear();
    }

    @Test
    void packetsWhoseRouteGoesOnOrCannotBeAreDropped() {
        peer.stack.listen(PORT, 4, () -> handler);
        byte[] broken = route(1, A);
        byte[][] routes = {
            route(0, A), route(1, A, B), broken.clone(), broken.clone(), broken.clone()
        };
        routes[2][2] = 3;
        routes[3][2] = 9;
        routes[4][1] = 6;
        for (byte[] each : routes) {
            send(each, PORT, 100, 0, SYN, NONE);
            peer.silent();
        }
        assertThat(peer.stack.counters().ip.headerErrors).isEqualTo(routes.length);
    }

    @Test
    void aStrangerIsResetByTheWayItCame() {
        send(route(1, A), 99, 100, 0, SYN, NONE);
        Seen reset = peer.one();
        assertThat(reset.flags()).isEqualTo(RST | ACK);
        assertBy(reset, A);
    }

    @Test
    @Rule("9293/MUST-54")
    void anErrorAboutAPacketOnItsRouteReachesItsConnection() {
        OpenOptions by = OpenOptions.DEFAULTS.via(A, B);
        OffloadConnection c = peer.stack.connect(peer.remote, RawPeer.PEER_PORT, handler, by);
        Seen syn = peer.one();
        byte[] tcp =
                peer.segment(c.localPort(), RawPeer.PEER_PORT, syn.seq(), 0, SYN, 0, NONE, NONE);
        byte[] quoted = withOptions(syn.packet().options(), RawPeer.ip(peer.local, A, 6, tcp));
        ByteBuffer b = ByteBuffer.allocate(8 + quoted.length).order(ByteOrder.LITTLE_ENDIAN);
        b.put(0, (byte) 3).put(1, (byte) 3).put(8, quoted);
        b.putShort(2, Checksum.finish(Checksum.add(0, b, 0, b.capacity())));
        peer.packet(RawPeer.ip(peer.remote, peer.local, 1, b.array()));
        assertThat(handler.closed).isEqualTo("connection refused");
    }

    @Test
    @Rule("9293/MUST-50")
    void optionsOfEveryKindDoNoHarm() {
        OffloadConnection c = accepted(new byte[] {1, 1, 1, 0});
        Random random = new Random(5);
        int seq = 101;
        for (int i = 0; i < 3000; i++) {
            byte[] options = new byte[4 * (1 + random.nextInt(10))];
            random.nextBytes(options);
            options[0] = (byte) (i % 131);
            send(options, PORT, seq, 1, ACK, new byte[1]);
        }
        byte[] unknown = {(byte) 0x9e, 4, 0, 0, 7, 4, 4, 0};
        int before = handler.received.size();
        send(unknown, PORT, seq + before, ((TcpConnection) c).snd.una, ACK, new byte[] {1});
        assertThat(handler.received.size()).isEqualTo(before + 1);
        peer.segments.clear();
    }
}
