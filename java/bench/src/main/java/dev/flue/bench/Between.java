// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.im.IntermediateDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import dev.flue.testkit.DriverRow;
import dev.flue.testkit.DriverRow.Kind;
import java.util.List;

/** The drivers between target and protocol in a benchmark, from the target upwards. */
public enum Between {
    NOTHING(false),
    ONE_PASS_THROUGH(false, Kind.PASS_THROUGH),
    THREE_PASS_THROUGH(false, Kind.PASS_THROUGH, Kind.PASS_THROUGH, Kind.PASS_THROUGH),
    VLAN(false, Kind.VLAN),
    /** Its rate is so high that it never holds anything. */
    SHAPER(false, Kind.SHAPER),
    /** Each send is measured, and counted in the histogram of its connection. */
    METER(false, Kind.METER),
    VERIFIER(false),
    /** What a team has to be compared with: a second engine that is polled and has nothing. */
    NOTHING_AND_AN_IDLE_ENGINE(true),
    TEAM(true, Kind.TEAM),
    FOUR_IN_A_ROW(true, Kind.VLAN, Kind.TEAM, Kind.SHAPER, Kind.METER);

    private static final int OBJECTS = 1024;

    private final List<Kind> kinds;
    private final int engines;

    /** {@code team}: of two engines, of which one has the connection and both are polled. */
    Between(boolean team, Kind... kinds) {
        this.kinds = List.of(kinds);
        this.engines = team ? DriverRow.TEAM_MEMBERS : 1;
    }

    /** Engines at each end. */
    int engines() {
        return engines;
    }

    /** The same engines without drivers. */
    Between without() {
        return engines == 1 ? NOTHING : NOTHING_AND_AN_IDLE_ENGINE;
    }

    /** Whether the drivers poll all engines; else the last one is left to whoever has them. */
    boolean bindsAll() {
        return DriverRow.members(kinds) == engines;
    }

    /** What to bind to; the drivers made are added to {@code drivers}, who closes them. */
    MiniportAdapter over(
            Memory memory, List<MiniportAdapter> targets, List<IntermediateDriver> drivers) {
        DriverRow row = new DriverRow(memory, kinds, targets, DriverRow.Settings.of(OBJECTS));
        drivers.addAll(row.drivers());
        if (this != VERIFIER) {
            return row.top();
        }
        VerifierDriver driver = new VerifierDriver(memory, row.top(), OBJECTS, "verifier");
        drivers.add(driver);
        return new MiniportAdapter(memory, driver.upper());
    }
}
