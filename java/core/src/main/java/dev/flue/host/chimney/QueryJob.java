// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.tcp.ConnectionSnapshot;
import java.util.List;
import java.util.function.Consumer;

/** One snapshot of all connections that was asked for. */
final class QueryJob {
    final List<ConnectionSnapshot> snapshots;
    final Consumer<List<ConnectionSnapshot>> done;

    /** Offloaded connections not read yet. */
    int open;

    QueryJob(List<ConnectionSnapshot> snapshots, Consumer<List<ConnectionSnapshot>> done) {
        this.snapshots = snapshots;
        this.done = done;
    }
}
