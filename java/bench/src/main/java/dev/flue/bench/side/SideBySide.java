// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bindings.Flue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Runs everyone whom the machine allows and writes {@code side-by-side.md} and {@code
 * side-by-side.json}. {@code flue bench} starts it; options: {@code --quick}, {@code --output
 * DIRECTORY}, {@code --rounds N}, {@code --millis N}, {@code --contestants A,B}, {@code --workloads
 * A,B}. Exit codes as those of {@code flue}.
 */
public final class SideBySide {
    private final SideOptions options;

    private SideBySide(SideOptions options) {
        this.options = options;
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
        Path directory = Files.createTempDirectory("flue-bench");
        Networks networks = Networks.open();
        NativePrograms programs = new NativePrograms(options.natives());
        Match match = new Match(directory.toString(), programs);
        // However it ends: done, failed, or by a signal.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> cleanUp(match, networks, directory)));
        int cpus = Runtime.getRuntime().availableProcessors();
        List<Contestant> contestants =
                options.chosen(
                        Contestants.of(
                                cpus, noFlue(), programs.missing(NativePrograms.COPY), networks));
        String before = Machine.load();
        Results results = measure(match, contestants);
        Page page =
                new Page(
                        ("flue bench " + arguments).strip(),
                        Machine.facts(),
                        networks.congestion(),
                        before,
                        Machine.load(),
                        options.millis(),
                        options.workloads(),
                        contestants,
                        results);
        Files.createDirectories(options.output());
        Files.writeString(options.output().resolve("side-by-side.md"), page.markdown());
        Files.writeString(options.output().resolve("side-by-side.json"), page.json() + "\n");
        System.out.println("written: " + options.output().resolve("side-by-side.md"));
        return 0;
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

    private Results measure(Match match, List<Contestant> contestants) {
        contestants.stream()
                .filter(each -> !each.takesPart())
                .forEach(each -> System.out.println(each.name() + ": no: " + each.skipped()));
        Results results = new Results(options.rounds());
        List<Contestant> present = contestants.stream().filter(Contestant::takesPart).toList();
        for (Schedule.Turn turn : Schedule.turns(options.rounds(), options.workloads(), present)) {
            String said;
            try {
                Outcome outcome =
                        match.measure(
                                turn.contestant(), turn.workload(), options.millis() * 1_000_000);
                results.add(turn, outcome);
                said = said(turn.workload(), outcome);
            } catch (IOException e) {
                results.failed(turn, e.getMessage());
                said = "failed: " + e.getMessage();
            }
            System.out.printf(
                    Locale.ROOT,
                    "round %d  %-17s %-22s %s%n",
                    turn.round(),
                    turn.workload().name(),
                    turn.contestant().name(),
                    said);
        }
        return results;
    }

    private static String said(Workload workload, Outcome outcome) {
        return Spread.number(workload.figure(outcome)) + " " + workload.unit().label();
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
