// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.config;

import dev.flue.tools.assembly.DriverKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Something that may be set in the environment and in a file: an option of a command, or a key of a
 * driver.
 *
 * @param property its name in the file: {@code flue.max-connections}, {@code flue.vlan.id}
 * @param option {@code --max-connections}; "" for a driver's
 * @param otherwise what holds when nobody says anything; "" = the option knows
 */
public record Setting(String property, String option, String otherwise) {
    private static final String PREFIX = "flue.";

    /** The options, of whichever command, that make sense as a default. */
    private static final List<String> OPTIONS =
            List.of(
                    "tap",
                    "port",
                    "address",
                    "kernel-address",
                    "gateway",
                    "mtu",
                    "pcap",
                    "buffers",
                    "queues",
                    "offloads-off",
                    "dpdk-args",
                    "arena",
                    "max-connections",
                    "own-thread",
                    "preset",
                    "idle",
                    "cpu",
                    "drivers",
                    "listen",
                    "upload-every",
                    "connect-timeout",
                    "size",
                    "drop",
                    "seed");

    private static final List<Setting> ALL = table();

    private static List<Setting> table() {
        List<Setting> all = new ArrayList<>();
        OPTIONS.forEach(each -> all.add(new Setting(PREFIX + each, "--" + each, "")));
        for (DriverKind kind : DriverKind.all()) {
            kind.settings()
                    .forEach((key, value) -> all.add(new Setting(of(kind.name(), key), "", value)));
        }
        return List.copyOf(all);
    }

    /** The property of a driver's key. */
    static String of(String driver, String key) {
        return PREFIX + driver + "." + key;
    }

    /** All there are, options first. */
    public static List<Setting> all() {
        return ALL;
    }

    /** Whether there is one of this name. */
    static boolean known(String property) {
        return ALL.stream().anyMatch(each -> each.property.equals(property));
    }

    /** The variable of a property: {@code FLUE_VLAN_ID}. */
    public static String variable(String property) {
        return property.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");
    }
}
