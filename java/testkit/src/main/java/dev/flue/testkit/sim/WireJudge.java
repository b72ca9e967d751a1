// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import static dev.flue.testkit.sim.WireSegment.ACK;
import static dev.flue.testkit.sim.WireSegment.FIN;
import static dev.flue.testkit.sim.WireSegment.RST;
import static dev.flue.testkit.sim.WireSegment.SYN;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * An observer on the wire that holds every TCP to what it may send: sequence space, windows,
 * acknowledgments, SACK, timestamps, FIN and RST. It knows what was sent and what was received, and
 * nothing of the stacks: what a TCP cannot have received, it cannot acknowledge.
 *
 * <p>Fed in the order of events. One thread.
 */
public final class WireJudge {
    private static final int PORTS = 16;

    /** Two halves; {@code first} sent the first segment. */
    private static final class Conversation {
        WireHalf first;
        WireHalf second;

        Conversation(String first, String second) {
            this.first = new WireHalf(first);
            this.second = new WireHalf(second);
            this.first.peer = this.second;
            this.second.peer = this.first;
        }

        WireHalf half(String name) {
            return first.name.equals(name) ? first : second;
        }

        /** The end is in its next life. */
        WireHalf renew(WireHalf half) {
            if (half == first) {
                first = half.next;
            } else {
                second = half.next;
            }
            return half.next;
        }
    }

    private final Map<String, Conversation> conversations = new LinkedHashMap<>();
    private final Predicate<String> mayReset;
    private final int[] limits = new int[PORTS];
    // When a port last received something that is no TCP: an answer that frames may have waited
    // for.
    private final long[] answered = new long[PORTS];
    private long segments;
    private long retransmitted;

    /**
     * @param mayReset whether an end, by address and port, has reason to send a RST now
     */
    public WireJudge(Predicate<String> mayReset) {
        this.mayReset = mayReset;
        Arrays.fill(limits, 0xffff + 40);
        Arrays.fill(answered, -1);
    }

    /** From now on IP packets that a port sends have at most so many bytes. */
    public void limit(int port, int bytes) {
        limits[port] = bytes;
    }

    /** Segments sent so far. */
    public long segments() {
        return segments;
    }

    /** Bytes of payload sent more than once. */
    public long retransmittedBytes() {
        return retransmitted;
    }

    /**
     * A frame was given to the wire.
     *
     * @throws WireViolation it must not have been
     */
    public void sent(long now, int port, byte[] frame) {
        WireSegment s = WireSegment.parse(frame);
        if (s == null) {
            return;
        }
        segments++;
        Conversation conversation = conversation(s);
        WireHalf half = conversation.half(s.source());
        if (half.next != null && s.has(SYN) && s.seq() != half.iss) {
            half = conversation.renew(half);
        }
        Check check = new Check(now, s, half, half.peer, now == answered[port]);
        check.require(s.valid, "a wrong checksum, or options that are no options");
        check.require(s.ipLength <= limits[port], "a packet longer than " + limits[port]);
        if (s.has(RST)) {
            boolean known = half.resetSeen || half.resetSent;
            check.require(known || mayReset.test(s.source()), "a RST for no reason");
            half.resetSent = true;
            return;
        }
        check.form();
        check.sequence();
        check.acknowledgment();
        check.selective();
        check.timestamps();
    }

    /** A frame was received, as it is after what the wire did to it. */
    public void received(long now, int port, byte[] frame) {
        WireSegment s = WireSegment.parse(frame);
        if (s == null) {
            answered[port] = now;
            return;
        }
        if (!s.valid || !known(s)) {
            return;
        }
        WireHalf half = conversation(s).half(s.destination());
        if (s.has(SYN)) {
            half.meet(now, s);
        }
        for (WireHalf each = half; each != null; each = each.next) {
            received(now, s, each);
        }
    }

    private static void received(long now, WireSegment s, WireHalf half) {
        WireHalf peer = half.peer;
        if (s.has(RST)) {
            half.resetSeen = true;
            return;
        }
        long start = relative(s.seq(), peer.iss);
        boolean inOrder = start == half.contiguous() || s.has(SYN);
        if (start >= 0 && s.span() > 0) {
            half.came.set((int) start, (int) start + s.span());
        }
        if (s.timestamps && (!half.tsKnown || s.tsVal - half.tsSeen > 0)) {
            half.tsSeen = s.tsVal;
            half.tsKnown = true;
        }
        long scaled = s.has(SYN) ? s.window() : (long) s.window() << shift(peer, half);
        if (s.has(ACK)) {
            acknowledged(now, half, relative(s.ack(), half.iss), scaled, inOrder);
        } else if (s.has(SYN)) {
            half.edgeSeen = Math.max(half.edgeSeen, 1 + scaled);
        }
    }

    private static void acknowledged(
            long now, WireHalf half, long ack, long window, boolean inOrder) {
        if (ack > half.sndMax) {
            // Of another life.
            return;
        }
        half.ackSeen = Math.max(half.ackSeen, ack);
        half.edgeSeen = Math.max(half.edgeSeen, ack + window);
        if (inOrder && ack > half.ackPending) {
            half.surelyAcknowledged(now);
            half.ackPending = ack;
            half.ackPendingAt = now;
        }
    }

    /** What an end waits for: sent, and by the wire not known to be acknowledged. */
    public boolean outstanding(String end) {
        for (Conversation each : conversations.values()) {
            boolean one = each.first.name.equals(end) && each.first.outstanding();
            if (one || each.second.name.equals(end) && each.second.outstanding()) {
                return true;
            }
        }
        return false;
    }

    /** A line about a segment that was seen, for traces. */
    static String describe(WireJudge judge, WireSegment s) {
        Conversation c = judge.conversations.get(key(s));
        WireHalf half = c == null ? null : c.half(s.source());
        return half == null ? s.describe(0, 0) : s.describe(half.iss, half.peer.iss);
    }

    /** How far each conversation came, for people. */
    public String summary() {
        StringBuilder out = new StringBuilder();
        Collection<Conversation> all = conversations.values();
        for (Conversation each : all) {
            for (WireHalf half : new WireHalf[] {each.first, each.second}) {
                out.append(
                        String.format(
                                "%n    %s: sent %d, acknowledged %d, edge %d, received %d",
                                half.name,
                                half.sndMax,
                                half.ackSeen,
                                half.edgeSeen,
                                half.contiguous()));
            }
        }
        return out.toString();
    }

    private boolean known(WireSegment s) {
        return conversations.containsKey(key(s));
    }

    private static String key(WireSegment s) {
        String from = s.source();
        String to = s.destination();
        return from.compareTo(to) < 0 ? from + ' ' + to : to + ' ' + from;
    }

    private Conversation conversation(WireSegment s) {
        return conversations.computeIfAbsent(
                key(s), k -> new Conversation(s.source(), s.destination()));
    }

    /** Where a number lies after the SYN. */
    private static long relative(int seq, int iss) {
        int distance = seq - iss;
        return distance;
    }

    /** By how much windows of this end are scaled, SYNs apart. */
    private static int shift(WireHalf half, WireHalf peer) {
        return half.shift >= 0 && peer.shift >= 0 ? half.shift : 0;
    }

    /** One segment that was sent, held against what is known. */
    private final class Check {
        private final long now;
        private final WireSegment s;
        private final WireHalf half;
        private final WireHalf peer;
        private final boolean waited;

        /** {@code waited}: it may have been made earlier, and waited for the next hop's address. */
        Check(long now, WireSegment s, WireHalf half, WireHalf peer, boolean waited) {
            this.now = now;
            this.s = s;
            this.half = half;
            this.peer = peer;
            this.waited = waited;
        }

        void require(boolean good, String what) {
            if (!good) {
                throw new WireViolation(
                        String.format(
                                "at %.6f s, %s:%n  %s",
                                now / 1e9, what, s.describe(half.iss, peer.iss)));
            }
        }

        /** Flags and options by themselves. */
        void form() {
            require(!s.has(SYN) || !s.has(FIN), "SYN and FIN in one segment");
            if (!s.has(SYN)) {
                require(s.has(ACK), "a segment without ACK");
                require(half.synSent, "a segment before any SYN");
                require(s.mss < 0 && s.shift < 0 && !s.sackPermitted, "options of a SYN");
                return;
            }
            require(s.payloadLength() == 0, "data with a SYN");
            require(!half.synSent || s.seq() == half.iss, "another SYN than before");
            half.synSent(now, s.seq());
            half.mss = s.mss;
            half.shift = s.shift;
            half.sackPermitted = s.sackPermitted;
            half.timestamps = s.timestamps;
            if (s.has(ACK)) {
                require(s.shift < 0 || peer.shift >= 0, "a window scale that was not offered");
                require(!s.sackPermitted || peer.sackPermitted, "SACK that was not offered");
                require(!s.timestamps || peer.timestamps, "timestamps that were not offered");
            }
            half.sndMax = Math.max(half.sndMax, 1);
        }

        /** Sequence number, content, window, FIN. */
        void sequence() {
            long start = relative(s.seq(), half.iss);
            long end = start + s.span();
            int length = s.payloadLength();
            // Of many frames that wait, the oldest are not kept (RFC 1122, 2.3.2.2).
            boolean skipped = start < 0 || start > half.sndMax && !waited;
            require(!skipped, "sequence space that was skipped");
            long sure = waited ? 0 : half.surelyAcknowledged(now);
            require(start >= sure - 1, "a sequence number long acknowledged, " + sure + " is");
            require(length <= 1 || end > sure, "data again that is acknowledged up to " + sure);
            if (length > 0) {
                int limit = peer.mss >= 0 ? peer.mss : s.ipv4 ? 536 : 1220;
                require(length + s.optionBytes() <= limit, "more than the MSS of " + limit);
                long edge = half.edgeSeen + (length == 1 ? 1 : 0);
                require(start + length <= edge, "data outside of the window, to " + edge);
                require(half.fin < 0 || start + length <= half.fin, "data behind the FIN");
                long differs = half.note(s, start, half.ackSeen);
                require(differs < 0, "another byte than before at " + differs);
                retransmitted += Math.max(0, Math.min(half.sndMax, start + length) - start);
            }
            if (s.has(FIN)) {
                long at = start + length;
                require(half.fin < 0 || half.fin == at, "a FIN at another place than before");
                require(at >= half.sndMax || half.fin == at, "a FIN before data that was sent");
                half.finishesLast |= half.fin < 0 && half.peerFinished();
                half.fin = at;
            }
            half.sndMax = Math.max(half.sndMax, end);
        }

        /** ACK and window. */
        void acknowledgment() {
            if (!s.has(ACK)) {
                return;
            }
            long ack = relative(s.ack(), peer.iss);
            long came = half.contiguous();
            require(peer.synSent, "an ACK before anything came");
            require(ack <= came, "an ACK of what did not come; up to " + came + " did");
            require(ack >= half.ackSent, "an ACK lower than " + half.ackSent + " before");
            half.ackSent = ack;
            int shift = s.has(SYN) ? 0 : shift(half, peer);
            long edge = ack + ((long) s.window() << shift);
            long least = half.edgeSent - (1L << shift) + 1;
            // A window that the SYN could not express is rounded down once.
            require(!half.edgeKnown || edge >= least, "a window shrunk from " + half.edgeSent);
            half.edgeSent = half.edgeKnown ? Math.max(half.edgeSent, edge) : edge;
            half.edgeKnown = true;
        }

        /** SACK blocks (RFC 2018, 2883). */
        void selective() {
            if (s.sackCount == 0) {
                return;
            }
            boolean agreed = half.sackPermitted && peer.sackPermitted;
            require(agreed, "SACK blocks that were not agreed on");
            for (int i = 0; i < s.sackCount; i++) {
                long left = relative(s.sackLeft[i], peer.iss);
                long right = relative(s.sackRight[i], peer.iss);
                String block = left + "-" + right;
                require(left > 0 && left < right, "a SACK block that is none, " + block);
                boolean came = half.came.nextClearBit((int) left) >= right;
                require(came, "a SACK block of what did not come, " + block);
                boolean below = right <= half.ackSent;
                require(left > half.ackSent || i == 0 && below, "a SACK block below the ACK");
            }
        }

        /** Timestamps (RFC 7323). */
        void timestamps() {
            boolean agreed = half.timestamps && peer.timestamps;
            if (!s.has(SYN)) {
                require(s.timestamps == agreed, "timestamps not as agreed");
            }
            if (!s.timestamps) {
                return;
            }
            require(!half.tsSent || s.tsVal - half.tsMax >= 0, "a timestamp that goes back");
            half.tsMax = s.tsVal;
            half.tsSent = true;
            if (s.has(ACK)) {
                require(half.tsKnown, "an echo of a timestamp, and none came");
                require(s.tsEcr - half.tsSeen <= 0, "an echo of a timestamp that did not come");
                boolean back = half.tsEcrSent && s.tsEcr - half.tsEcrMax < 0;
                require(!back, "an echo older than the one before");
                half.tsEcrMax = s.tsEcr;
                half.tsEcrSent = true;
            }
        }
    }
}
