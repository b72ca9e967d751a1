// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.TcpState;

/** FINs of connections that a target has, as its completions and events tell of them. */
public final class Fins {
    private Fins() {}

    /** The target received the peer's FIN and the application has everything before it. */
    public static void received(TcpConnection c) {
        if (c.finReceived) {
            return;
        }
        c.finReceived = true;
        switch (c.state) {
            case ESTABLISHED -> c.state = TcpState.CLOSE_WAIT;
            case FIN_WAIT1 -> c.state = TcpState.CLOSING;
            case FIN_WAIT2 -> c.state = TcpState.TIME_WAIT;
            default -> {}
        }
        c.readable();
    }

    /** The target had our FIN acknowledged. */
    public static void acknowledged(TcpConnection c) {
        c.snd.finSent = true;
        c.snd.finAcked = true;
        switch (c.state) {
            case FIN_WAIT1 -> {
                c.state = TcpState.FIN_WAIT2;
                if (c.discards()) {
                    c.layer.timers().startFinWait2(c);
                }
            }
            case CLOSING -> c.state = TcpState.TIME_WAIT;
            case LAST_ACK -> c.state = TcpState.CLOSED;
            default -> {}
        }
    }

    /** Both are through. */
    public static boolean both(TcpConnection c) {
        return c.finReceived && c.snd.finAcked;
    }
}
