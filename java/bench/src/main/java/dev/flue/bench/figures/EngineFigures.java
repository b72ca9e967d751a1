// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The engine in memory: what its program, {@code bench_engine --json}, says. */
public final class EngineFigures {
    private static final long SECONDS = 180;
    private static final String MILLION = "1000000";
    private static final double MIB = 1 << 20;
    private static final String CYCLES = "cycles";
    private static final String PER_SECOND = "/s";

    /** Initiate and terminate, in trees of 64. */
    public static final String PAIRS = "state-pairs";

    /** Contexts and flow table of a million connections. */
    public static final String MEMORY = "million-memory";

    /** Segments of 64 B to random ones of a million connections. */
    public static final String SEGMENTS = "million-receive";

    /** What a line is about; together they name it where it has no name. */
    private static final List<String> ABOUT =
            List.of("kernel", "bytes", "acks", "flows", "checksum");

    private EngineFigures() {}

    /** Name of a line that has none: "receive-64-each-1-port"; with loss "-loss1" behind it. */
    public static String name(String kernel, int bytes, String acks, int flows, String checksum) {
        return kernel + "-" + bytes + "-" + acks + "-" + flows + "-" + checksum;
    }

    /**
     * Run all that the program can.
     *
     * @param quick fewer combinations
     */
    public static Figures all(Path program, boolean quick) {
        Figures figures = quick ? run(program, "--quick") : run(program);
        if (figures.missing().isEmpty() && figures.of(PAIRS).count() == 0) {
            figures = figures.and(run(program, "--trees"));
        }
        if (figures.missing().isEmpty() && figures.of(SEGMENTS).count() == 0) {
            figures = figures.and(run(program, "--flows", MILLION));
        }
        return figures;
    }

    /**
     * Run the program.
     *
     * @param more arguments
     */
    static Figures run(Path program, String... more) {
        List<String> command = new ArrayList<>(List.of(program.toString(), "--json"));
        command.addAll(List.of(more));
        Path said = null;
        try {
            said = Files.createTempFile("flue-bench", ".json");
            Process process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .redirectOutput(said.toFile())
                            .start();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
                return Figures.none(program + " did not end within " + SECONDS + " s");
            }
            return process.exitValue() == 0
                    ? of(Files.readString(said))
                    : Figures.none(program + " ended with " + process.exitValue());
        } catch (IOException | IllegalArgumentException e) {
            return Figures.none(program + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Figures.none("interrupted");
        } finally {
            delete(said);
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // It is in the directory for what is temporary.
        }
    }

    /**
     * @throws IllegalArgumentException it is not what the program writes
     */
    static Figures of(String json) {
        if (!(Json.parse(json) instanceof Map<?, ?> document)) {
            throw new IllegalArgumentException("no object in what it says");
        }
        Map<String, Spread> figures = new LinkedHashMap<>();
        Map<String, String> units = new LinkedHashMap<>();
        Map<String, String> facts = facts(document.get("calibration"));
        if (document.get("results") instanceof List<?> lines) {
            lines.forEach(each -> line(each, figures, units));
            quiet(lines, facts);
        }
        pairs(document, figures, units);
        million(document, figures, units);
        if (figures.isEmpty()) {
            throw new IllegalArgumentException("no results in what it says");
        }
        return new Figures(figures, units, facts, "");
    }

    /** Of a hundred repetitions of a line, those that nothing disturbed. */
    private static void quiet(List<?> lines, Map<String, String> facts) {
        DoubleSummaryStatistics quiet =
                lines.stream()
                        .filter(each -> each instanceof Map<?, ?> line && line.containsKey("quiet"))
                        .mapToDouble(each -> of((Map<?, ?>) each, "quiet", 0))
                        .summaryStatistics();
        if (quiet.getCount() > 0) {
            facts.put(
                    "undisturbed, percent of a line's repetitions",
                    String.format(
                            Locale.ROOT,
                            "%.0f to %.0f, %.0f on the average",
                            quiet.getMin(),
                            quiet.getMax(),
                            quiet.getAverage()));
        }
    }

    private static void line(Object each, Map<String, Spread> figures, Map<String, String> units) {
        if (each instanceof Map<?, ?> line && line.get("p50") instanceof Double p50) {
            String name = name(line);
            double one = of(line, "p10", p50);
            double other = of(line, "p90", p50);
            figures.put(name, new Spread(1, p50, Math.min(one, other), Math.max(one, other)));
            units.put(name, line.get("unit") instanceof String unit ? unit : CYCLES);
        }
    }

    /** What {@code --trees} says. */
    private static void pairs(
            Map<?, ?> document, Map<String, Spread> figures, Map<String, String> units) {
        if (document.get("pairs_per_second") instanceof Double rate) {
            figures.put(
                    PAIRS,
                    rate(rate, document, of(document, "pair_p50", 1), "pair_p10", "pair_p90"));
            units.put(PAIRS, PER_SECOND);
        }
    }

    /** What {@code --flows} says. */
    private static void million(
            Map<?, ?> document, Map<String, Spread> figures, Map<String, String> units) {
        if (document.get("contexts_and_table_bytes") instanceof Double bytes) {
            figures.put(MEMORY, Spread.of(bytes / MIB));
            units.put(MEMORY, "MiB");
        }
        if (document.get("receive_64_burst") instanceof Map<?, ?> line
                && line.get("segments_per_second") instanceof Double rate) {
            figures.put(SEGMENTS, rate(rate, line, of(line, "p50", 1), "p10", "p90"));
            units.put(SEGMENTS, PER_SECOND);
        }
    }

    /** A rate is what its cycles are not: less of these is more of it. */
    private static Spread rate(
            double median, Map<?, ?> line, double cycles, String fewest, String most) {
        return new Spread(
                1,
                median,
                median * cycles / of(line, most, cycles),
                median * cycles / of(line, fewest, cycles));
    }

    private static double of(Map<?, ?> line, String member, double otherwise) {
        return line.get(member) instanceof Double value ? value : otherwise;
    }

    private static String name(Map<?, ?> line) {
        if (line.get("name") instanceof String name) {
            return name;
        }
        List<String> words = new ArrayList<>();
        for (String each : ABOUT) {
            words.add(word(line.get(each)));
        }
        String loss = word(line.get("loss"));
        return String.join("-", words) + (loss.matches("0|") ? "" : "-loss" + loss);
    }

    private static String word(Object value) {
        if (value == null) {
            return "";
        }
        return value instanceof Double number && number == Math.rint(number)
                ? Long.toString(number.longValue())
                : value.toString();
    }

    private static Map<String, String> facts(Object calibration) {
        Map<String, String> facts = new LinkedHashMap<>();
        if (calibration instanceof Map<?, ?> members) {
            members.forEach((name, value) -> facts.put(name.toString(), word(value)));
        }
        return facts;
    }
}
