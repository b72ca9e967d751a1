// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.List;
import java.util.Set;

/**
 * Who takes part.
 *
 * @param name in figures
 * @param title for people
 * @param server the end that takes connections
 * @param client the end that opens them
 * @param host address of the server
 * @param workloads what it can do, by name; none = all
 * @param skipped why it does not take part on this machine; "" = it does
 */
record Contestant(
        String name,
        String title,
        End server,
        End client,
        String host,
        Set<String> workloads,
        String skipped) {
    /**
     * One of its two ends.
     *
     * @param kind what it is made of
     * @param prefix words in front of the command of its process: its network
     * @param where the name of an interface, or of a socket in the run's directory; "" = it takes
     *     none
     */
    record End(Kind kind, List<String> prefix, String where) {}

    boolean takesPart() {
        return skipped.isEmpty();
    }

    boolean does(Workload workload) {
        return workloads.isEmpty() || workloads.contains(workload.name());
    }

    /** Threads that work. */
    int threads() {
        return oneProcess()
                ? server.kind().threads()
                : server.kind().threads() + client.kind().threads();
    }

    /** Whether both ends live in one process. */
    boolean oneProcess() {
        return server.kind().both();
    }

    Contestant without(String reason) {
        return new Contestant(name, title, server, client, host, workloads, reason);
    }
}
