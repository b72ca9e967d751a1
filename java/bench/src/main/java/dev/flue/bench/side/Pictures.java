// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.EngineFigures;
import dev.flue.bench.figures.Figures;
import dev.flue.bench.figures.Spread;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler;

/** A run in pictures, as SVG. Only figures that there are; a picture without any is left out. */
final class Pictures {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 480;
    private static final int LABELS = 35;
    private static final int STEEP = 70;
    private static final int TALL = 680;
    private static final Font SMALL = new Font(Font.SANS_SERIF, Font.PLAIN, 11);

    /** A tenth of a pixel is enough, and a third of the bytes: letters are drawn as outlines. */
    private static final Pattern FRACTION = Pattern.compile("(\\d\\.\\d)\\d+");

    private static final double FAR = 2;
    private static final Color YES = new Color(0x2e7d32);
    private static final Color NO = new Color(0xef6c00);
    private static final List<Integer> FLOWS = List.of(1, 32, 1000, 16_384, 1_000_000);

    private final Path directory;
    private final Map<String, String> written = new LinkedHashMap<>();

    private Pictures(Path directory) {
        this.directory = directory;
    }

    /**
     * Draw them.
     *
     * @param directory that exists
     * @return names of files and what they show
     * @throws IOException one cannot be written
     */
    static Map<String, String> draw(Path directory, Run run) throws IOException {
        System.setProperty("java.awt.headless", "true");
        Pictures pictures = new Pictures(directory);
        pictures.shows(run.shown());
        for (Workload workload : run.workloads()) {
            if (workload.connections() == 1) {
                pictures.contestants(workload, run.contestants(), run.results());
            }
        }
        pictures.connections(run.contestants(), run.results());
        pictures.engine(run.engine());
        return pictures.written;
    }

    /** How far each figure came: 1 is where it was to be. */
    private void shows(List<Shown> shown) throws IOException {
        List<Shown> known =
                shown.stream().filter(each -> each.known() && each.reach() > 0).toList();
        if (known.isEmpty()) {
            return;
        }
        List<String> names =
                known.stream().map(each -> each.number() + ": " + each.name()).toList();
        CategoryChart chart =
                bars(
                        "How far: 1 is where it was to be, what is beyond 2 is drawn as 2",
                        "",
                        TALL,
                        false);
        chart.getStyler()
                .setXAxisLabelRotation(STEEP)
                .setXAxisMaxLabelCount(names.size())
                .setAxisTickLabelsFont(SMALL);
        chart.getStyler().setOverlapped(true);
        chart.getStyler().setSeriesColors(new Color[] {YES, NO});
        chart.addSeries("reached", names, known.stream().map(each -> part(each, true)).toList());
        chart.addSeries(
                "not reached", names, known.stream().map(each -> part(each, false)).toList());
        write(chart, "bench-shows", "how far each figure came");
    }

    private static Double part(Shown shown, boolean reached) {
        return shown.reached() == reached ? Double.valueOf(Math.min(FAR, shown.progress())) : null;
    }

    private static CategoryChart bars(String title, String axis, int height, boolean logarithmic) {
        CategoryChart chart =
                new CategoryChartBuilder()
                        .width(WIDTH)
                        .height(height)
                        .title(title)
                        .yAxisTitle(axis)
                        .build();
        chart.getStyler()
                .setXAxisLabelRotation(LABELS)
                .setYAxisLogarithmic(logarithmic)
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal)
                .setChartBackgroundColor(Color.WHITE);
        return chart;
    }

    private void contestants(Workload workload, List<Contestant> contestants, Results results)
            throws IOException {
        List<String> names = new ArrayList<>();
        List<Double> medians = new ArrayList<>();
        for (Contestant each : contestants) {
            Spread spread = Spread.of(results.figures(each.name(), workload));
            if (spread.count() > 0) {
                names.add(each.name());
                medians.add(spread.median());
            }
        }
        if (names.isEmpty()) {
            return;
        }
        CategoryChart chart = bars(workload.title(), workload.unit().label(), HEIGHT, true);
        chart.getStyler().setLegendVisible(false);
        chart.getStyler().setYAxisMin(floor(medians));
        chart.addSeries(workload.name(), names, medians);
        write(chart, "bench-" + workload.name(), workload.title());
    }

    /** The power of ten below them all: where bars begin that have no nought. */
    private static double floor(List<Double> values) {
        double least = values.stream().mapToDouble(Double::doubleValue).min().orElse(1);
        return Math.pow(10, Math.ceil(Math.log10(least)) - 1);
    }

    private void connections(List<Contestant> contestants, Results results) throws IOException {
        List<Workload> echoes =
                Workload.ALL.stream().filter(each -> each.kind() == Workload.Kind.ECHO).toList();
        XYChart chart = lines("64 B echo", "connections", "requests/s");
        for (Contestant each : contestants) {
            List<Double> x = new ArrayList<>();
            List<Double> y = new ArrayList<>();
            for (Workload workload : echoes) {
                Spread spread =
                        Spread.of(results.figures(each.name(), workload, Outcome::perSecond));
                if (spread.count() > 0) {
                    x.add((double) workload.connections());
                    y.add(spread.median());
                }
            }
            if (x.size() > 1) {
                chart.addSeries(each.name(), x, y);
            }
        }
        write(chart, "bench-echo", "64 B echo over 1 to 10,000 connections");
    }

    private static XYChart lines(String title, String x, String y) {
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title(title)
                        .xAxisTitle(x)
                        .yAxisTitle(y)
                        .build();
        chart.getStyler()
                .setXAxisLogarithmic(true)
                .setYAxisLogarithmic(true)
                .setLegendPosition(Styler.LegendPosition.OutsideE)
                .setChartBackgroundColor(Color.WHITE);
        return chart;
    }

    private void engine(Figures engine) throws IOException {
        XYChart chart = lines("The engine in memory, port checksum", "flows", "cycles per segment");
        line(chart, engine, "receive", 64, "each");
        line(chart, engine, "receive", 64, "burst");
        line(chart, engine, "receive", 1448, "burst");
        line(chart, engine, "transmit", 64, "burst");
        line(chart, engine, "transmit", 1448, "burst");
        line(chart, engine, "pure-ack", 64, "burst");
        write(chart, "bench-engine", "cycles per segment from 1 flow to 1,000,000");
    }

    private static void line(XYChart chart, Figures engine, String kernel, int bytes, String acks) {
        List<Integer> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (int flows : FLOWS) {
            Spread spread = engine.of(EngineFigures.name(kernel, bytes, acks, flows, "port"));
            if (spread.count() > 0) {
                x.add(flows);
                y.add(spread.median());
            }
        }
        if (x.size() > 1) {
            chart.addSeries(kernel + " " + bytes + ", ACK per " + acks, x, y);
        }
    }

    private void write(Chart<?, ?> chart, String name, String what) throws IOException {
        if (chart.getSeriesCollection().isEmpty()) {
            return;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ChartEncoder.saveChart(chart, out, "svg");
        String svg = FRACTION.matcher(out.toString(StandardCharsets.UTF_8)).replaceAll("$1");
        Files.writeString(directory.resolve(name + ".svg"), svg);
        written.put(name + ".svg", what);
    }
}
