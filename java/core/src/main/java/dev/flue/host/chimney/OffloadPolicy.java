// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.offload.Capabilities;
import dev.flue.offload.UploadReason;
import java.util.Set;

/**
 * Which connections a host stack offloads of its own accord, and when. It is asked when a
 * connection is established, again as often as it wants, and for every connection when offloading
 * becomes possible again (RESUME, link back, an option switched on). An application's {@link
 * OffloadConnection#offload} does not ask it; one that it took back stays back.
 *
 * <p>Called on the stack's thread. It may look at the connection, not act on it.
 */
@FunctionalInterface
public interface OffloadPolicy {
    /**
     * What is known when the policy is asked.
     *
     * @param bytesMoved payload received and acknowledged since the connection was established
     * @param offloaded connections that the target has or is getting
     * @param target what it can do
     */
    record Situation(long bytesMoved, int offloaded, Capabilities target) {}

    /**
     * What a policy says.
     *
     * @param offload now
     * @param askAgainAfterBytes moved since the connection was established; Long.MAX_VALUE = not
     * @param objection why not now, for people; "" when it is
     */
    record Verdict(boolean offload, long askAgainAfterBytes, String objection) {
        private static final Verdict YES = new Verdict(true, Long.MAX_VALUE, "");

        public static Verdict yes() {
            return YES;
        }

        /** Not, until all connections are asked for again. */
        public static Verdict no(String objection) {
            return new Verdict(false, Long.MAX_VALUE, objection);
        }

        /** Not before so many bytes have moved. */
        public static Verdict after(long bytes, String objection) {
            return new Verdict(false, bytes, objection);
        }
    }

    Verdict decide(OffloadConnection connection, Situation situation);

    /**
     * Whether to grant an upload that the target may be refused (H-29). Those it must get, it gets.
     */
    default boolean grants(OffloadConnection connection, UploadReason reason) {
        return false;
    }

    /** Whether to take everything back when the link is lost (H-51); TCP survives either way. */
    default boolean uploadsOnLinkLoss() {
        return false;
    }

    /**
     * Whether to hand received data that was not read to the target with the connection (H-11),
     * which copies it and indicates it later; otherwise it stays where it is. Only asked for when
     * it is little.
     */
    default boolean passesUnreadData(OffloadConnection connection) {
        return false;
    }

    /** Every connection, as soon as it is established. */
    static OffloadPolicy all() {
        return (connection, situation) -> Verdict.yes();
    }

    /** None but those whose application asks for it. */
    static OffloadPolicy none() {
        return (connection, situation) -> Verdict.no("not asked for");
    }

    /** Connections that have one of these ports at either end. */
    static OffloadPolicy ports(Set<Integer> ports) {
        Set<Integer> wanted = Set.copyOf(ports);
        return (connection, situation) ->
                wanted.contains(connection.localPort()) || wanted.contains(connection.remotePort())
                        ? Verdict.yes()
                        : Verdict.no("its ports are not among those to be offloaded");
    }

    /** Connections to one of these peers. */
    static OffloadPolicy peers(Set<IpAddress> peers) {
        Set<IpAddress> wanted = Set.copyOf(peers);
        return (connection, situation) ->
                wanted.contains(connection.remoteAddress())
                        ? Verdict.yes()
                        : Verdict.no("its peer is not among those to be offloaded");
    }

    /** Connections that have moved so many bytes: short ones are not worth the operations. */
    static OffloadPolicy afterBytes(long bytes) {
        return (connection, situation) ->
                situation.bytesMoved() >= bytes
                        ? Verdict.yes()
                        : Verdict.after(bytes, "it has not moved " + bytes + " bytes yet");
    }

    /** As many as the target says it has room for, less a reserve for what applications ask for. */
    static OffloadPolicy untilCapacity(int reserve) {
        return (connection, situation) ->
                situation.offloaded() + reserve < situation.target().maxConnections()
                        ? Verdict.yes()
                        : Verdict.no("the target has no room but what is kept free");
    }

    /** Both have to agree; the first that objects says why. Other questions go to this one. */
    default OffloadPolicy and(OffloadPolicy other) {
        OffloadPolicy first = this;
        return new OffloadPolicy() {
            @Override
            public Verdict decide(OffloadConnection connection, Situation situation) {
                Verdict verdict = first.decide(connection, situation);
                return verdict.offload() ? other.decide(connection, situation) : verdict;
            }

            @Override
            public boolean grants(OffloadConnection connection, UploadReason reason) {
                return first.grants(connection, reason);
            }

            @Override
            public boolean uploadsOnLinkLoss() {
                return first.uploadsOnLinkLoss();
            }

            @Override
            public boolean passesUnreadData(OffloadConnection connection) {
                return first.passesUnreadData(connection);
            }
        };
    }
}
