// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.HostStackConfig;
import dev.flue.host.Ip;
import dev.flue.host.RawPeer;
import dev.flue.host.RawPeer.Seen;
import dev.flue.host.Recorder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A connection between a stack and a test that plays the peer segment by segment. Places in both
 * streams are counted from 0; the sequence numbers wrap soon.
 */
final class Talk implements AutoCloseable {
    static final int PORT = 80;
    static final int MSS = 1000;

    /** MSS 1000 and SACK. */
    static final byte[] SACK = {2, 4, 3, (byte) 0xe8, 1, 1, 4, 2};

    /** SACK, timestamps, a window scale of 7, and an MSS that leaves 1000. */
    static final byte[] ALL = {
        2, 4, 3, (byte) 0xf4, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 7
    };

    /** MSS 1000. */
    static final byte[] PLAIN = {2, 4, 3, (byte) 0xe8};

    private static final int ISS = 0xffff_f000;

    final RawPeer peer;
    final Recorder handler = new Recorder();
    final OffloadConnection connection;
    final TcpConnection tcp;
    final int ours;
    final int theirs = ISS + 1;
    private final boolean timestamps;
    private int clock = 100;

    /** Control bits of what the peer sends, beside ACK. */
    int flags;

    /** TSecr of what the peer sends. */
    int echo;

    Talk(byte[] options) {
        this(options, config -> config);
    }

    Talk(byte[] options, UnaryOperator<HostStackConfig.Builder> tune) {
        HostStackConfig.Builder config =
                HostStackConfig.builder()
                        .address(Ip.V4.first)
                        .detectDuplicates(false)
                        .seed(5)
                        .maxConnections(16);
        peer = new RawPeer(tune.apply(config).build());
        handler.echoEnd = false;
        peer.stack.listen(PORT, 4, () -> handler);
        peer.send(PORT, ISS, 0, TcpFlags.SYN, options, new byte[0]);
        ours = peer.one().seq() + 1;
        timestamps = options == ALL;
        ack(0);
        peer.silent();
        connection = handler.connection;
        tcp = (TcpConnection) connection;
    }

    /** The peer sends data. */
    void data(int at, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (at + i);
        }
        peer.send(PORT, theirs + at, ours, flags | TcpFlags.ACK, options(), bytes);
    }

    /** The peer acknowledges, with SACK blocks: from, to, from, to. */
    void ack(int at, int... blocks) {
        peer.send(PORT, theirs, ours + at, flags | TcpFlags.ACK, options(blocks), new byte[0]);
    }

    private byte[] options(int... blocks) {
        int sack = blocks.length == 0 ? 0 : 4 + 4 * blocks.length;
        ByteBuffer options = ByteBuffer.allocate((timestamps ? 12 : 0) + sack);
        if (timestamps) {
            clock += 10;
            options.putInt(0x0101080a).putInt(clock).putInt(echo);
        }
        if (sack > 0) {
            options.putInt(0x01010500 | 2 + 4 * blocks.length);
            for (int block : blocks) {
                options.putInt(ours + block);
            }
        }
        return options.array();
    }

    /** The stack has so many segments to send. */
    void write(int bytes) {
        assertThat(connection.send(ByteBuffer.allocate(bytes))).isEqualTo(bytes);
        peer.settle();
    }

    /** What the stack sent since the last look. */
    List<Seen> sent() {
        peer.settle();
        List<Seen> all = new ArrayList<>(peer.segments);
        peer.segments.clear();
        return all;
    }

    /** Places of the data that the stack sent since the last look. */
    List<Integer> sentAt() {
        return sent().stream()
                .filter(each -> each.payload().length > 0)
                .map(each -> each.seq() - ours)
                .toList();
    }

    /** Where an ACK stands. */
    int place(Seen segment) {
        return segment.ack() - theirs;
    }

    /** Blocks of its SACK option, as places: from, to, from, to. */
    List<Integer> blocks(Seen segment) {
        ByteBuffer options = ByteBuffer.wrap(segment.options());
        List<Integer> blocks = new ArrayList<>();
        while (options.hasRemaining()) {
            int kind = options.get();
            int length = kind <= 1 ? 1 : options.get();
            for (int i = 2; i < length; i += kind == 5 ? 4 : 1) {
                if (kind == 5) {
                    blocks.add(options.getInt() - theirs);
                } else {
                    options.get();
                }
            }
        }
        return blocks;
    }

    void pass(long millis) {
        peer.pass(millis * 1_000_000);
    }

    @Override
    public void close() {
        peer.close();
    }
}
