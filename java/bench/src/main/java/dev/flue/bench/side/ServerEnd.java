// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/** The end that takes connections. All calls from one thread, {@code stop} apart. */
interface ServerEnd extends AutoCloseable {
    /**
     * Take connections for a workload from now on.
     *
     * @return the port
     */
    int listen(Workload workload) throws IOException;

    /** Serve until every connection is gone and {@code stopped}. */
    void run(BooleanSupplier stopped) throws IOException;

    /** What came since {@link #listen}; the time is the client's to say. */
    Outcome outcome();

    @Override
    void close() throws IOException;
}
