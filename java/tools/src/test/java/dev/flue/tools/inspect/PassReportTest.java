// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.tools.output.JsonWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PassReportTest {
    private static Map<String, Long> accounts() {
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put("tcp.in_segments", 700L);
        counters.put("cycles.passes", 10L);
        counters.put("cycles.segments_in", 20L);
        counters.put("cycles.segments_out", 40L);
        counters.put("cycles.idle", 2000L);
        counters.put("cycles.port_receive", 400L);
        counters.put("cycles.receive", 1600L);
        counters.put("cycles.commands", 1000L);
        counters.put("cycles.timers", 0L);
        counters.put("cycles.transmit", 2400L);
        counters.put("cycles.port_send", 600L);
        counters.put("cycles.publish", 0L);
        return counters;
    }

    private static String text(Map<String, Long> counters) {
        StatSample sample = new StatSample(1, 2, counters, Map.of(), List.of(), List.of());
        return new StatReport(sample, false, 20).toText();
    }

    private static String json(Map<String, Long> counters) {
        StatSample sample = new StatSample(1, 2, counters, Map.of(), List.of(), List.of());
        return new StatReport(sample, false, 20).toJson();
    }

    @Test
    void tellsSharesOfTimeAndCyclesOfASegmentThatCameOrWent() {
        assertThat(text(accounts()).lines().map(line -> line.strip().replaceAll(" +", " ")))
                .contains(
                        "tcp.in_segments 700",
                        "idle 25.0%",
                        "port_receive 5.0% 20",
                        "receive 20.0% 80",
                        "commands 12.5%",
                        "timers 0.0%",
                        "transmit 30.0% 60",
                        "port_send 7.5% 15",
                        "publish 0.0%");
    }

    @Test
    void sumsOfTheSampleAreNotShownAmongCounters() {
        assertThat(text(accounts())).doesNotContain("cycles.receive").contains("tcp.in_segments");
    }

    @Test
    void tellsTheSameAsJsonAndTheCountersBesides() {
        assertThat(json(accounts()))
                .contains(
                        "\"passes\":{\"accounted\":10,\"segments_in\":20,\"segments_out\":40,"
                                + "\"percent\":{\"idle\":25.0,\"port_receive\":5.0,\"receive\":20.0,"
                                + "\"commands\":12.5,\"timers\":0.0,\"transmit\":30.0,"
                                + "\"port_send\":7.5,\"publish\":0.0},"
                                + "\"cycles_per_segment\":{\"port_receive\":20.0,"
                                + "\"receive\":80.0,\"transmit\":60.0,\"port_send\":15.0}}")
                .contains("\"cycles.receive\":1600");
    }

    @Test
    void withoutSegmentsThereAreSharesAlone() {
        Map<String, Long> counters = accounts();
        counters.put("cycles.segments_in", 0L);
        counters.put("cycles.segments_out", 0L);
        assertThat(json(counters)).contains("\"idle\":25.0", "\"cycles_per_segment\":{}");
        assertThat(text(counters)).contains("25.0%").doesNotContain("25.0% ");
    }

    @Test
    void aProcessThatDoesNotAccountIsSilentAboutIt() {
        Map<String, Long> old = Map.of("tcp.in_segments", 5L);
        assertThat(text(old)).doesNotContain("passes");
        assertThat(json(old)).doesNotContain("passes");
        Map<String, Long> fresh = accounts();
        fresh.replaceAll((name, value) -> 0L);
        assertThat(text(fresh)).doesNotContain("passes:");
        JsonWriter json = new JsonWriter().beginObject();
        PassReport.append(json, fresh);
        assertThat(json.endObject().toString())
                .isEqualTo(
                        "{\"passes\":{\"accounted\":0,\"segments_in\":0,\"segments_out\":0,"
                                + "\"percent\":{},\"cycles_per_segment\":{}}}");
    }
}
