// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.data.IpAddress;
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
 * its MAC address, by ARP or by neighbor discovery. No TCP.
 */
final class WirePeer implements AutoCloseable {
    private static final int ARP_BYTES = 42;
    private static final int ICMPV6 = 58;
    private static final int ICMPV6_AT = 54;
    private static final int ICMPV6_CHECKSUM_AT = 2;
    private static final int SOLICITATION = 135;
    private static final int SOLICITATION_BYTES = 24;
    private static final int ADVERTISEMENT = 136;
    private static final int SOLICITED_AND_OVERRIDE = 0x6000_0000;
    private static final int TARGET_LINK_ADDRESS = 2;

    /** Of neighbor discovery: the packet comes from the link itself (RFC 4861, 7.1). */
    private static final int ON_LINK = 255;

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

    /** Frames received since the last call, but for questions for a MAC address. */
    List<byte[]> received() {
        List<byte[]> out = new ArrayList<>();
        for (byte[] frame : protocol.frames()) {
            if (IpFrame.etherType(frame) == IpFrame.ETHERTYPE_ARP) {
                answerArp(ByteBuffer.wrap(frame));
            } else if (isSolicitation(frame)) {
                advertise(ByteBuffer.wrap(frame));
            } else {
                out.add(frame);
            }
        }
        protocol.frames().clear();
        return out;
    }

    private void answerArp(ByteBuffer request) {
        boolean forUs =
                request.capacity() >= ARP_BYTES
                        && request.getShort(20) == 1
                        && IpFrame.has(request.array(), 38, self.address());
        if (!forUs) {
            return;
        }
        ByteBuffer reply = ByteBuffer.allocate(60);
        reply.put(request.array(), 6, 6);
        IpFrame.putMac(reply, self.mac());
        reply.put(request.array(), 12, 8).putShort((short) 2);
        IpFrame.putMac(reply, self.mac());
        IpFrame.putAddress(reply, self.address());
        reply.put(request.array(), 22, 10);
        send(reply.array());
    }

    private static boolean isSolicitation(byte[] frame) {
        return frame.length >= ICMPV6_AT + SOLICITATION_BYTES
                && IpFrame.etherType(frame) == IpFrame.ETHERTYPE_IPV6
                && frame[IpFrame.ETHERNET + 6] == ICMPV6
                && (frame[ICMPV6_AT] & 0xff) == SOLICITATION;
    }

    /** Nobody else has our address, so that who asks for it has one. */
    private void advertise(ByteBuffer request) {
        if (!IpFrame.has(request.array(), ICMPV6_AT + 8, self.address())) {
            return;
        }
        long mac = (request.getShort(6) & 0xffffL) << 32 | request.getInt(8) & 0xffffffffL;
        int source = IpFrame.ETHERNET + 8;
        IpAddress asker = IpAddress.of(request.getLong(source), request.getLong(source + 8));
        ByteBuffer reply = ByteBuffer.allocate(32);
        reply.put((byte) ADVERTISEMENT).put((byte) 0).putShort((short) 0);
        reply.putInt(SOLICITED_AND_OVERRIDE);
        IpFrame.putAddress(reply, self.address());
        reply.put((byte) TARGET_LINK_ADDRESS).put((byte) 1);
        IpFrame.putMac(reply, self.mac());
        Endpoint to = new Endpoint(mac, asker, 0);
        send(IpFrame.build(self, to, ICMPV6, ON_LINK, reply.array(), ICMPV6_CHECKSUM_AT));
    }

    int held() {
        return frames.held();
    }

    @Override
    public void close() {
        frames.close();
    }
}
