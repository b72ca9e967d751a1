// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Puts fragments of packets together, of both versions of IP (RFC 791, RFC 8200). Packets under way
 * and their bytes are bounded, the oldest gives way; what is not complete after a minute is
 * dropped. Fragments that overlap spoil their packet (RFC 5722). Allocates: fragments are no fast
 * path. One thread.
 */
final class Reassembler {
    static final int MAX_PACKETS = 64;
    static final int MAX_BYTES = 1 << 20;
    static final int MAX_FRAGMENTS = 128;
    static final long TIMEOUT_NANOS = 60_000_000_000L;

    /** Room in front of the bytes for a header of either version without options. */
    static final int HEADROOM = Ipv6.HEADER;

    private static final int MAX_PAYLOAD = 0xffff;
    private static final int FIRST_BYTES = 2048;

    /**
     * Which fragments belong together.
     *
     * @param protocol 0 for IPv6, where it does not count
     */
    record Key(IpAddress source, IpAddress destination, int id, int protocol) {}

    /** A packet under way. */
    static final class Packet {
        /** Whole once it is returned: {@link #HEADROOM} bytes, then {@link #length} bytes. */
        ByteBuffer buffer =
                ByteBuffer.allocate(HEADROOM + FIRST_BYTES).order(ByteOrder.LITTLE_ENDIAN);

        /** Bytes behind the header; -1 = the last fragment is not there yet. */
        int length = -1;

        /** Whether one of the fragments had IP options, or extension headers. */
        boolean options;

        /** Next header that the first fragment named. */
        int protocol;

        private final long until;
        private final int[] starts = new int[MAX_FRAGMENTS];
        private final int[] ends = new int[MAX_FRAGMENTS];
        private int count;
        private int received;

        /** Two of its fragments overlapped: the others are thrown away as they come. */
        private boolean spoiled;

        private Packet(long until) {
            this.until = until;
        }

        private boolean complete() {
            return received == length;
        }

        private void reserve(int bytes) {
            int wanted = HEADROOM + bytes;
            if (wanted > buffer.capacity()) {
                int size =
                        Math.max(wanted, Math.min(2 * buffer.capacity(), HEADROOM + MAX_PAYLOAD));
                ByteBuffer larger = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
                larger.put(0, buffer, 0, buffer.capacity());
                buffer = larger;
            }
        }
    }

    private final IpCounters counters;
    private final Map<Key, Packet> packets = new LinkedHashMap<>();
    private int bytes;

    Reassembler(IpCounters counters) {
        this.counters = counters;
    }

    /**
     * A fragment.
     *
     * @param offset of its first byte in the packet
     * @param more whether fragments follow; then its length is a multiple of 8
     * @param protocol next header
     * @return the packet when this one completed it, else null
     */
    Packet add(Key key, Datagram fragment, int offset, boolean more, int protocol, long now) {
        counters.fragmentsIn++;
        int end = offset + fragment.length;
        if (fragment.length == 0 || end > MAX_PAYLOAD) {
            counters.reassemblyFailures++;
            return null;
        }
        expire(now);
        Packet packet = packets.get(key);
        if (packet == null) {
            packet = new Packet(now + TIMEOUT_NANOS);
            bytes += packet.buffer.capacity();
            packets.put(key, packet);
        }
        if (packet.spoiled || !place(packet, fragment, offset, end, more)) {
            return null;
        }
        packet.options |= fragment.options;
        if (offset == 0) {
            packet.protocol = protocol;
        }
        if (packet.complete()) {
            remove(key);
            counters.packetsReassembled++;
            return packet;
        }
        makeRoom(key);
        return null;
    }

    /** False when the fragment is a copy of one that is there, or spoils the packet. */
    private boolean place(Packet packet, Datagram fragment, int offset, int end, boolean more) {
        boolean tooMany = packet.count == MAX_FRAGMENTS;
        boolean otherEnd =
                packet.length >= 0 && (end > packet.length || !more && end != packet.length);
        boolean beyond = false;
        for (int i = 0; i < packet.count; i++) {
            if (packet.starts[i] == offset && packet.ends[i] == end) {
                return false;
            }
            beyond |= packet.starts[i] < end && offset < packet.ends[i];
            beyond |= !more && packet.ends[i] > end;
        }
        if (tooMany || otherEnd || beyond) {
            spoil(packet);
            return false;
        }
        if (!more) {
            packet.length = end;
        }
        bytes -= packet.buffer.capacity();
        packet.reserve(end);
        bytes += packet.buffer.capacity();
        packet.buffer.put(HEADROOM + offset, fragment.buffer, fragment.at, fragment.length);
        packet.starts[packet.count] = offset;
        packet.ends[packet.count++] = end;
        packet.received += fragment.length;
        return true;
    }

    /** A fragment that is the whole packet. */
    static Packet whole(Datagram fragment, int protocol) {
        Packet packet = new Packet(0);
        packet.reserve(fragment.length);
        packet.buffer.put(HEADROOM, fragment.buffer, fragment.at, fragment.length);
        packet.length = fragment.length;
        packet.options = fragment.options;
        packet.protocol = protocol;
        return packet;
    }

    /** It stays, empty, until its time is over: what still comes of it is not a new packet. */
    private void spoil(Packet packet) {
        counters.reassemblyFailures++;
        packet.spoiled = true;
        bytes -= packet.buffer.capacity();
        packet.buffer = ByteBuffer.allocate(0);
    }

    /** Within the limits again; the one that just grew stays. */
    private void makeRoom(Key last) {
        Iterator<Map.Entry<Key, Packet>> oldest = packets.entrySet().iterator();
        while ((packets.size() > MAX_PACKETS || bytes > MAX_BYTES) && oldest.hasNext()) {
            Map.Entry<Key, Packet> entry = oldest.next();
            if (!entry.getKey().equals(last)) {
                drop(entry.getValue());
                oldest.remove();
            }
        }
    }

    private void remove(Key key) {
        bytes -= packets.remove(key).buffer.capacity();
    }

    private void drop(Packet packet) {
        counters.reassemblyFailures += packet.spoiled ? 0 : 1;
        bytes -= packet.buffer.capacity();
    }

    /** Drop what was too long under way; packets dropped. Allocates nothing when nothing is. */
    int expire(long now) {
        if (packets.isEmpty()) {
            return 0;
        }
        int dropped = 0;
        Iterator<Packet> oldest = packets.values().iterator();
        while (oldest.hasNext()) {
            Packet packet = oldest.next();
            if (now < packet.until) {
                break;
            }
            drop(packet);
            oldest.remove();
            dropped++;
        }
        return dropped;
    }

    /** When {@link #expire} has something to do next, or Long.MAX_VALUE. */
    long nextDeadline() {
        return packets.isEmpty() ? Long.MAX_VALUE : packets.values().iterator().next().until;
    }

    /** Packets under way. */
    int size() {
        return packets.size();
    }

    int bytesHeld() {
        return bytes;
    }
}
