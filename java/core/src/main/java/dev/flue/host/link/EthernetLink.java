// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import dev.flue.offload.Binding;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/**
 * Ethernet frames out, through the binding, in the order they were built. A frame buffer is
 * allocated here, filled from {@link #PAYLOAD} on, and belongs to the link from {@link #transmit}
 * on; the binding gives it back by {@link #complete}. One thread.
 */
public final class EthernetLink implements AutoCloseable {
    /** Where the payload starts in a frame buffer: after the Ethernet header. */
    public static final int PAYLOAD = 14;

    public static final int TYPE_IPV4 = 0x0800;
    public static final int TYPE_ARP = 0x0806;
    public static final int TYPE_IPV6 = 0x86dd;
    public static final long BROADCAST = 0xffff_ffff_ffffL;

    private static final int DESTINATION = 0;
    private static final int SOURCE = 6;
    private static final int TYPE = 12;
    private static final int FIRST_FRAMES = 256;
    private static final int MAX_FRAMES = 16384;

    private final Binding binding;
    private final BufferPool frames;
    private final long mac;
    private final LinkCounters counters;
    private long head;
    private long tail;
    private int queued;

    /**
     * @param mtu largest IP packet, bytes
     */
    public EthernetLink(Memory memory, Binding binding, long mac, int mtu, LinkCounters counters) {
        this.binding = binding;
        this.mac = mac;
        this.counters = counters;
        this.frames = new BufferPool(memory, PAYLOAD + mtu, FIRST_FRAMES, MAX_FRAMES);
    }

    public long mac() {
        return mac;
    }

    /** The pool, for those who keep frames or segments. */
    public BufferPool frames() {
        return frames;
    }

    /** An empty frame; 0 = none left now. */
    public long allocate() {
        long frame = frames.allocate();
        if (frame == 0) {
            counters.framesWithoutBuffer++;
        }
        return frame;
    }

    /** Put the header on and queue the frame; it goes down at the next {@link #flush}. */
    public void transmit(long frame, long destination, int type, int payloadLength) {
        ByteBuffer buffer = frames.buffer(frame);
        int at = BufferPool.dataAt(frame);
        Net.putMac(buffer, at + DESTINATION, destination);
        Net.putMac(buffer, at + SOURCE, mac);
        Net.put16(buffer, at + TYPE, type);
        frames.range(frame, 0, PAYLOAD + payloadLength);
        frames.next(frame, 0);
        if (tail == 0) {
            head = frame;
        } else {
            frames.next(tail, frame);
        }
        tail = frame;
        queued++;
    }

    /** Give what was queued to the port; frames given. */
    public int flush() {
        int count = queued;
        if (count > 0) {
            long chain = head;
            head = 0;
            tail = 0;
            queued = 0;
            counters.framesOut += count;
            binding.sendNetBufferLists(chain);
        }
        return count;
    }

    /** Frames the port is done with. */
    public void complete(long netBufferLists) {
        frames.freeChain(netBufferLists);
    }

    public static long destination(ByteBuffer buffer, int at) {
        return Net.mac(buffer, at + DESTINATION);
    }

    public static long source(ByteBuffer buffer, int at) {
        return Net.mac(buffer, at + SOURCE);
    }

    public static int type(ByteBuffer buffer, int at) {
        return Net.u16(buffer, at + TYPE);
    }

    /** Whether a MAC address is a group's. */
    public static boolean multicast(long address) {
        return (address >>> 40 & 1) != 0;
    }

    @Override
    public void close() {
        frames.freeChain(head);
        head = 0;
        tail = 0;
        queued = 0;
        frames.close();
    }
}
