// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.ConnectionProblem;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;

/**
 * Connections whose application has something to hear. A call that throws ends its connection, not
 * the stack.
 */
final class CallbackQueue {
    private static final Logger LOG = System.getLogger("dev.flue.host");

    private static final ConnectionProblem[] PROBLEMS = ConnectionProblem.values();

    private ArrayList<TcpConnection> ready = new ArrayList<>();
    private ArrayList<TcpConnection> before = new ArrayList<>();

    void raise(TcpConnection connection, int event) {
        connection.events |= event;
        if (!connection.inReady) {
            connection.inReady = true;
            ready.add(connection);
        }
    }

    boolean isEmpty() {
        return ready.isEmpty();
    }

    /** Call those that were ready when the run began; what they cause is for the next run. */
    int run() {
        ArrayList<TcpConnection> batch = ready;
        ready = before;
        before = batch;
        for (int i = 0; i < batch.size(); i++) {
            TcpConnection connection = batch.get(i);
            connection.inReady = false;
            if (connection.handler == null) {
                continue;
            }
            try {
                tell(connection);
            } catch (RuntimeException failure) {
                LOG.log(Level.WARNING, "handler of " + connection + " failed, aborted", failure);
                connection.abort();
                connection.ending.silence();
            }
        }
        int calls = batch.size();
        batch.clear();
        return calls;
    }

    private static void tellProblems(TcpConnection c, ConnectionHandler handler) {
        int problems = c.problems;
        c.problems = 0;
        for (int i = 0; problems >>> i != 0; i++) {
            if ((problems >>> i & 1) != 0 && !c.over() && c.options.problemReports()) {
                handler.onProblem(c, PROBLEMS[i]);
            }
        }
    }

    private static void tell(TcpConnection c) {
        int pending = c.events;
        c.events = 0;
        if (c.told) {
            return;
        }
        ConnectionHandler handler = c.handler;
        if ((pending & TcpConnection.EVENT_PROBLEM) != 0) {
            tellProblems(c, handler);
        }
        // What broke in the meantime is only told to be closed: nothing can be done with it.
        if ((pending & TcpConnection.EVENT_CONNECTED) != 0 && !c.over()) {
            handler.onConnected(c);
        }
        if ((pending & TcpConnection.EVENT_OFFLOAD_CHANGED) != 0 && !c.over()) {
            handler.onOffloadChanged(c);
        }
        if ((pending & TcpConnection.EVENT_URGENT) != 0 && !c.over()) {
            handler.onUrgent(c);
        }
        if ((pending & TcpConnection.EVENT_READABLE) != 0
                && !c.discards()
                && (!c.over() || c.ending.cause().isEmpty())) {
            handler.onReadable(c);
        }
        if ((pending & TcpConnection.EVENT_WRITABLE) != 0 && !c.over()) {
            handler.onWritable(c);
        }
        if ((pending & TcpConnection.EVENT_CLOSED) != 0) {
            c.ending.silence();
            handler.onClosed(c, c.ending.cause());
        }
    }
}
