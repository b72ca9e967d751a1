// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.EngineFigures;
import dev.flue.bench.figures.Figures;
import dev.flue.bench.figures.JmhFigures;
import dev.flue.bindings.Flue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Runs everything that the machine allows and writes {@code bench.md}, {@code bench.json} and
 * {@code bench-*.svg}. {@code flue bench} starts it; options: {@link SideOptions}. Exit codes as
 * those of {@code flue}.
 */
public final class SideBySide {
    private final SideOptions options;
    private final NativePrograms programs;
    private final List<Figures> engine = new ArrayList<>();

    private SideBySide(SideOptions options) {
        this.options = options;
        this.programs = new NativePrograms(options.natives());
    }

    public static void main(String[] args) throws IOException {
        try {
            System.exit(new SideBySide(SideOptions.of(args)).run(String.join(" ", args)));
        } catch (IllegalArgumentException e) {
            System.err.println("flue bench: " + e.getMessage());
            System.exit(2);
        }
    }

    private int run(String arguments) throws IOException {
        Files.createDirectories(options.output());
        Path directory = Files.createTempDirectory("flue-bench");
        Networks networks = Networks.open();
        Match match = new Match(directory.toString(), programs);
        // However it ends: done, failed, or by a signal.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> cleanUp(match, networks, directory)));
        List<Contestant> contestants = contestants(networks);
        String before = Machine.load();
        engine();
        Results results = new Results(options.rounds());
        if (options.does(SideOptions.SIDE)) {
            results = new Rounds(match, options, present(contestants)).run();
        }
        match.close();
        engine();
        Figures jmh = jmh();
        engine();
        Map<String, String> machine = Machine.facts();
        machine.put("load before", before);
        machine.put("load after", Machine.load());
        Run run =
                new Run(
                        ("flue bench " + arguments).strip(),
                        machine,
                        networks.congestion(),
                        options.millis(),
                        options.workloads(),
                        contestants,
                        results,
                        Figures.together(engine),
                        jmh);
        write(run);
        return 0;
    }

    private List<Contestant> contestants(Networks networks) {
        int cpus = Runtime.getRuntime().availableProcessors();
        List<Contestant> all =
                Contestants.of(cpus, noFlue(), programs.missing(NativePrograms.COPY), networks);
        return options.chosen(all);
    }

    private static List<Contestant> present(List<Contestant> contestants) {
        contestants.stream()
                .filter(each -> !each.takesPart())
                .forEach(each -> System.out.println(each.name() + ": no: " + each.skipped()));
        return contestants.stream().filter(Contestant::takesPart).toList();
    }

    /** Between the other parts, so that its spread is one over the whole run. */
    private void engine() {
        Figures figures;
        if (!options.does(SideOptions.ENGINE)) {
            figures = Figures.none("the engine in memory was not asked for");
        } else if (!programs.missing(NativePrograms.ENGINE).isEmpty()) {
            figures = Figures.none(programs.missing(NativePrograms.ENGINE));
        } else {
            figures = EngineFigures.all(programs.file(NativePrograms.ENGINE), options.quick());
        }
        engine.add(figures);
        System.out.println("engine in memory: " + said(figures));
    }

    private Figures jmh() {
        Figures figures =
                !options.does(SideOptions.JMH)
                        ? Figures.none("Java's operations were not asked for")
                        : noFlue().isEmpty() || Flue.isAvailable()
                                ? JmhFigures.run(options.quick())
                                : Figures.none(noFlue());
        System.out.println("Java's operations: " + said(figures));
        return figures;
    }

    private static String said(Figures figures) {
        return figures.missing().isEmpty()
                ? figures.figures().size() + " figures"
                : "no: " + figures.missing();
    }

    private void write(Run run) throws IOException {
        Path page = options.output().resolve("bench.md");
        Map<String, String> pictures = Map.of();
        String noPictures = "";
        try {
            pictures = Pictures.draw(options.output(), run);
        } catch (IOException | RuntimeException | LinkageError | java.awt.AWTError e) {
            noPictures = e.toString();
        }
        Files.writeString(page, Page.markdown(run, pictures, noPictures));
        Files.writeString(options.output().resolve("bench.json"), PageJson.of(run) + "\n");
        System.out.println("written: " + page);
    }

    private static void cleanUp(Match match, Networks networks, Path directory) {
        match.close();
        networks.close();
        try {
            delete(directory);
        } catch (IOException e) {
            System.err.println("flue bench: " + directory + " is left: " + e.getMessage());
        }
    }

    private static String noFlue() {
        if (!Flue.isAvailable()) {
            return Flue.unavailabilityCause();
        }
        return Flue.dpdkAvailable() ? "" : Flue.dpdkUnavailabilityCause();
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (Path each : (Iterable<Path>) files::iterator) {
                Files.deleteIfExists(each);
            }
        }
        Files.delete(directory);
    }

    static List<String> list(String value) {
        return Arrays.stream(value.split(",")).map(String::strip).toList();
    }
}
