// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.TcpState;

/**
 * How a connection ends, and what of that its application was told. A connection is over when both
 * directions are closed or broken; the application hears it once, when it has read everything, or
 * at once when nothing is to be read any more. On the stack's thread.
 */
final class Ending {
    private final TcpConnection c;
    private boolean dataLost;
    private String cause = "";

    Ending(TcpConnection connection) {
        this.c = connection;
    }

    /** The application closes it: FIN, and what still comes in is thrown away. */
    void close() {
        if (c.told) {
            return;
        }
        boolean never = !c.over && (c.state == TcpState.SYN_SENT || c.state == TcpState.CLOSED);
        c.discards = true;
        boolean unread = c.receiveQueue.bytes() > 0;
        c.receiveQueue.clear();
        if (never) {
            finish("");
            return;
        }
        c.endOutput();
        c.consumed();
        if (unread) {
            lostToClose();
        }
        if (c.state == TcpState.FIN_WAIT2 && c.timerKind == TimerKind.NONE) {
            c.layer.timers().startFinWait2(c);
        }
    }

    /** The application aborts it: RST. */
    void abort() {
        if (c.told) {
            return;
        }
        c.discards = true;
        c.receiveQueue.clear();
        if (c.over) {
            c.layer.raise(c, TcpConnection.EVENT_CLOSED);
        } else if (c.onHost()) {
            if (c.state != TcpState.SYN_SENT && c.state != TcpState.CLOSED) {
                c.layer.output().reset(c);
            }
            finish("aborted");
        } else {
            c.layer.chimney().abort(c);
            tellClosed("aborted");
        }
    }

    /** Received data is thrown away because the application closed. */
    void lostToClose() {
        dataLost = true;
        if (c.onHost()) {
            resetIfDataLost();
        } else if (!c.over) {
            c.layer.chimney().upload(c);
        }
    }

    /**
     * Tell the peer that data was lost, once it has all of ours (SHLD-3).
     *
     * @return whether the connection is over with it
     */
    boolean resetIfDataLost() {
        boolean nothingOfOurs =
                c.snd.una == c.snd.max && c.sendQueue.isEmpty() && c.wasEstablished();
        boolean due = dataLost && !c.over && (c.snd.finAcked || nothingOfOurs);
        if (due) {
            c.layer.output().reset(c);
            finish("");
        }
        return due;
    }

    /**
     * The end: no segment is processed any more. Queues go, but for what an orderly closed
     * connection has not read.
     */
    void finish(String why) {
        if (c.phase() == OffloadPhase.REQUESTED) {
            c.layer.chimney().cancelled(c);
        }
        c.state = TcpState.CLOSED;
        c.layer.forget(c);
        tellClosed(why);
        // It may have been over before a target gave its buffers back.
        c.sendQueue.clear();
    }

    /** Both directions are closed, or broken: the application hears it when it has read all. */
    void tellClosed(String why) {
        if (c.over) {
            return;
        }
        c.over = true;
        cause = why;
        c.sendQueue.clear();
        c.reassembly.clear();
        if (!why.isEmpty() || c.discards) {
            c.receiveQueue.clear();
        }
        if (c.receiveQueue.bytes() == 0) {
            c.layer.raise(c, TcpConnection.EVENT_CLOSED);
        } else {
            c.layer.linger(c);
        }
    }

    /** Why it is over; "" = orderly, or not over. */
    String cause() {
        return cause;
    }

    /** Nothing more is told from now on. */
    void silence() {
        c.told = true;
    }
}
