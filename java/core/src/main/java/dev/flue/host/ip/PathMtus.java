// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import java.util.LinkedHashMap;
import java.util.Map;

/** Path MTUs smaller than the link's (RFC 1191), forgotten after ten minutes. Bounded. */
public final class PathMtus {
    /** Nothing smaller is believed. */
    static final int LEAST = 576;

    static final int MAX_ENTRIES = 1024;
    static final long LIFETIME_NANOS = 600_000_000_000L;

    private static final int[] PLATEAUS = {65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508};

    private record Entry(int mtu, long until) {}

    private final int linkMtu;
    private final Map<IpAddress, Entry> entries = new LinkedHashMap<>();

    public PathMtus(int linkMtu) {
        this.linkMtu = linkMtu;
    }

    /** Largest packet that reaches a destination, as far as known. */
    public int get(IpAddress destination, long now) {
        Entry entry = entries.get(destination);
        if (entry != null && now - entry.until >= 0) {
            entries.remove(destination);
            entry = null;
        }
        return entry == null ? linkMtu : entry.mtu;
    }

    /**
     * A router could not pass on a packet.
     *
     * @param reported next-hop MTU it named; 0 = an old router that names none
     * @param packetLength of the packet it could not pass on
     * @return the new path MTU, or 0 when nothing changes
     */
    public int tooBig(IpAddress destination, int reported, int packetLength, long now) {
        int mtu = Math.max(LEAST, reported > 0 ? reported : plateauBelow(packetLength));
        if (mtu >= get(destination, now)) {
            return 0;
        }
        if (entries.size() >= MAX_ENTRIES) {
            entries.remove(entries.keySet().iterator().next());
        }
        entries.put(destination, new Entry(mtu, now + LIFETIME_NANOS));
        return mtu;
    }

    private static int plateauBelow(int length) {
        for (int plateau : PLATEAUS) {
            if (plateau < length) {
                return plateau;
            }
        }
        return LEAST;
    }
}
