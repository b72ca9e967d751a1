// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import dev.flue.im.DriverFigures;
import dev.flue.im.IntermediateDriver;
import dev.flue.im.Latency;
import dev.flue.im.MeterConnection;
import dev.flue.im.MeterDriver;
import java.util.List;

/**
 * What one driver tells of itself.
 *
 * @param label tells it from the others of its process
 * @param connectionCount connections that it meters
 * @param connections the busiest of these, at most {@link #MAX_CONNECTIONS}
 * @param sends how long sends of all of them took; null = it is no meter
 * @param receives how long posted receives waited; likewise
 */
public record DriverReport(
        String label,
        DriverFigures figures,
        long connectionCount,
        List<MeterConnection> connections,
        Latency sends,
        Latency receives) {
    /** The duty cycle stands still while they are read: more would be felt. */
    static final int MAX_CONNECTIONS = 256;

    /** As things are now. On the thread of the duty cycle. */
    public static DriverReport of(String label, IntermediateDriver driver) {
        if (driver instanceof MeterDriver meter) {
            return new DriverReport(
                    label,
                    meter.figures(),
                    meter.connectionCount(),
                    meter.connections(MAX_CONNECTIONS),
                    meter.sends(),
                    meter.receives());
        }
        return new DriverReport(label, driver.figures(), 0, List.of(), null, null);
    }
}
