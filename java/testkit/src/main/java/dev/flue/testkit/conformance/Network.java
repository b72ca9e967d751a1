// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.host.UserHostStack;
import dev.flue.im.VerifierDriver;
import java.util.List;
import java.util.Map;

/**
 * Host stacks on one wire in virtual time, each over its own chain of adapters: what a conformance
 * test runs over. One thread.
 */
public interface Network extends AutoCloseable {
    /** Makes a network as described; one per test run. */
    @FunctionalInterface
    interface Factory {
        Network create(NetworkConfig config);
    }

    /** For messages. */
    String name();

    int hosts();

    /** Its duty cycle includes everything below it, down to the port. */
    UserHostStack stack(int host);

    /** When some port will have a frame to receive; Long.MAX_VALUE when none is under way. */
    long nextEvent();

    /** Hash over everything the wire delivered. */
    long traceHash();

    /** Change the probability of loss, in parts per million, from now on. */
    void setDrop(int ppm);

    /** Whether there are targets that take connections. */
    boolean offloads();

    /** The verifiers between the layers: a run ends without a breach. */
    List<VerifierDriver> verifiers();

    /** What is held below the stacks (drivers, targets, ports), by name: all 0 at rest. */
    Map<String, Long> held();

    /** Free everything below the stacks, which are closed by then. */
    @Override
    void close();
}
