// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;

/**
 * What each piece of data of an offloaded connection touches of it. A JVM lays the fields of a
 * superclass out first and together: of ten thousand connections whichever has its turn is out of
 * the processor's caches, and its turn costs what it touches.
 */
abstract class ConnectionFront implements OffloadConnection {
    final TcpLayer layer;
    final SendQueue sendQueue;
    final ReceiveQueue receiveQueue;
    ConnectionHandler handler;

    /** Set once, when the rest of the connection is there. */
    SendSide sending;

    /** Events to tell of, TcpConnection.EVENT_*. */
    int events;

    // Places in the layer's lists.
    boolean dirty;
    boolean inReady;
    boolean inTable;

    /** The application is done sending: a FIN follows the data. */
    boolean finQueued;

    /** The peer's FIN came, in order, here (at RCV.NXT - 1) or to a target. */
    boolean finReceived;

    // How it ends; see Ending.
    /** The application closed it: what comes is thrown away. */
    boolean discards;

    /** Closed both ways, reset, timed out or aborted; the application may still read. */
    boolean over;

    /** onClosed was called: nothing more is told. */
    boolean told;

    OffloadPhase phase = OffloadPhase.HOST;

    /** What the offload side keeps with it. */
    Object flow;

    ConnectionFront(TcpLayer layer) {
        this.layer = layer;
        this.sendQueue = layer.newSendQueue();
        this.receiveQueue = layer.newReceiveQueue();
    }
}
