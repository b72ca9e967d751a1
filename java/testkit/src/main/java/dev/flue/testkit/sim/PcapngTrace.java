// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A run's frames as a pcapng file: those that host A sent and received on interface 0, those of
 * host B on interface 1, times in nanoseconds, directions in the flags.
 */
public final class PcapngTrace implements SimRun.Trace {
    private static final int SECTION = 0x0a0d0d0a;
    private static final int BYTE_ORDER = 0x1a2b3c4d;
    private static final int INTERFACE = 1;
    private static final int PACKET = 6;
    private static final int ETHERNET = 1;
    private static final int NANOSECONDS = 9;
    private static final int INBOUND = 1;
    private static final int OUTBOUND = 2;

    private final OutputStream out;

    /** {@code out} stays the caller's. */
    public PcapngTrace(OutputStream out) {
        this.out = out;
        ByteBuffer section = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        section.putInt(BYTE_ORDER).putShort((short) 1).putShort((short) 0).putLong(-1);
        block(SECTION, section.array());
        for (int i = 0; i < 2; i++) {
            ByteBuffer one = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
            one.putShort((short) ETHERNET).putShort((short) 0).putInt(0);
            // if_tsresol, then the end of options.
            one.putShort((short) 9).putShort((short) 1).putInt(NANOSECONDS).putInt(0);
            block(INTERFACE, one.array());
        }
    }

    @Override
    public void onFrame(long now, int port, boolean received, byte[] frame, String line) {
        int padded = frame.length + 3 & -4;
        ByteBuffer packet = ByteBuffer.allocate(20 + padded + 12).order(ByteOrder.LITTLE_ENDIAN);
        packet.putInt(port).putInt((int) (now >>> 32)).putInt((int) now);
        packet.putInt(frame.length).putInt(frame.length);
        packet.put(frame).position(20 + padded);
        // epb_flags: which way.
        packet.putShort((short) 2).putShort((short) 4).putInt(received ? INBOUND : OUTBOUND);
        packet.putInt(0);
        block(PACKET, packet.array());
    }

    private void block(int type, byte[] body) {
        ByteBuffer block = ByteBuffer.allocate(body.length + 12).order(ByteOrder.LITTLE_ENDIAN);
        block.putInt(type).putInt(block.capacity()).put(body).putInt(block.capacity());
        try {
            out.write(block.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
