// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;

/** The end that opens connections. One thread. */
interface ClientEnd extends AutoCloseable {
    /**
     * Connect, measure for some time, end the connections.
     *
     * @param host address of the server
     * @param nanos how long to send; what is under way then is waited for
     */
    Outcome run(Workload workload, String host, int port, long nanos) throws IOException;

    @Override
    void close() throws IOException;
}
