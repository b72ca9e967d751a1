// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Capabilities;
import dev.flue.offload.StatusIndication;

/**
 * Which members of a team can be used, for what, and which of them a connection belongs to: its
 * home, by its flow hash, while that is there and has room, else one of the others. Homes stand in
 * a table, as the queues of receive-side scaling do in that of a device.
 */
final class TeamMembers {
    private static final int BUCKETS = TeamDriver.BUCKETS;

    private final byte[] homes = new byte[BUCKETS];
    private final LowerInterface[] faces;
    private final boolean[] paused;
    private final boolean[] gaveBack;
    private final boolean[] linkLost;
    private final boolean[] chimney;
    private final int[] capacity;
    private final int[] connections;
    private final long[] mac;

    TeamMembers(LowerInterface[] faces) {
        this.faces = faces;
        this.paused = new boolean[faces.length];
        this.gaveBack = new boolean[faces.length];
        this.linkLost = new boolean[faces.length];
        this.chimney = new boolean[faces.length];
        this.capacity = new int[faces.length];
        this.connections = new int[faces.length];
        this.mac = new long[faces.length];
        for (int member = 0; member < faces.length; member++) {
            read(member);
        }
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            homes[bucket] = (byte) (bucket % faces.length);
        }
    }

    private Capabilities capabilities(int member) {
        return faces[member].binding().miniport().capabilities();
    }

    private void read(int member) {
        Capabilities can = capabilities(member);
        chimney[member] = can.chimney();
        capacity[member] = can.maxConnections();
        mac[member] = can.macAddress();
    }

    int count() {
        return faces.length;
    }

    LowerInterface face(int member) {
        return faces[member];
    }

    /** What a member said of itself. */
    void heard(int member, StatusIndication indication) {
        switch (indication) {
            case OFFLOAD_PAUSE -> paused[member] = true;
            case UPLOAD_ALL -> {
                paused[member] = true;
                gaveBack[member] = true;
            }
            case OFFLOAD_RESUME -> {
                paused[member] = false;
                gaveBack[member] = false;
            }
            case MEDIA_CONNECT -> linkLost[member] = false;
            case MEDIA_DISCONNECT -> linkLost[member] = true;
            case TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES -> {}
        }
        read(member);
    }

    /** Whether new connections may go there, and those that are there may stay. */
    boolean active(int member) {
        return chimney[member] && !paused[member] && !linkLost[member];
    }

    /** One bit for each member that is active. */
    int activeOnes() {
        int ones = 0;
        for (int member = 0; member < faces.length; member++) {
            ones |= active(member) ? 1 << member : 0;
        }
        return ones;
    }

    boolean linkLost(int member) {
        return linkLost[member];
    }

    boolean anyLink() {
        for (boolean lost : linkLost) {
            if (!lost) {
                return true;
            }
        }
        return false;
    }

    /** It wants everything back, and has not taken that back. */
    boolean gaveBack(int member) {
        return gaveBack[member];
    }

    boolean anyGaveBack() {
        for (boolean each : gaveBack) {
            if (each) {
                return true;
            }
        }
        return false;
    }

    /** The member that ordinary frames go through: the first whose link is up. */
    int forFrames() {
        for (int member = 0; member < faces.length; member++) {
            if (!linkLost[member]) {
                return member;
            }
        }
        return 0;
    }

    /**
     * The team's MAC address, that of its first member, where the member's own is another; or 0.
     */
    long foreignMac(int member) {
        return mac[member] == mac[0] ? 0 : mac[0];
    }

    long mac() {
        return mac[0];
    }

    void connections(int member, int more) {
        connections[member] += more;
    }

    int connections(int member) {
        return connections[member];
    }

    /** Where a connection with this flow hash goes now; -1 = nowhere. */
    int place(int hash) {
        int home = home(hash);
        if (roomAt(home)) {
            return home;
        }
        int first = second(hash);
        int full = -1;
        for (int i = 0; i < faces.length; i++) {
            int member = (first + i) % faces.length;
            if (roomAt(member)) {
                return member;
            }
            full = full < 0 && active(member) ? member : full;
        }
        return full;
    }

    private boolean roomAt(int member) {
        return active(member) && connections[member] < capacity[member];
    }

    /** Where those of this flow hash belong. */
    int home(int hash) {
        return homes[hash & BUCKETS - 1];
    }

    /** Those of these flow hashes belong there from now on. */
    void home(int bucket, int member) {
        homes[bucket] = (byte) member;
    }

    /** Where to look first when home is no place to be: of one home's, not all at the same one. */
    private int second(int hash) {
        int mixed = (hash ^ hash >>> 16) * 0x85EBCA6B;
        mixed = (mixed ^ mixed >>> 13) * 0xC2B2AE35;
        return Integer.remainderUnsigned(mixed ^ mixed >>> 16, faces.length);
    }

    /** Whether one that is there belongs elsewhere, and there is such a place. */
    boolean misplaced(int member, int hash) {
        int home = home(hash);
        if (active(member)) {
            return member != home && roomAt(home);
        }
        int place = place(hash);
        return place >= 0 && place != member;
    }

    /** The smallest common ones of those that are active, of all when none is (I-25). */
    Capabilities common(String name) {
        int ones = activeOnes();
        Capabilities all = null;
        for (int member = 0; member < faces.length; member++) {
            if (ones == 0 || (ones >> member & 1) != 0) {
                Capabilities each = capabilities(member);
                all = all == null ? each : common(all, each);
            }
        }
        return new Capabilities(
                all.chimney(),
                all.unavailabilityCause(),
                all.ipv4(),
                all.ipv6(),
                all.sack(),
                all.maxConnections(),
                all.maxReceiveWindow(),
                all.maxPathMtu(),
                mac[0],
                name + " of " + faces.length + ": " + all.name());
    }

    private static Capabilities common(Capabilities a, Capabilities b) {
        return new Capabilities(
                a.chimney() || b.chimney(),
                a.chimney() || b.chimney() ? "" : a.unavailabilityCause(),
                a.ipv4() && b.ipv4(),
                a.ipv6() && b.ipv6(),
                a.sack() && b.sack(),
                (int) Math.min(Integer.MAX_VALUE, 0L + a.maxConnections() + b.maxConnections()),
                smaller(a.maxReceiveWindow(), b.maxReceiveWindow()),
                smaller(a.maxPathMtu(), b.maxPathMtu()),
                a.macAddress(),
                a.name() + ", " + b.name());
    }

    /** 0 = no limit. */
    private static int smaller(int a, int b) {
        return a == 0 || b == 0 ? Math.max(a, b) : Math.min(a, b);
    }
}
