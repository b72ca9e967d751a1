// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.link.BufferPool;
import dev.flue.host.tcp.TcpConnection;

/** The offload side of one connection, from the request to the last completion. */
final class Flow extends OffloadedObject {
    final TcpConnection connection;
    final HeldSegments held;
    PathObject path;

    /** The target was told of our FIN, by the initiate or by a disconnect. */
    boolean finHandedOver;

    /** An abortive disconnect is under way; the terminate waits for it. */
    boolean aborting;

    /** It is to come back: no data calls any more. */
    boolean uploading;

    /** Asked for while the initiate ran. */
    boolean uploadWanted;

    boolean abortWanted;

    /** The last indication was refused: a receive has to be posted (H-43). */
    boolean refused;

    /** Unread data that the initiate carries, our copy; 0 = none (H-11). */
    long buffered;

    int terminateFailures;

    /** TcpCached.FLAG_* that the update that waits has to carry beside what is enabled. */
    int updateFlags;

    /** For people, once it is back. */
    String cause = "";

    Flow(TcpConnection connection, BufferPool segments) {
        this.connection = connection;
        this.held = new HeldSegments(segments);
    }
}
