// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import dev.flue.host.ConnectionInfo;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What a running process lets others see. All calls on the thread of its duty cycle. */
public interface Inspectable {
    /** Every connection; {@code done} is called once, out of this or a later turn. */
    void query(Consumer<List<ConnectionInfo>> done);

    /** What is held of every limited resource, by name; all 0 at rest. */
    Map<String, Long> held();

    /** Everything counted since the start, by name. */
    Map<String, Long> counters();

    /**
     * Where what is offloaded lies: {@code heap}, or {@code nic 0000:00:06.0/2 and hugepages node
     * 0}.
     */
    String arena();

    /** Every port, with its link and its offloads. */
    List<PortReport> portReports();

    /**
     * An operator takes a port away: what is offloaded there is given back, then it is closed.
     *
     * @param done called once, out of this or a later turn: "", or what is wrong
     */
    default void remove(String port, Consumer<String> done) {
        done.accept("its ports cannot be removed");
    }

    /** And has it opened again: likewise. */
    default void add(String port, Consumer<String> done) {
        done.accept("ports cannot be added to it");
    }

    /** What the devices behind the ports count themselves, by the name of the port. */
    default Map<String, Map<String, Long>> deviceCounts() {
        return Map.of();
    }

    /** What each intermediate driver tells of itself, from the target upwards. */
    List<DriverReport> driverReports();
}
