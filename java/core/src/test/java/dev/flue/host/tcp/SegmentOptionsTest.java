// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.flue.data.IpAddress;
import dev.flue.host.Rule;
import dev.flue.host.ip.Datagram;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Options of any bytes: read as the RFC says, by another reader, and never beyond the header. */
class SegmentOptionsTest {
    private final Segment segment = new Segment();
    private final Datagram datagram = new Datagram();

    /** What a header says, read one option after the other. */
    private static final class Expected {
        boolean timestamps;
        int tsVal;
        int tsEcr;
        int mss;
        int windowShift = -1;
        boolean sackPermitted;
        int sackBlocks;
        int firstStart;
        int lastEnd;

        Expected(byte[] options, int length, boolean syn) {
            ByteBuffer in = ByteBuffer.wrap(options, 0, length);
            while (in.hasRemaining()) {
                int kind = in.get() & 0xff;
                if (kind == 0) {
                    return;
                }
                if (kind == 1) {
                    continue;
                }
                int size = in.hasRemaining() ? (in.get() & 0xff) - 2 : -1;
                if (size < 0 || size > in.remaining()) {
                    return;
                }
                take(kind, in.slice().limit(size), syn);
                in.position(in.position() + size);
            }
        }

        private void take(int kind, ByteBuffer value, boolean syn) {
            int size = value.limit();
            if (kind == 8 && size == 8) {
                timestamps = true;
                tsVal = value.getInt(0);
                tsEcr = value.getInt(4);
            } else if (kind == 5 && size % 8 == 0) {
                sackBlocks = size / 8;
                firstStart = size > 0 ? value.getInt(0) : 0;
                lastEnd = size > 0 ? value.getInt(size - 4) : 0;
            } else if (syn && kind == 2 && size == 2) {
                mss = value.getShort(0) & 0xffff;
            } else if (syn && kind == 3 && size == 1) {
                windowShift = Math.min(14, value.get(0) & 0xff);
            } else if (syn && kind == 4 && size == 0) {
                sackPermitted = true;
            }
        }
    }

    /** The segment ends the buffer: a byte more cannot be read. */
    private void parse(byte[] options, int length, boolean syn, int offset) {
        ByteBuffer buffer =
                ByteBuffer.allocate(offset + Segment.HEADER + length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(offset + 12, (byte) (Segment.HEADER + length << 2));
        buffer.put(offset + 13, (byte) (syn ? TcpFlags.SYN : TcpFlags.ACK));
        buffer.put(offset + Segment.HEADER, options, 0, length);
        datagram.local = IpAddress.of(0, 0xffff_c612_0001L);
        datagram.buffer = buffer;
        datagram.at = offset;
        datagram.length = Segment.HEADER + length;
        segment.parse(datagram); // its sum is not right; what is looked at is read all the same
    }

    private void compare(byte[] options, int length, boolean syn, int offset) {
        Expected e = new Expected(options, length, syn);
        parse(options, length, syn, offset);
        boolean same =
                e.timestamps == segment.timestamps
                        && e.tsVal == segment.tsVal
                        && e.tsEcr == segment.tsEcr
                        && e.mss == segment.mss
                        && e.windowShift == segment.windowShift
                        && e.sackPermitted == segment.sackPermitted
                        && e.sackBlocks == segment.sackBlocks
                        && (e.sackBlocks == 0
                                || e.firstStart == segment.sackStarts[0]
                                        && e.lastEnd == segment.sackEnds[e.sackBlocks - 1]);
        assertTrue(same, () -> "options " + HexFormat.of().formatHex(options, 0, length));
        assertEquals(0, segment.payloadLength);
    }

    @Test
    @Rule({"9293/MUST-6", "9293/MUST-7"})
    void everyOptionOfUpToThreeBytesIsReadOrIgnored() {
        byte[] options = new byte[4];
        for (int all = 0; all < 1 << 24; all++) {
            options[0] = (byte) (all >> 16);
            options[1] = (byte) (all >> 8);
            options[2] = (byte) all;
            // The third byte matters to kinds that take one, and behind padding; a third is enough
            // else.
            int kind = all >> 16;
            if (kind > 8 && (all & 0xff) > 12 && (all & 0xff) < 250) {
                continue;
            }
            compare(options, 4, (all & 1) == 0 || kind == 3, 0);
        }
    }

    @Test
    @Rule({"9293/MUST-5", "9293/MUST-6", "9293/MUST-7", "9293/MUST-64"})
    void optionsOfAnyBytesAtAnyAlignmentAreReadAlikeByTwoReaders() {
        Random random = new Random(7323);
        byte[] options = new byte[40];
        byte[] kinds = {0, 1, 2, 3, 4, 5, 8, 8, 10, 18, 26, 34, (byte) 253};
        for (int round = 0; round < 300_000; round++) {
            random.nextBytes(options);
            for (int i = 0; i < 40; i++) {
                if (random.nextInt(3) > 0) {
                    options[i] = kinds[random.nextInt(kinds.length)];
                }
            }
            compare(options, random.nextInt(11) * 4, random.nextInt(4) == 0, random.nextInt(8));
        }
    }

    @Test
    @Rule("9293/MUST-7")
    void headersOfImpossibleLengthAreNoSegments() {
        for (int length = 0; length < 64; length++) {
            for (int words = 0; words < 16; words++) {
                ByteBuffer buffer =
                        ByteBuffer.allocate(Math.max(length, 20)).order(ByteOrder.LITTLE_ENDIAN);
                buffer.put(12, (byte) (words << 4));
                datagram.local = IpAddress.of(0, 0xffff_c612_0001L);
                datagram.buffer = buffer.limit(length);
                datagram.at = 0;
                datagram.length = length;
                if (length < 20 || words < 5 || words * 4 > length) {
                    assertFalse(segment.parse(datagram));
                }
            }
        }
    }
}
