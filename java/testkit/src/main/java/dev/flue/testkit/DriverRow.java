// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.im.IntermediateDriver;
import dev.flue.im.MeterDriver;
import dev.flue.im.MeterSettings;
import dev.flue.im.PassThroughDriver;
import dev.flue.im.ShaperDriver;
import dev.flue.im.ShaperSettings;
import dev.flue.im.TeamDriver;
import dev.flue.im.VlanDriver;
import dev.flue.im.VlanSettings;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Drivers in a row, in any order. A team has several faces below: what is beneath it exists once
 * for each of its members.
 */
public final class DriverRow implements AutoCloseable {
    /** Members of a team in a row. */
    public static final int TEAM_MEMBERS = 2;

    /** The drivers that change or count what passes them; a verifier goes anywhere by itself. */
    public enum Kind {
        PASS_THROUGH {
            @Override
            IntermediateDriver over(Memory memory, List<MiniportAdapter> lowers, Settings with) {
                return new PassThroughDriver(memory, lowers.get(0), with.maxObjects);
            }
        },
        VLAN {
            @Override
            IntermediateDriver over(Memory memory, List<MiniportAdapter> lowers, Settings with) {
                return new VlanDriver(
                        memory, lowers.get(0), with.maxObjects, with.vlanLists, with.vlan);
            }
        },
        TEAM {
            @Override
            IntermediateDriver over(Memory memory, List<MiniportAdapter> lowers, Settings with) {
                return new TeamDriver(memory, lowers, TeamDriver.Settings.of(with.maxObjects));
            }
        },
        SHAPER {
            @Override
            IntermediateDriver over(Memory memory, List<MiniportAdapter> lowers, Settings with) {
                return new ShaperDriver(memory, lowers.get(0), with.maxObjects, with.shaper);
            }
        },
        METER {
            @Override
            IntermediateDriver over(Memory memory, List<MiniportAdapter> lowers, Settings with) {
                return new MeterDriver(memory, lowers.get(0), with.maxObjects, METER_SETTINGS);
            }
        };

        private static final MeterSettings METER_SETTINGS = new MeterSettings(4, 2, 1024);

        abstract IntermediateDriver over(
                Memory memory, List<MiniportAdapter> lowers, Settings with);
    }

    /**
     * What the drivers of a row are told.
     *
     * @param maxObjects neighbors, paths and connections at a time
     * @param vlanLists NBLs for which the VLAN driver has contexts, as with several faces above; 0
     *     = it has none
     */
    public record Settings(
            int maxObjects, VlanSettings vlan, int vlanLists, ShaperSettings shaper) {
        /** A VLAN without contexts, and a rate at which nothing is ever held. */
        public static Settings of(int maxObjects) {
            return new Settings(
                    maxObjects,
                    new VlanSettings(42, 5, 256),
                    0,
                    new ShaperSettings(
                            ShaperSettings.MAX_RATE,
                            ShaperSettings.MAX_BURST,
                            ShaperSettings.Scope.CONNECTION));
        }

        /** The same with VLAN contexts. */
        public Settings withVlanLists(int lists) {
            return new Settings(maxObjects, vlan, lists, shaper);
        }

        /** The same with another rate. */
        public Settings withShaper(ShaperSettings newShaper) {
            return new Settings(maxObjects, vlan, vlanLists, newShaper);
        }
    }

    private final List<IntermediateDriver> drivers = new ArrayList<>();
    private final MiniportAdapter top;

    /**
     * @param kinds from the target upwards
     * @param lowers as many miniports as {@link #members} says
     */
    public DriverRow(
            Memory memory, List<Kind> kinds, List<MiniportAdapter> lowers, Settings settings) {
        List<MiniportAdapter> faces = lowers;
        for (Kind kind : kinds) {
            List<MiniportAdapter> above = new ArrayList<>();
            if (kind == Kind.TEAM) {
                above.add(add(memory, kind.over(memory, faces, settings)));
            } else {
                for (MiniportAdapter each : faces) {
                    above.add(add(memory, kind.over(memory, List.of(each), settings)));
                }
            }
            faces = above;
        }
        top = faces.get(0);
    }

    private MiniportAdapter add(Memory memory, IntermediateDriver driver) {
        drivers.add(driver);
        return new MiniportAdapter(memory, driver.upper());
    }

    /** Miniports that such a row stands on. */
    public static int members(List<Kind> kinds) {
        return kinds.contains(Kind.TEAM) ? TEAM_MEMBERS : 1;
    }

    /** All rows of so many different drivers, in all orders. */
    public static List<List<Kind>> ofLength(int length) {
        List<List<Kind>> rows = new ArrayList<>();
        extend(rows, List.of(), EnumSet.allOf(Kind.class), length);
        return rows;
    }

    private static void extend(
            List<List<Kind>> rows, List<Kind> begun, Set<Kind> left, int length) {
        if (begun.size() == length) {
            rows.add(begun);
            return;
        }
        for (Kind each : left) {
            List<Kind> longer = new ArrayList<>(begun);
            longer.add(each);
            Set<Kind> others = EnumSet.copyOf(left);
            others.remove(each);
            extend(rows, List.copyOf(longer), others, length);
        }
    }

    /** What to bind to. */
    public MiniportAdapter top() {
        return top;
    }

    /** All of them, from the target upwards; those of a team's members one after the other. */
    public List<IntermediateDriver> drivers() {
        return List.copyOf(drivers);
    }

    /** The drivers of a class: none, one, or one for each member of the team above them. */
    public <D extends IntermediateDriver> List<D> of(Class<D> type) {
        return drivers.stream().filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public void close() {
        for (int i = drivers.size() - 1; i >= 0; i--) {
            drivers.get(i).close();
        }
    }
}
