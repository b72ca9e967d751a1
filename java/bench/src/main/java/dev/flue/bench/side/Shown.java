// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.Spread;

/**
 * A figure that stands at the top of the page, and what it was meant to be.
 *
 * @param number of what it is to show; several figures may show the same
 * @param name short, unique
 * @param what was measured
 * @param against what it is held
 * @param reach what it is to be
 * @param atMost less is better; else more is
 * @param unit of figure and reach
 * @param measured the figure
 * @param missing why there is none; "" = there is
 */
record Shown(
        int number,
        String name,
        String what,
        String against,
        double reach,
        boolean atMost,
        String unit,
        Spread measured,
        String missing) {
    /** Bytes are counted with what counting itself costs; less than that is none. */
    private static final double NOTHING = 0.5;

    boolean known() {
        return measured.count() > 0;
    }

    /** Whether the median is where it is to be. */
    boolean reached() {
        return known()
                && (atMost
                        ? measured.median() <= Math.max(reach, NOTHING)
                        : measured.median() >= reach);
    }

    /** How far it came: 1 = reached, more = farther; NaN = not known. */
    double progress() {
        return atMost ? reach / measured.median() : measured.median() / reach;
    }

    String reachText() {
        return (atMost ? "at most " : "at least ") + Spread.number(reach) + unit;
    }

    String measuredText() {
        if (!known()) {
            return "not measured: " + missing;
        }
        return Spread.number(measured.median())
                + unit
                + " ("
                + Spread.number(measured.least())
                + " to "
                + Spread.number(measured.most())
                + ")";
    }

    String verdict() {
        return known() ? reached() ? "**yes**" : "no" : "-";
    }
}
