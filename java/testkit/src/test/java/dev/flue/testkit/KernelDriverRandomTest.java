// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.AddressSet;
import dev.flue.im.KernelDriver;
import dev.flue.im.KernelSettings;
import dev.flue.offload.Binding;
import dev.flue.offload.Mdl;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.RecordPool;
import dev.flue.spi.HeapMemory;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Frames of any kind from the network and from the kernel, most of them nearly right: cut short,
 * with a tag, in fragments, with any number of headers in front, with bytes of chance in them, in
 * any pieces. Each goes, unchanged, where another reader says, and comes back.
 */
class KernelDriverRandomTest {
    private static final long OURS = 0x0200_0000_0002L;
    private static final long PEERS = 0x0200_0000_0001L;
    private static final long MAPPED = 0xffffL << 32;
    private static final long NET4 = MAPPED | 0xc612_0000L;
    private static final long HI6 = 0x2001_0db8_0000_0000L;
    private static final int OWN = 3;
    private static final int SHARED = 2;
    private static final int ROUNDS = 3000;
    private static final int READ = 256; // What a sorter looks at.

    private final HeapMemory memory = new HeapMemory();
    private final RecordingTarget network = new RecordingTarget(memory);
    private final RecordingTarget side = new RecordingTarget(memory);
    private final NblReader reader = new NblReader(memory);
    private final NetBufferList nbl = new NetBufferList(memory);
    private final NetBuffer nb = new NetBuffer(memory);
    private final Mdl mdl = new Mdl(memory);
    private final RecordPool mdls = new RecordPool(memory, Mdl.BYTES, 64);
    private final List<Long> pieces = new ArrayList<>();
    private final RecordingProtocol host = new RecordingProtocol(memory);
    private final KernelDriver driver =
            new KernelDriver(
                    memory,
                    new MiniportAdapter(memory, network),
                    new MiniportAdapter(memory, side),
                    16,
                    new KernelSettings(
                            OURS,
                            new AddressSet().add(0, NET4 | OWN).add(HI6, OWN),
                            new AddressSet().add(0, NET4 | SHARED).add(HI6, SHARED)));
    private final Map<List<Object>, String> fragments = new HashMap<>();
    private SplittableRandom random;
    private long now = 1;

    private static boolean claims(long localPort, long remotePort) {
        return localPort == 80 || localPort == 61_000 && remotePort == 443;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void everyFrameGoesWhereAnotherReaderSaysWholeAndComesBack(long seed) {
        random = new SplittableRandom(seed);
        host.bind(new Binding(memory, host, new MiniportAdapter(memory, driver.upper())));
        driver.claims(
                (localHi, localLo, localPort, hi, lo, remotePort) -> claims(localPort, remotePort));
        Map<String, Integer> seen = new HashMap<>();
        for (int i = 0; i < ROUNDS; i++) {
            byte[] frame = frame();
            String where = arrive(frame);
            String expected = expected(frame);
            assertThat(where)
                    .as("frame %s", HexFormat.of().formatHex(frame))
                    .isIn((Object[]) expected.split(" or "));
            seen.merge(where, 1, Integer::sum);
            leave(frame());
        }
        assertThat(seen).containsOnlyKeys("host", "kernel", "both", "nobody");
        assertThat(seen.values()).allMatch(count -> count > ROUNDS / 100);
        assertThat(driver.held().values()).as("%s", driver.held()).containsOnly(0);
        assertThat(driver.strayCalls()).isZero();
        driver.close();
        assertThat(network.buffersHeld()).isZero();
        assertThat(side.buffersHeld()).isZero();
        mdls.close();
    }

    // ---- What the driver does.

    private void work() {
        do {
            now += 20_000;
        } while (driver.upper().doWork(now) > 0);
    }

    private String arrive(byte[] frame) {
        host.frames().clear();
        side.io().clear();
        side.holdIo();
        network.frame(frame, this::cutIntoPieces);
        work();
        boolean atHost = !host.frames().isEmpty();
        boolean atKernel = !side.io().isEmpty();
        if (atHost) {
            assertThat(host.frames()).containsExactly(frame);
        }
        if (atKernel) {
            assertThat(side.io()).hasSize(1);
            assertThat(reader.bytes(side.io().get(0).netBufferLists())).isEqualTo(frame);
        }
        side.release();
        work();
        pieces.forEach(mdls::free);
        pieces.clear();
        return atHost ? atKernel ? "both" : "host" : atKernel ? "kernel" : "nobody";
    }

    /** The kernel sends it: it goes to the network, unless it is of a connection of ours. */
    private void leave(byte[] frame) {
        network.io().clear();
        network.holdIo();
        side.frame(frame);
        work();
        if (!network.io().isEmpty()) {
            assertThat(reader.bytes(network.io().get(0).netBufferLists())).isEqualTo(frame);
        } else {
            assertThat(frame.length).as("with ports").isGreaterThanOrEqualTo(14 + 20 + 4);
        }
        network.release();
        work();
        assertThat(side.buffersHeld()).isZero();
    }

    private void cutIntoPieces(long ref) {
        long at = nb.wrap(nbl.wrap(ref).firstNetBuffer()).currentMdl();
        int left = mdl.wrap(at).byteCount();
        for (int i = random.nextInt(4); i > 0 && left > 1; i--) {
            int bytes = 1 + random.nextInt(Math.min(left - 1, 60));
            long data = mdl.wrap(at).data();
            long next = mdls.allocate();
            pieces.add(next);
            left -= bytes;
            mdl.byteCount(bytes).next(next);
            mdl.wrap(next).next(0).data(data + bytes).byteCount(left);
            at = next;
        }
    }

    // ---- Frames.

    private int one(int... of) {
        return of[random.nextInt(of.length)];
    }

    private boolean once(int in) {
        return random.nextInt(in) == 0;
    }

    private byte[] frame() {
        ByteBuffer to = ByteBuffer.allocate(600);
        mac(to, once(8) ? 0xffff_ffff_ffffL : OURS);
        mac(to, once(16) ? OURS : PEERS);
        if (once(10)) {
            to.putShort((short) 0x8100).putShort((short) random.nextInt(4096));
        }
        switch (random.nextInt(5)) {
            case 0 -> arp(to);
            case 1, 2 -> ip4(to);
            case 3 -> ip6(to);
            default -> to.putShort((short) one(0x0800, 0x86dd, random.nextInt()));
        }
        if (once(3)) {
            byte[] more = new byte[random.nextInt(to.remaining())];
            random.nextBytes(more);
            to.put(more);
        }
        byte[] frame = Arrays.copyOf(to.array(), to.position());
        for (int i = once(3) ? 1 + random.nextInt(3) : 0; i > 0; i--) {
            frame[random.nextInt(frame.length)] = (byte) random.nextInt();
        }
        return once(4) ? Arrays.copyOf(frame, 1 + random.nextInt(frame.length)) : frame;
    }

    private static void mac(ByteBuffer to, long mac) {
        to.putShort((short) (mac >> 32)).putInt((int) mac);
    }

    private void address(ByteBuffer to, boolean ip6) {
        int last = random.nextInt(1, 5);
        if (ip6) {
            to.putLong(HI6).putLong(last);
        } else {
            to.putInt((int) NET4 | last);
        }
    }

    private void arp(ByteBuffer to) {
        to.putShort((short) 0x0806).putInt(0x0001_0800).putInt(0x0604_0000 | one(1, 1, 2, 9));
        mac(to, PEERS);
        address(to, false);
        mac(to, 0);
        address(to, false);
    }

    private void ip4(ByteBuffer to) {
        to.putShort((short) 0x0800);
        int protocol = one(6, 6, 6, 1, 1, 17);
        packet4(to, protocol, once(3) ? one(0x2000, 0x2003, 3, 1) : 0);
        if (protocol == 1) {
            to.putInt(one(0x0301, 0x0400, 0x0b00, 0x0c00, 0x0800) << 16).putInt(0);
            packet4(to, one(6, 6, 17), once(6) ? 5 : 0);
        }
        ports(to);
    }

    private void packet4(ByteBuffer to, int protocol, int fragment) {
        int words = once(4) ? random.nextInt(16) : 5;
        to.putInt((0x40 | words) << 24 | 60).putShort((short) random.nextInt(4));
        to.putShort((short) fragment).putInt(64 << 24 | protocol << 16);
        address(to, false);
        address(to, false);
        to.put(new byte[4 * Math.max(0, words - 5)]);
    }

    private void ports(ByteBuffer to) {
        to.putShort((short) one(80, 443, 61_000, 22));
        to.putShort((short) one(80, 443, 61_000, 22)).putLong(0);
    }

    private void ip6(ByteBuffer to) {
        to.putShort((short) 0x86dd);
        int last = one(6, 6, 6, 58, 58, 17);
        int headers = once(2) ? 0 : once(10) ? random.nextInt(30) : 1 + random.nextInt(3);
        int next = headers == 0 ? last : one(0, 43, 44, 60);
        packet6(to, next);
        for (int i = 1; i <= headers; i++) {
            int after = i == headers ? last : one(0, 43, 60, 60);
            int words = next == 44 || once(2) ? 0 : random.nextInt(3);
            to.put((byte) after).put((byte) words).putShort((short) one(1, 0, 24));
            to.putInt(random.nextInt(4)).put(new byte[8 * words]);
            next = after;
        }
        if (last == 58) {
            to.putInt(one(1, 2, 3, 128, 130, 134, 135, 136) << 24).putInt(0);
            if (once(2)) {
                packet6(to, one(6, 6, 17));
            } else {
                address(to, true);
            }
        }
        ports(to);
    }

    private void packet6(ByteBuffer to, int next) {
        to.putInt(0x6000_0000).putInt(60 << 16 | next << 8 | 64);
        address(to, true);
        address(to, true);
    }

    // ---- The other reader: what it does not find is the kernel's.

    private record Addresses(long fromHi, long from, long toHi, long to) {
        boolean toOne(int last) {
            return toHi == 0 ? to == (NET4 | last) : toHi == HI6 && to == last;
        }

        static Addresses of4(ByteBuffer in, int at) {
            return new Addresses(
                    0,
                    MAPPED | Integer.toUnsignedLong(in.getInt(at + 12)),
                    0,
                    MAPPED | Integer.toUnsignedLong(in.getInt(at + 16)));
        }

        static Addresses of6(ByteBuffer in, int at) {
            return new Addresses(
                    in.getLong(at + 8),
                    in.getLong(at + 16),
                    in.getLong(at + 24),
                    in.getLong(at + 32));
        }
    }

    private String expected(byte[] frame) {
        try {
            ByteBuffer in = ByteBuffer.wrap(Arrays.copyOf(frame, Math.min(frame.length, READ)));
            int type = Short.toUnsignedInt(in.getShort(12));
            if ((in.getLong(4) & 0xffff_ffff_ffffL) == OURS) {
                return "nobody";
            }
            boolean many = (in.get(0) & 1) != 0;
            return switch (type) {
                case 0x0806 -> in.limit() < 42 || in.getShort(20) != 1 ? "both" : asked4(in);
                case 0x0800 -> many ? "kernel" : read4(in);
                case 0x86dd -> read6(in, many);
                default -> "kernel";
            };
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            return "kernel";
        }
    }

    private String asked4(ByteBuffer in) {
        return asked(new Addresses(0, 0, 0, MAPPED | Integer.toUnsignedLong(in.getInt(38))));
    }

    private static String asked(Addresses of) {
        return of.toOne(OWN) ? "host" : of.toOne(SHARED) ? "kernel" : "both";
    }

    /** Whose a segment is; {@code sent}: by us, once, and now quoted. */
    private static String segment(ByteBuffer in, int at, boolean sent) {
        if (at + 4 > in.limit()) {
            return "kernel";
        }
        int from = Short.toUnsignedInt(in.getShort(at));
        int to = Short.toUnsignedInt(in.getShort(at + 2));
        return (sent ? claims(from, to) : claims(to, from)) ? "host" : "kernel";
    }

    private static int header4(ByteBuffer in, int at) {
        int first = Byte.toUnsignedInt(in.get(at));
        in.getInt(at + 16);
        if (first >> 4 != 4 || (first & 15) < 5) {
            throw new BufferUnderflowException();
        }
        return at + 4 * (first & 15);
    }

    private String read4(ByteBuffer in) {
        int at = header4(in, 14);
        Addresses addresses = Addresses.of4(in, 14);
        if (addresses.toOne(OWN)) {
            return "host";
        }
        int fragment = in.getShort(20) & 0x3fff;
        int protocol = in.get(23);
        if (protocol == 1 && (fragment & 0x1fff) == 0 && at + 8 <= in.limit()) {
            if (!List.of(3, 4, 11, 12).contains((int) in.get(at))) {
                return "kernel";
            }
            int quoted = header4(in, at + 8);
            boolean ports = in.get(at + 17) == 6 && (in.getShort(at + 14) & 0x1fff) == 0;
            return ports ? segment(in, quoted, true) : "kernel";
        }
        if (protocol != 6) {
            return "kernel";
        }
        List<Object> packet = List.of(addresses, Short.toUnsignedInt(in.getShort(18)));
        return fragment == 0
                ? segment(in, at, false)
                : part(packet, fragment & 0x1fff, segment(in, at, false));
    }

    private String part(List<Object> packet, int offset, String first) {
        if (offset != 0) {
            String to = fragments.get(packet);
            // A newer packet may have taken its place.
            return to == null ? "both" : to + " or both";
        }
        fragments.put(packet, first);
        return first;
    }

    private String read6(ByteBuffer in, boolean many) {
        Addresses addresses = Addresses.of6(in, 14);
        if (addresses.toOne(OWN)) {
            return "host";
        }
        int next = Byte.toUnsignedInt(in.get(20));
        int at = 54;
        for (int i = 0; i < 16 && List.of(0, 43, 44, 60).contains(next); i++) {
            in.getLong(at);
            if (next == 44) {
                int offset = in.getShort(at + 2) & 0xfff8;
                return in.get(at) != 6 || many
                        ? "kernel"
                        : part(
                                List.of(addresses, in.getInt(at + 4)),
                                offset,
                                segment(in, at + 8, false));
            }
            next = Byte.toUnsignedInt(in.get(at));
            at += 8 + 8 * Byte.toUnsignedInt(in.get(at + 1));
        }
        return switch (next) {
            case 6 -> many ? "kernel" : segment(in, at, false);
            case 58 -> control6(in, at);
            default -> "kernel";
        };
    }

    private static String control6(ByteBuffer in, int at) {
        in.getLong(at);
        int type = Byte.toUnsignedInt(in.get(at));
        if (type == 136 || type == 130) {
            return "both";
        }
        if (type == 135 && at + 24 <= in.limit()) {
            return asked(new Addresses(0, 0, in.getLong(at + 8), in.getLong(at + 16)));
        }
        if (type > 4) {
            return "kernel";
        }
        in.getLong(at + 40);
        return in.get(at + 14) == 6 ? segment(in, at + 48, true) : "kernel";
    }
}
