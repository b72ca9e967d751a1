// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.conformance.Network;

/** A network of two hosts whose wire can be made worse in mid-run and looked at. One thread. */
public interface SimNetwork extends Network {
    /** Makes the network of a plan, its links without faults yet; observer null = nobody looks. */
    @FunctionalInterface
    interface Factory {
        SimNetwork create(SimPlan plan, FrameObserver observer);
    }

    /** What the link from one host to the other does from now on. */
    void setFaults(int from, int to, LinkFaults faults);

    /** Show the observer what it has not seen yet. After each turn of a stack. */
    void flushObserved();
}
