// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.PortOffload;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Offloads of a port by the names that people see. */
final class Offloads {
    private static final String ALL = "all";
    private static final String NONE = "none";

    private Offloads() {}

    /**
     * @param names of {@link PortOffload}, or "all" alone, or "none" alone
     * @throws IllegalArgumentException there is none of a name; the message says which there are
     */
    static Set<PortOffload> named(List<String> names) {
        if (names.equals(List.of(ALL))) {
            return EnumSet.allOf(PortOffload.class);
        }
        Set<PortOffload> set = EnumSet.noneOf(PortOffload.class);
        if (!names.equals(List.of(NONE))) {
            names.forEach(each -> set.add(named(each)));
        }
        return set;
    }

    private static PortOffload named(String name) {
        return Stream.of(PortOffload.values())
                .filter(each -> each.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(unknown(name)));
    }

    private static String unknown(String name) {
        if (name.equals(ALL) || name.equals(NONE)) {
            return "--offloads-off: " + name + " stands alone";
        }
        return "--offloads-off: there is no offload '"
                + name
                + "'; there are "
                + String.join(", ", names(List.of(PortOffload.values())))
                + ", or all, or none";
    }

    static List<String> names(Collection<PortOffload> offloads) {
        return offloads.stream().map(PortOffload::toString).collect(Collectors.toList());
    }
}
