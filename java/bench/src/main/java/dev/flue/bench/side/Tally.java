// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.ArrayList;
import java.util.List;

/** What a server received on all its connections. One thread. */
final class Tally {
    private final List<Words> connections = new ArrayList<>();

    void begin() {
        connections.clear();
    }

    /** A connection was taken: where its bytes are added up. */
    Words connection() {
        Words words = new Words();
        connections.add(words);
        return words;
    }

    Outcome outcome(Workload workload) {
        long bytes = connections.stream().mapToLong(Words::bytes).sum();
        long sum = connections.stream().mapToLong(Words::sum).sum();
        return new Outcome(bytes / workload.bytes(), 0, bytes, sum, 0, 0);
    }
}
