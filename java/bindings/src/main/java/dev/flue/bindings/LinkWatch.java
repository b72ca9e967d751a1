// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StatusIndication;

/**
 * Asks for the state of a port's link, which may take a system call, so often and no more, and
 * tells those above when it has changed.
 */
final class LinkWatch {
    /** What is sent meanwhile over a link that is lost is lost with it. */
    static final long PERIOD_NANOS = 1_000_000;

    private final EngineControl engine;
    private Link link = Link.UP;
    private boolean asked;
    private long askedAt;

    LinkWatch(EngineControl engine) {
        this.engine = engine;
    }

    Link link() {
        return link;
    }

    /** In each turn; how much there was to do. */
    int doWork(long nowNanos, MiniportAdapter adapter) {
        if (asked && nowNanos - askedAt < PERIOD_NANOS) {
            return 0;
        }
        asked = true;
        askedAt = nowNanos;
        Link now = Link.of(engine.link());
        boolean changes = (now == Link.UP) != (link == Link.UP);
        link = now;
        if (!changes || adapter == null) {
            return 0;
        }
        adapter.statusIndication(
                now == Link.UP
                        ? StatusIndication.MEDIA_CONNECT
                        : StatusIndication.MEDIA_DISCONNECT);
        return 1;
    }
}
