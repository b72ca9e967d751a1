// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a run is told.
 *
 * @param quick leaves out what takes long, unless it is asked for
 * @param rounds that count
 * @param seconds for the contestants at most: fewer rounds, if they do not fit
 * @param parts of the run: side, engine, jmh
 * @param millis of one measurement
 * @param contestants by name; none = all
 * @param natives directory with the programs in C; null = where the build leaves them
 */
record SideOptions(
        Path output,
        boolean quick,
        int rounds,
        long millis,
        long seconds,
        List<String> parts,
        List<String> contestants,
        List<Workload> workloads,
        Path natives) {
    static final String SIDE = "side";
    static final String ENGINE = "engine";
    static final String JMH = "jmh";

    private static final List<String> PARTS = List.of(SIDE, ENGINE, JMH);
    private static final int ROUNDS = 5;
    private static final int QUICK_ROUNDS = 2;
    private static final long MILLIS = 300;
    private static final long QUICK_MILLIS = 150;
    private static final long SECONDS = 315;
    private static final long QUICK_SECONDS = 65;

    /** How the names of those end that {@code --quick} leaves out. */
    private static final Pattern SLOW = Pattern.compile("-(veth|tap|inline)$");

    private static final List<String> QUICK =
            List.of("request-response", "messages-64", "stream-16k", "echo-100", "echo-10000");

    /**
     * @throws IllegalArgumentException it cannot be understood; the message says what
     */
    static SideOptions of(String... args) {
        Path output = Path.of("docs/performance");
        boolean quick = List.of(args).contains("--quick");
        int rounds = quick ? QUICK_ROUNDS : ROUNDS;
        long millis = quick ? QUICK_MILLIS : MILLIS;
        long seconds = quick ? QUICK_SECONDS : SECONDS;
        List<String> parts = PARTS;
        List<String> contestants = List.of();
        Path natives = null;
        List<Workload> workloads =
                quick ? QUICK.stream().map(Workload::named).toList() : Workload.ALL;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--quick" -> {}
                case "--output" -> output = Path.of(value(args, ++i));
                case "--native" -> natives = Path.of(value(args, ++i));
                case "--rounds" -> rounds = (int) number(args, ++i, 100);
                case "--millis" -> millis = number(args, ++i, 60_000);
                case "--seconds" -> seconds = number(args, ++i, 86_400);
                case "--parts" -> parts = parts(value(args, ++i));
                case "--contestants" -> contestants = SideBySide.list(value(args, ++i));
                case "--workloads" ->
                        workloads =
                                SideBySide.list(value(args, ++i)).stream()
                                        .map(Workload::named)
                                        .toList();
                default -> throw new IllegalArgumentException("what is '" + args[i] + "'?");
            }
        }
        return new SideOptions(
                output, quick, rounds, millis, seconds, parts, contestants, workloads, natives);
    }

    private static List<String> parts(String value) {
        List<String> parts = SideBySide.list(value);
        if (!PARTS.containsAll(parts)) {
            throw new IllegalArgumentException("--parts are " + String.join(", ", PARTS));
        }
        return parts;
    }

    boolean does(String part) {
        return parts.contains(part);
    }

    private static String value(String[] args, int i) {
        if (i >= args.length) {
            throw new IllegalArgumentException(args[i - 1] + " needs a value");
        }
        return args[i];
    }

    private static long number(String[] args, int i, int most) {
        String text = value(args, i);
        if (!text.matches("[1-9]\\d{0,8}") || Long.parseLong(text) > most) {
            throw new IllegalArgumentException(args[i - 1] + " is 1 to " + most);
        }
        return Long.parseLong(text);
    }

    /**
     * A list whose others than those that are wanted do not take part.
     *
     * @throws IllegalArgumentException one is named that there is not
     */
    List<Contestant> chosen(List<Contestant> all) {
        if (contestants.isEmpty()) {
            return quick ? all.stream().map(SideOptions::leftOut).toList() : all;
        }
        for (String name : contestants) {
            if (all.stream().noneMatch(each -> each.name().equals(name))) {
                throw new IllegalArgumentException(
                        "no contestant '"
                                + name
                                + "'; there are "
                                + all.stream().map(Contestant::name).toList());
            }
        }
        return all.stream()
                .map(
                        each ->
                                contestants.contains(each.name())
                                        ? each
                                        : each.without("not asked for"))
                .toList();
    }

    private static Contestant leftOut(Contestant each) {
        if (!each.takesPart() || !SLOW.matcher(each.name()).find()) {
            return each;
        }
        return each.without("left out by --quick");
    }
}
