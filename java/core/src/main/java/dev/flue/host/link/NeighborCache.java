// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import dev.flue.data.IpAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Next hops of both versions of IP: their MAC addresses, and whether packets get there. One state
 * machine, that of RFC 4861, for what ARP and neighbor discovery learn; who asks and how is a
 * {@link Resolver}. Entries and waiting packets are bounded. One thread; time is what {@link #now}
 * was last told, or an argument.
 */
public final class NeighborCache {
    /** Asks who has an address. */
    @FunctionalInterface
    public interface Resolver {
        /**
         * Ask once.
         *
         * @param mac whom to ask; 0 = everybody who can be meant
         */
        void solicit(IpAddress hop, long mac);
    }

    /** Who hears of changes. Called out of receiving and timers; may not call back into here. */
    public interface Listener {
        /** A known next hop has another MAC address. */
        void macChanged(IpAddress hop, long mac);

        /** A next hop did not answer; nothing is known of it any more. */
        void unreachable(IpAddress hop);
    }

    static final int MAX_ENTRIES = 1024;
    static final int MAX_WAITING = 8;

    /** MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT. */
    static final int MAX_SOLICITATIONS = 3;

    /** Frames at once that a link which is back is greeted with, for each version of IP or both. */
    static final int MAX_ASKED_ANEW = 64;

    /** RETRANS_TIMER. */
    static final long RETRANSMIT_NANOS = 1_000_000_000L;

    /** REACHABLE_TIME. */
    static final long REACHABLE_NANOS = 30_000_000_000L;

    /** DELAY_FIRST_PROBE_TIME. */
    static final long DELAY_NANOS = 5_000_000_000L;

    /** One next hop. */
    private static final class Entry {
        final IpAddress hop;
        Reachability state = Reachability.INCOMPLETE;
        long mac;
        boolean everConfirmed;
        long confirmedAt;
        int solicitations;
        long dueAt = Long.MAX_VALUE;
        int questions; // to everybody, because the link is another one
        long againAt = Long.MAX_VALUE;
        long waitingHead;
        long waitingTail;
        int waiting;

        Entry(IpAddress hop) {
            this.hop = hop;
        }
    }

    private final EthernetLink link;
    private final LinkCounters counters;
    private final Map<IpAddress, Entry> table = new HashMap<>();
    private final List<Entry> entries = new ArrayList<>();
    private Resolver ipv4 = (hop, mac) -> {};
    private Resolver ipv6 = (hop, mac) -> {};
    private Listener listener;
    private long now;
    private long nextDue = Long.MAX_VALUE;

    public NeighborCache(EthernetLink link, LinkCounters counters) {
        this.link = link;
        this.counters = counters;
    }

    /** Who asks for IPv4 addresses; set once, before the first packet. */
    public void ipv4Resolver(Resolver value) {
        ipv4 = value;
    }

    /** Who asks for IPv6 addresses; set once, before the first packet. */
    public void ipv6Resolver(Resolver value) {
        ipv6 = value;
    }

    public void listener(Listener value) {
        listener = value;
    }

    /** Let the clock know the time before anything else of a turn. */
    public void now(long time) {
        now = time;
    }

    // ---- What is known.

    /** The state of a next hop, or null when nothing is known of it. */
    public Reachability state(IpAddress hop) {
        Entry entry = table.get(hop);
        return entry == null ? null : age(entry);
    }

    /** The MAC address of a next hop, or 0 when it is not known. */
    public long mac(IpAddress hop) {
        Entry entry = table.get(hop);
        return entry == null ? 0 : entry.mac;
    }

    /** How long ago a next hop last proved that packets get there; Long.MAX_VALUE = never. */
    public long confirmedAgo(IpAddress hop, long time) {
        Entry entry = table.get(hop);
        boolean ever = entry != null && entry.everConfirmed;
        return ever ? Math.max(0, time - entry.confirmedAt) : Long.MAX_VALUE;
    }

    private Reachability age(Entry entry) {
        if (entry.state == Reachability.REACHABLE && now - entry.confirmedAt >= REACHABLE_NANOS) {
            entry.state = Reachability.STALE;
        }
        return entry.state;
    }

    // ---- What others tell.

    /**
     * Packets get there: an upper layer made progress, or a target says so. Without effect on a
     * next hop whose MAC address is not known.
     */
    public void confirm(IpAddress hop) {
        Entry entry = table.get(hop);
        if (entry != null && entry.mac != 0) {
            confirm(entry);
        }
    }

    private void confirm(Entry entry) {
        entry.state = Reachability.REACHABLE;
        entry.everConfirmed = true;
        entry.confirmedAt = now;
        entry.dueAt = Long.MAX_VALUE;
        entry.againAt = Long.MAX_VALUE;
    }

    /** Doubt it: ask by unicast now. Asks everybody when the MAC address is not known. */
    public void probe(IpAddress hop) {
        Entry entry = table.get(hop);
        if (entry == null) {
            entry = add(hop);
            if (entry == null) {
                return;
            }
            ask(entry, Reachability.INCOMPLETE);
        } else if (entry.mac != 0 && entry.state != Reachability.PROBE) {
            ask(entry, Reachability.PROBE);
        }
    }

    /**
     * The link is another one, or was away: its hosts may have other MAC addresses. Those that are
     * known are asked for, of everybody, until they answer or three times; packets go on to where
     * they went. At most {@link #MAX_ASKED_ANEW}, those that were heard of last.
     */
    public void askAnew() {
        List<Entry> known = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.mac != 0 && entry.state != Reachability.PROBE) {
                known.add(entry);
            }
        }
        known.sort(Comparator.comparingLong((Entry entry) -> entry.confirmedAt).reversed());
        for (Entry entry : known.subList(0, Math.min(known.size(), MAX_ASKED_ANEW))) {
            entry.questions = MAX_SOLICITATIONS;
            again(entry);
        }
    }

    private void again(Entry entry) {
        entry.questions--;
        entry.againAt = now + RETRANSMIT_NANOS;
        nextDue = Math.min(nextDue, entry.againAt);
        resolver(entry).solicit(entry.hop, 0);
    }

    private Resolver resolver(Entry entry) {
        return entry.hop.isIpv4() ? ipv4 : ipv6;
    }

    private void ask(Entry entry, Reachability state) {
        entry.state = state;
        entry.solicitations = 0;
        solicit(entry);
    }

    private void solicit(Entry entry) {
        entry.solicitations++;
        due(entry, now + RETRANSMIT_NANOS);
        resolver(entry).solicit(entry.hop, entry.state == Reachability.PROBE ? entry.mac : 0);
    }

    private void due(Entry entry, long at) {
        entry.dueAt = at;
        nextDue = Math.min(nextDue, at);
    }

    /**
     * A host told its MAC address without being asked by us: the source of a request or of a
     * solicitation.
     *
     * @param create whether to remember one of which nothing is known: it asked for us
     */
    public void learn(IpAddress hop, long mac, boolean create) {
        Entry entry = table.get(hop);
        if (entry == null && create) {
            entry = add(hop);
        }
        if (entry != null && entry.mac != mac) {
            changed(entry, mac, Reachability.STALE);
        }
    }

    /**
     * An answer: an ARP reply, a neighbor advertisement (RFC 4861, 7.2.5). Ignored when nothing is
     * known of its sender.
     *
     * @param mac 0 = it named none
     * @param solicited whether it answers a question of ours
     * @param override whether it may replace another MAC address
     */
    public void answered(IpAddress hop, long mac, boolean solicited, boolean override) {
        Entry entry = table.get(hop);
        if (entry == null || entry.mac == 0 && mac == 0) {
            return;
        }
        boolean other = mac != 0 && mac != entry.mac;
        if (entry.state == Reachability.INCOMPLETE) {
            changed(entry, mac, Reachability.STALE);
        } else if (other && !override) {
            if (age(entry) == Reachability.REACHABLE) {
                entry.state = Reachability.STALE;
            }
            return;
        } else if (other) {
            changed(entry, mac, Reachability.STALE);
        }
        if (solicited) {
            confirm(entry);
        }
    }

    private void changed(Entry entry, long mac, Reachability state) {
        long old = entry.mac;
        entry.mac = mac;
        entry.state = state;
        entry.dueAt = Long.MAX_VALUE;
        sendWaiting(entry);
        if (old != 0 && listener != null) {
            listener.macChanged(entry.hop, mac);
        }
    }

    // ---- Packets.

    /**
     * Send an IP packet that lies ready in a frame buffer, now or when its next hop is known. Takes
     * the frame.
     */
    public void transmit(long frame, IpAddress hop, int length) {
        Entry entry = table.get(hop);
        if (entry == null) {
            entry = add(hop);
            if (entry == null) {
                counters.neighborDrops++;
                link.frames().free(frame);
                return;
            }
            ask(entry, Reachability.INCOMPLETE);
        }
        if (entry.mac == 0) {
            hold(entry, frame, length);
            return;
        }
        link.transmit(frame, entry.mac, type(entry), length);
        if (age(entry) == Reachability.STALE) {
            entry.state = Reachability.DELAY;
            due(entry, now + DELAY_NANOS);
        }
    }

    private static int type(Entry entry) {
        return entry.hop.isIpv4() ? EthernetLink.TYPE_IPV4 : EthernetLink.TYPE_IPV6;
    }

    private void hold(Entry entry, long frame, int length) {
        BufferPool frames = link.frames();
        frames.range(frame, EthernetLink.PAYLOAD, length);
        frames.next(frame, 0);
        if (entry.waiting == MAX_WAITING) {
            long oldest = entry.waitingHead;
            entry.waitingHead = frames.next(oldest);
            entry.waiting--;
            counters.neighborDrops++;
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

    /** They went to a neighbor that told its address: from now on it has to prove itself. */
    private void sendWaiting(Entry entry) {
        BufferPool frames = link.frames();
        boolean sent = entry.waiting > 0;
        while (entry.waiting > 0) {
            long frame = entry.waitingHead;
            entry.waitingHead = frames.next(frame);
            entry.waiting--;
            link.transmit(frame, entry.mac, type(entry), frames.length(frame));
        }
        if (sent && entry.state == Reachability.STALE) {
            entry.state = Reachability.DELAY;
            due(entry, now + DELAY_NANOS);
        }
    }

    // ---- Entries.

    private Entry add(IpAddress hop) {
        if (entries.size() == MAX_ENTRIES && !evict()) {
            return null;
        }
        Entry entry = new Entry(hop);
        table.put(hop, entry);
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
        table.remove(entry.hop);
        entries.remove(entry);
        counters.neighborDrops += entry.waiting;
        if (entry.waiting > 0) {
            link.frames().freeChain(entry.waitingHead);
            entry.waiting = 0;
        }
    }

    /** Ask, ask again, or give up, where it is time; entries that something was done about. */
    public int runTimers(long time) {
        now = time;
        if (now < nextDue) {
            return 0;
        }
        int work = 0;
        for (int i = entries.size() - 1; i >= 0; i--) {
            Entry entry = entries.get(i);
            if (now >= entry.dueAt) {
                work++;
                fire(entry);
            } else if (now >= entry.againAt) {
                work++;
                askedAgain(entry);
            }
        }
        nextDue = Long.MAX_VALUE;
        for (Entry entry : entries) {
            nextDue = Math.min(nextDue, Math.min(entry.dueAt, entry.againAt));
        }
        return work;
    }

    /** Nobody answers: packets that get nowhere make upper layers doubt it, not this. */
    private void askedAgain(Entry entry) {
        entry.againAt = Long.MAX_VALUE;
        if (entry.questions > 0) {
            again(entry);
        }
    }

    private void fire(Entry entry) {
        if (entry.state == Reachability.DELAY) {
            ask(entry, Reachability.PROBE);
        } else if (entry.solicitations < MAX_SOLICITATIONS) {
            solicit(entry);
        } else {
            counters.neighborFailures++;
            remove(entry);
            if (listener != null) {
                listener.unreachable(entry.hop);
            }
        }
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
