// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where an engine is to keep its context areas. With NIC memory, state objects and handles lie
 * there and what segments need in hugepages, or in ordinary pages where there are none.
 *
 * @param hugepages in 2 MiB hugepages instead of ordinary pages
 * @param node NUMA node on which the hugepages have to lie; -1 = near the port's device or the
 *     calling thread, as far as there are any
 * @param nic place of the NIC memory, as {@code 0000:00:06.0/2} (PCI address and BAR) or {@code
 *     file:PATH}; "" = none
 */
public record Arena(boolean hugepages, int node, String nic) {
    /** Ordinary pages. */
    public static final Arena HEAP = new Arena(false, -1, "");

    /** Hugepages, wherever they are best. */
    public static final Arena HUGEPAGES = new Arena(true, -1, "");

    private static final String NIC = "nic:";
    private static final Pattern ON_NODE = Pattern.compile("hugepages:(\\d{1,4})");
    private static final Pattern PLACE =
            Pattern.compile("(\\p{XDigit}{4}:)?\\p{XDigit}{2}:\\p{XDigit}{2}\\.[0-7]/[0-5]");

    /** Hugepages of one NUMA node. */
    public static Arena hugepagesOn(int node) {
        return new Arena(true, node, "");
    }

    /** State objects in NIC memory. */
    public static Arena inNic(String place) {
        return new Arena(false, -1, place);
    }

    /**
     * {@code heap}, {@code hugepages}, {@code hugepages:NODE}, {@code
     * nic:DOMAIN:BUS:SLOT.FUNCTION/BAR}, {@code nic:file:PATH}.
     *
     * @throws IllegalArgumentException it is none of these; the message is for people
     */
    public static Arena parse(String text) {
        Matcher onNode = ON_NODE.matcher(text);
        if (onNode.matches()) {
            return hugepagesOn(Integer.parseInt(onNode.group(1)));
        }
        String place = text.startsWith(NIC) ? text.substring(NIC.length()) : "";
        if (PLACE.matcher(place).matches() || place.matches("file:.+")) {
            return inNic(place);
        }
        return switch (text) {
            case "heap" -> HEAP;
            case "hugepages" -> HUGEPAGES;
            default ->
                    throw new IllegalArgumentException(
                            "'"
                                    + text
                                    + "' is no arena: heap, hugepages, hugepages:NODE or"
                                    + " nic:ADDRESS/BAR, as in nic:0000:00:06.0/2");
        };
    }

    public boolean inNic() {
        return !nic.isEmpty();
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        if (inNic()) {
            return NIC + nic;
        }
        return hugepages ? "hugepages" + (node < 0 ? "" : ":" + node) : "heap";
    }
}
