// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.Figures;
import dev.flue.bench.figures.Spread;
import dev.flue.tools.output.JsonWriter;

/** A run as JSON, with every round's figures. One thread. */
final class PageJson {
    private final Run run;
    private final Results results;
    private final JsonWriter json = new JsonWriter();

    private PageJson(Run run) {
        this.run = run;
        this.results = run.results();
    }

    static String of(Run run) {
        return new PageJson(run).document();
    }

    private String document() {
        json.beginObject().member("command", run.command());
        json.name("machine").beginObject();
        run.machine().forEach(json::member);
        json.member("congestion", run.congestion())
                .endObject()
                .member("rounds", results.done())
                .member("millis", run.millis());
        json.name("shown").beginArray();
        run.shown().forEach(this::shown);
        json.endArray().name("workloads").beginArray();
        for (Workload workload : run.workloads()) {
            json.beginObject().member("name", workload.name()).name("contestants").beginArray();
            run.contestants().stream()
                    .filter(each -> each.takesPart() && each.does(workload))
                    .forEach(each -> cell(each, workload));
            json.endArray().endObject();
        }
        json.endArray();
        single("engine", run.engine());
        single("jmh", run.jmh());
        json.name("skipped").beginObject();
        run.contestants().stream()
                .filter(each -> !each.takesPart())
                .forEach(each -> json.member(each.name(), each.skipped()));
        return json.endObject().endObject().toString();
    }

    private void shown(Shown each) {
        json.beginObject()
                .member("number", each.number())
                .member("name", each.name())
                .name("reach")
                .value(each.reach());
        spread(each.measured());
        json.member("reached", each.reached());
        if (!each.known()) {
            json.member("missing", each.missing());
        }
        json.endObject();
    }

    private void spread(Spread spread) {
        json.name("median").value(spread.median());
        json.name("least").value(spread.least());
        json.name("most").value(spread.most());
    }

    private void single(String name, Figures figures) {
        json.name(name).beginObject();
        if (!figures.missing().isEmpty()) {
            json.member("missing", figures.missing());
        }
        figures.figures()
                .forEach(
                        (each, spread) -> {
                            json.name(each).beginObject();
                            spread(spread);
                            json.endObject();
                        });
        json.endObject();
    }

    private void cell(Contestant each, Workload workload) {
        json.beginObject().member("name", each.name());
        figures("per_second", results.figures(each.name(), workload, Outcome::perSecond));
        if (workload.kind() == Workload.Kind.ECHO) {
            figures("p50_nanos", results.figures(each.name(), workload, Outcome::p50));
            figures("p99_nanos", results.figures(each.name(), workload, Outcome::p99));
        }
        String failure = results.failure(each.name(), workload);
        if (!failure.isEmpty()) {
            json.member("failed", failure);
        }
        json.endObject();
    }

    /** One for each round, null where there is none. */
    private void figures(String name, double[] figures) {
        json.name(name).beginArray();
        for (double each : figures) {
            json.value(each);
        }
        json.endArray();
    }
}
