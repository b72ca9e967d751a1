// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.offload.Binding;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import dev.flue.testkit.NblPool;
import dev.flue.testkit.RecordingProtocol;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The script's end of the wire: bare frames over any miniport, and an answer to whoever asks for
 * its MAC address. No TCP.
 */
final class WirePeer implements AutoCloseable {
    private static final int ETHERTYPE_ARP = 0x0806;
    private static final int ARP_BYTES = 42;
    private static final int FRAMES = 256;
    private static final int FRAME_BYTES = 9_014;

    private final Miniport port;
    private final RecordingProtocol protocol;
    private final Binding binding;
    private final NblPool frames;
    private final Endpoint self;

    WirePeer(Memory memory, MiniportAdapter adapter, Endpoint self) {
        this.port = adapter.miniport();
        this.protocol = new RecordingProtocol(memory);
        this.binding = new Binding(memory, protocol, adapter);
        this.protocol.bind(binding);
        this.frames = new NblPool(memory, FRAMES, FRAME_BYTES);
        this.self = self;
    }

    void send(byte[] frame) {
        long ref = frames.allocate(frame);
        if (ref == 0) {
            throw new IllegalStateException("all " + FRAMES + " frames are under way");
        }
        binding.sendNetBufferLists(ref);
    }

    int doWork(long nowNanos) {
        int work = port.doWork(nowNanos);
        protocol.takeSentFrames(frames);
        return work;
    }

    long nextDeadline() {
        return port.nextDeadline();
    }

    /** IPv4 frames received since the last call. */
    List<byte[]> received() {
        List<byte[]> out = new ArrayList<>();
        for (byte[] frame : protocol.frames()) {
            int type = (frame[12] & 0xff) << 8 | frame[13] & 0xff;
            if (type == ETHERTYPE_ARP) {
                answer(ByteBuffer.wrap(frame));
            } else {
                out.add(frame);
            }
        }
        protocol.frames().clear();
        return out;
    }

    private void answer(ByteBuffer request) {
        boolean forUs =
                request.capacity() >= ARP_BYTES
                        && request.getShort(20) == 1
                        && request.getInt(38) == self.address();
        if (!forUs) {
            return;
        }
        ByteBuffer reply = ByteBuffer.allocate(60);
        reply.put(request.array(), 6, 6);
        mac(reply, self.mac());
        reply.put(request.array(), 12, 8).putShort((short) 2);
        mac(reply, self.mac());
        reply.putInt(self.address());
        reply.put(request.array(), 22, 10);
        send(reply.array());
    }

    private static void mac(ByteBuffer out, long mac) {
        out.putShort((short) (mac >>> 32)).putInt((int) mac);
    }

    int held() {
        return frames.held();
    }

    @Override
    public void close() {
        frames.close();
    }
}
