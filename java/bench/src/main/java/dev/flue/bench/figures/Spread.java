// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.figures;

import java.util.Arrays;
import java.util.Locale;

/**
 * Median, least and most of some figures.
 *
 * @param count of the figures; with none the rest is NaN
 */
public record Spread(int count, double median, double least, double most) {

    public static Spread of(double... figures) {
        double[] sorted = Arrays.stream(figures).filter(Double::isFinite).sorted().toArray();
        int count = sorted.length;
        if (count == 0) {
            return new Spread(0, Double.NaN, Double.NaN, Double.NaN);
        }
        double median =
                count % 2 == 1
                        ? sorted[count / 2]
                        : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
        return new Spread(count, median, sorted[0], sorted[count - 1]);
    }

    /** Of the quotients round by round: what disturbs a round disturbs both. */
    public static Spread ofRatios(double[] figures, double[] to) {
        double[] ratios = new double[Math.min(figures.length, to.length)];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = figures[i] / to[i];
        }
        return of(ratios);
    }

    /** Every figure by a factor that is positive. */
    public Spread times(double factor) {
        return new Spread(count, median * factor, least * factor, most * factor);
    }

    /**
     * Of a quotient whose two sides were not measured in rounds: between the least it can be and
     * the most.
     */
    public Spread over(Spread other) {
        return new Spread(
                Math.min(count, other.count),
                median / other.median,
                least / other.most,
                most / other.least);
    }

    /** "12.3 (11.0 to 15.2)". */
    @Override
    public String toString() {
        return count == 0
                ? "-"
                : number(median) + " (" + number(least) + " to " + number(most) + ")";
    }

    /** Three digits, thousands and millions by letters. */
    public static String number(double value) {
        double size = Math.abs(value);
        if (size >= 999_500) {
            return digits(value / 1e6) + " M";
        }
        return size >= 9_995 ? digits(value / 1e3) + " k" : digits(value);
    }

    private static String digits(double value) {
        double size = Math.abs(value);
        String format = size >= 99.95 ? "%.0f" : size >= 9.995 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }
}
