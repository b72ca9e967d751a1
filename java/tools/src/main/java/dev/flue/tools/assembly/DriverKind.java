// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.im.DriverSettings;
import dev.flue.im.IntermediateDriver;
import dev.flue.im.MeterDriver;
import dev.flue.im.MeterSettings;
import dev.flue.im.PassThroughDriver;
import dev.flue.im.ShaperDriver;
import dev.flue.im.ShaperSettings;
import dev.flue.im.TeamDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.im.VlanDriver;
import dev.flue.im.VlanSettings;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A driver that can be asked for by name.
 *
 * @param name as it stands in {@code --drivers}
 * @param settings its keys and, for people, what holds where nothing is said
 * @param reader reads the settings, and tells how to make the driver then
 */
public record DriverKind(
        String name, Map<String, String> settings, Function<DriverSettings, Factory> reader) {

    /** The one that makes one face of several. */
    static final String TEAM = "team";

    private static final int MAX_LISTS = 1 << 24;

    public DriverKind {
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** Makes one driver; {@code label} tells it from others of its kind. */
    @FunctionalInterface
    public interface Factory {
        IntermediateDriver over(Memory memory, MiniportAdapter lower, int maxObjects, String label);
    }

    /** Makes one driver over all faces that there are. */
    @FunctionalInterface
    public interface Joiner extends Factory {
        IntermediateDriver over(
                Memory memory, List<MiniportAdapter> lowers, int maxObjects, String label);

        @Override
        default IntermediateDriver over(
                Memory memory, MiniportAdapter lower, int maxObjects, String label) {
            return over(memory, List.of(lower), maxObjects, label);
        }
    }

    /** The drivers there are, a line each. */
    private static final Map<String, DriverKind> KINDS =
            table(
                    plain(
                            "passthrough",
                            (m, lower, n, label) -> new PassThroughDriver(m, lower, n)),
                    plain("verifier", VerifierDriver::new),
                    new DriverKind(
                            "meter",
                            Map.of(
                                    "histograms",
                                    "" + MeterSettings.DEFAULT_HISTOGRAMS,
                                    "digits",
                                    "" + MeterSettings.DEFAULT_DIGITS,
                                    "lists",
                                    "" + MeterSettings.DEFAULT_LISTS),
                            DriverKind::meter),
                    new DriverKind(
                            "shaper",
                            Map.of("rate", "has to be given", "burst", "64k", "per", "connection"),
                            DriverKind::shaper),
                    new DriverKind(
                            TEAM,
                            Map.of("lists", "4 for each connection", "moves", "256"),
                            DriverKind::team),
                    new DriverKind(
                            "vlan",
                            Map.of("id", "has to be given", "priority", "0", "frames", "1024"),
                            DriverKind::vlan));

    private static DriverKind plain(String name, Factory factory) {
        return new DriverKind(name, Map.of(), settings -> factory);
    }

    private static Map<String, DriverKind> table(DriverKind... kinds) {
        Map<String, DriverKind> table = new TreeMap<>();
        for (DriverKind each : kinds) {
            table.put(each.name, each);
        }
        return table;
    }

    /** All of them, by name. */
    public static List<DriverKind> all() {
        return List.copyOf(KINDS.values());
    }

    /** Null: there is none of this name. */
    static DriverKind of(String name) {
        return KINDS.get(name);
    }

    private static Factory meter(DriverSettings settings) {
        MeterSettings meter =
                new MeterSettings(
                        settings.integer(
                                "histograms",
                                MeterSettings.DEFAULT_HISTOGRAMS,
                                0,
                                MeterSettings.MAX_HISTOGRAMS),
                        settings.integer(
                                "digits",
                                MeterSettings.DEFAULT_DIGITS,
                                1,
                                MeterSettings.MAX_DIGITS),
                        settings.integer(
                                "lists", MeterSettings.DEFAULT_LISTS, 1, MeterSettings.MAX_LISTS));
        return (memory, lower, objects, label) -> new MeterDriver(memory, lower, objects, meter);
    }

    private static Factory shaper(DriverSettings settings) {
        ShaperSettings shaper =
                new ShaperSettings(
                        settings.amount("rate", 1, ShaperSettings.MAX_RATE),
                        settings.amount("burst", 64_000, 1, ShaperSettings.MAX_BURST),
                        settings.choice("per", ShaperSettings.Scope.CONNECTION));
        return (memory, lower, objects, label) -> new ShaperDriver(memory, lower, objects, shaper);
    }

    private static Joiner team(DriverSettings settings) {
        int lists = settings.integer("lists", 0, 1, MAX_LISTS);
        int moves = settings.integer("moves", 256, 1, Integer.MAX_VALUE);
        return (memory, lowers, objects, label) ->
                new TeamDriver(
                        memory,
                        lowers,
                        new TeamDriver.Settings(
                                objects, lists > 0 ? lists : 4 * (objects / 3) + 1024, moves));
    }

    private static Factory vlan(DriverSettings settings) {
        VlanSettings vlan =
                new VlanSettings(
                        settings.integer("id", 0, VlanSettings.MAX_ID),
                        settings.integer("priority", 0, 0, VlanSettings.MAX_PRIORITY),
                        settings.integer(
                                "frames", VlanSettings.DEFAULT_FRAMES, 1, VlanSettings.MAX_FRAMES));
        return (memory, lower, objects, label) -> new VlanDriver(memory, lower, objects, vlan);
    }
}
