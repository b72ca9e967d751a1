// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.figures;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Figures by name, or the reason why there are none. One thread.
 *
 * @param figures median and spread of each
 * @param units of each
 * @param facts about how they came to be, for people
 * @param missing why there are none; "" = there are
 */
public record Figures(
        Map<String, Spread> figures,
        Map<String, String> units,
        Map<String, String> facts,
        String missing) {

    /** There are none. */
    public static Figures none(String why) {
        return new Figures(Map.of(), Map.of(), Map.of(), why);
    }

    /** Without a figure in it where there is none of that name. */
    public Spread of(String name) {
        return figures.getOrDefault(name, Spread.of());
    }

    /** Names that begin like this. */
    public List<String> named(String start) {
        return figures.keySet().stream().filter(each -> each.startsWith(start)).toList();
    }

    /** These and others, if there are any. */
    public Figures and(Figures others) {
        Map<String, Spread> spreads = new LinkedHashMap<>(figures);
        spreads.putAll(others.figures());
        Map<String, String> both = new LinkedHashMap<>(units);
        both.putAll(others.units());
        return new Figures(spreads, both, facts, missing);
    }

    /**
     * The same figures of several runs: the spread is of the runs' medians.
     *
     * @param runs what was measured; if there is none, the last reason
     */
    public static Figures together(List<Figures> runs) {
        List<Figures> good = runs.stream().filter(each -> each.missing().isEmpty()).toList();
        if (good.isEmpty()) {
            return runs.get(runs.size() - 1);
        }
        Figures first = good.get(0);
        if (good.size() == 1) {
            return first;
        }
        Map<String, Spread> spreads = new LinkedHashMap<>();
        for (String name : first.figures().keySet()) {
            List<Double> medians = new ArrayList<>();
            good.forEach(each -> medians.add(each.of(name).median()));
            spreads.put(
                    name, Spread.of(medians.stream().mapToDouble(Double::doubleValue).toArray()));
        }
        return new Figures(spreads, first.units(), first.facts(), "");
    }
}
