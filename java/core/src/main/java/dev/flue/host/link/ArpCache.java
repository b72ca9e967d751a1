// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import dev.flue.data.IpAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Next hops and their MAC addresses (RFC 826). An entry is learned from answers to our requests and
 * from requests to us, refreshed by any packet of a host that is known (gratuitous ones included),
 * asked for again when it grows old, and dropped when nobody answers. Entries and waiting packets
 * are bounded. One thread.
 */
public final class ArpCache {
    /** What a change of a known next hop's address is told to. */
    @FunctionalInterface
    public interface ChangeListener {
        void macChanged(IpAddress address, long mac);
    }

    static final int PACKET_BYTES = 28;
    static final int MAX_ENTRIES = 1024;
    static final int MAX_WAITING = 8;
    static final int MAX_REQUESTS = 3;
    static final long REQUEST_INTERVAL_NANOS = 1_000_000_000L;
    static final long REACHABLE_NANOS = 60_000_000_000L;

    private static final int HARDWARE_ETHERNET = 1;
    private static final int OP_REQUEST = 1;
    private static final int OP_REPLY = 2;

    /** One next hop. */
    private static final class Entry {
        final IpAddress address;
        long mac;
        long confirmedAt;

        /** Requests sent since the last answer; 0 = not asking. */
        int requests;

        long dueAt;
        long waitingHead;
        long waitingTail;
        int waiting;

        Entry(IpAddress address) {
            this.address = address;
        }
    }

    private final EthernetLink link;
    private final IpAddress address;
    private final LinkCounters counters;
    private final Map<IpAddress, Entry> table = new HashMap<>();
    private final List<Entry> entries = new ArrayList<>();
    private ChangeListener listener = (hop, mac) -> {};
    private long nextDue = Long.MAX_VALUE;

    public ArpCache(EthernetLink link, IpAddress address, LinkCounters counters) {
        this.link = link;
        this.address = address;
        this.counters = counters;
    }

    public void listener(ChangeListener value) {
        listener = value;
    }

    /** The MAC address of a next hop, or 0 when it is not known. */
    public long lookup(IpAddress nextHop) {
        Entry entry = table.get(nextHop);
        return entry == null ? 0 : entry.mac;
    }

    /** When a next hop last proved that it is there, nanoseconds; meaningless when unknown. */
    public long confirmedAt(IpAddress nextHop) {
        Entry entry = table.get(nextHop);
        return entry == null ? 0 : entry.confirmedAt;
    }

    /**
     * Send an IPv4 packet that lies ready in a frame buffer, now or when its next hop is known.
     * Takes the frame.
     */
    public void transmit(long frame, IpAddress nextHop, int length, long now) {
        Entry entry = table.get(nextHop);
        if (entry != null && entry.mac != 0) {
            link.transmit(frame, entry.mac, EthernetLink.TYPE_IPV4, length);
            if (entry.requests == 0 && now >= entry.dueAt) {
                request(entry, now);
            }
            return;
        }
        if (entry == null) {
            entry = add(nextHop);
            if (entry == null) {
                counters.arpDrops++;
                link.frames().free(frame);
                return;
            }
            request(entry, now);
        }
        hold(entry, frame, length);
    }

    private void hold(Entry entry, long frame, int length) {
        BufferPool frames = link.frames();
        frames.range(frame, EthernetLink.PAYLOAD, length);
        frames.next(frame, 0);
        if (entry.waiting == MAX_WAITING) {
            long oldest = entry.waitingHead;
            entry.waitingHead = frames.next(oldest);
            entry.waiting--;
            counters.arpDrops++;
            frames.free(oldest);
        }
        if (entry.waiting == 0) {
            entry.waitingHead = frame;
        } else {
            frames.next(entry.waitingTail, frame);
        }
        entry.waitingTail = frame;
        entry.waiting++;
    }

    /** An ARP packet: {@code length} bytes after the Ethernet header. */
    public void receive(ByteBuffer buffer, int at, int length, long now) {
        if (length < PACKET_BYTES
                || Net.u16(buffer, at) != HARDWARE_ETHERNET
                || Net.u16(buffer, at + 2) != EthernetLink.TYPE_IPV4
                || Net.u8(buffer, at + 4) != 6
                || Net.u8(buffer, at + 5) != 4) {
            counters.framesIgnored++;
            return;
        }
        int operation = Net.u16(buffer, at + 6);
        long senderMac = Net.mac(buffer, at + 8);
        IpAddress sender = Net.address4(buffer, at + 14);
        boolean forUs = Net.address4(buffer, at + 24).equals(address);
        boolean asksUs = operation == OP_REQUEST && forUs && !sender.isUnspecified();
        if (sender.equals(address) || EthernetLink.multicast(senderMac) || senderMac == 0) {
            counters.framesIgnored++;
            return;
        }
        counters.arpIn++;
        learn(sender, senderMac, asksUs, now);
        if (asksUs) {
            send(OP_REPLY, sender, senderMac, senderMac);
            counters.arpRepliesOut++;
        }
    }

    private void learn(IpAddress sender, long mac, boolean asksUs, long now) {
        Entry entry = table.get(sender);
        if (entry == null && asksUs) {
            entry = add(sender);
        }
        if (entry == null) {
            return;
        }
        long old = entry.mac;
        entry.mac = mac;
        entry.confirmedAt = now;
        entry.requests = 0;
        entry.dueAt = now + REACHABLE_NANOS;
        BufferPool frames = link.frames();
        while (entry.waiting > 0) {
            long frame = entry.waitingHead;
            entry.waitingHead = frames.next(frame);
            entry.waiting--;
            link.transmit(frame, mac, EthernetLink.TYPE_IPV4, frames.length(frame));
        }
        if (old != 0 && old != mac) {
            listener.macChanged(sender, mac);
        }
    }

    private Entry add(IpAddress nextHop) {
        if (entries.size() == MAX_ENTRIES && !evict()) {
            return null;
        }
        Entry entry = new Entry(nextHop);
        table.put(nextHop, entry);
        entries.add(entry);
        return entry;
    }

    /** Make room: the entry longest without proof goes, unless packets wait for it. */
    private boolean evict() {
        Entry oldest = null;
        for (Entry entry : entries) {
            if (entry.waiting == 0 && (oldest == null || entry.confirmedAt < oldest.confirmedAt)) {
                oldest = entry;
            }
        }
        if (oldest != null) {
            remove(oldest);
        }
        return oldest != null;
    }

    private void remove(Entry entry) {
        table.remove(entry.address);
        entries.remove(entry);
        counters.arpDrops += entry.waiting;
        if (entry.waiting > 0) {
            link.frames().freeChain(entry.waitingHead);
            entry.waiting = 0;
        }
    }

    private void request(Entry entry, long now) {
        entry.requests++;
        entry.dueAt = now + REQUEST_INTERVAL_NANOS;
        nextDue = Math.min(nextDue, entry.dueAt);
        counters.arpRequestsOut++;
        send(OP_REQUEST, entry.address, 0, EthernetLink.BROADCAST);
    }

    private void send(int operation, IpAddress target, long targetMac, long destination) {
        long frame = link.allocate();
        if (frame == 0) {
            return;
        }
        ByteBuffer buffer = link.frames().buffer(frame);
        int at = BufferPool.dataAt(frame) + EthernetLink.PAYLOAD;
        Net.put16(buffer, at, HARDWARE_ETHERNET);
        Net.put16(buffer, at + 2, EthernetLink.TYPE_IPV4);
        buffer.put(at + 4, (byte) 6);
        buffer.put(at + 5, (byte) 4);
        Net.put16(buffer, at + 6, operation);
        Net.putMac(buffer, at + 8, link.mac());
        Net.putAddress4(buffer, at + 14, address);
        Net.putMac(buffer, at + 18, targetMac);
        Net.putAddress4(buffer, at + 24, target);
        link.transmit(frame, destination, EthernetLink.TYPE_ARP, PACKET_BYTES);
    }

    /** Ask again, or give up, where it is time; requests sent and entries dropped. */
    public int runTimers(long now) {
        if (now < nextDue) {
            return 0;
        }
        int work = 0;
        nextDue = Long.MAX_VALUE;
        for (int i = entries.size() - 1; i >= 0; i--) {
            Entry entry = entries.get(i);
            if (entry.requests > 0 && now >= entry.dueAt) {
                work++;
                if (entry.requests == MAX_REQUESTS) {
                    counters.arpFailures++;
                    remove(entry);
                    continue;
                }
                request(entry, now);
            }
            if (entry.requests > 0) {
                nextDue = Math.min(nextDue, entry.dueAt);
            }
        }
        return work;
    }

    /** When {@link #runTimers} has something to do next, or Long.MAX_VALUE. */
    public long nextDeadline() {
        return nextDue;
    }

    /** Packets that wait for an answer. */
    public int framesWaiting() {
        int frames = 0;
        for (Entry entry : entries) {
            frames += entry.waiting;
        }
        return frames;
    }

    public int size() {
        return entries.size();
    }

    /** Let go of everything that waits. */
    public void clear() {
        while (!entries.isEmpty()) {
            remove(entries.get(entries.size() - 1));
        }
    }
}
