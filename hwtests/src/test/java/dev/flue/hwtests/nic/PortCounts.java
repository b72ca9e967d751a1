// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.nic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code flue stat --json} tells of the queues of a port after a test, and what must be so.
 */
final class PortCounts {
    private static final Pattern QUEUE =
            Pattern.compile("\"offloads_in_use\":\\[([^]]*)].*?\"counters\":\\{([^}]*)}");

    private final String json;
    private final List<String> inUse = new ArrayList<>();
    private final List<String> counters = new ArrayList<>();

    PortCounts(String json) {
        this.json = json;
        Matcher matcher = QUEUE.matcher(json.substring(json.indexOf("\"ports\":")));
        while (matcher.find()) {
            inUse.add(matcher.group(1).replace("\"", ""));
            counters.add(matcher.group(2).replace("\"", ""));
        }
    }

    /** Of the whole process. */
    long counter(String name) {
        return number("\"" + name + "\":(\\d+)", json);
    }

    private long sum(String name) {
        return counters.stream().mapToLong(each -> number("\\b" + name + ":(\\d+)", each)).sum();
    }

    private static long number(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as(pattern + " in " + text).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    private boolean uses(String offload) {
        return List.of(inUse.get(0).split(",")).contains(offload);
    }

    /**
     * What is in use has worked, and what has been counted agrees with what was seen.
     *
     * @param segments of TCP that were seen at the other end of the cable
     * @param full of them that carry as much as a segment can
     */
    void judge(long segments, long full) {
        long packets = sum("tx_packets");
        long frames = sum("tx_frames");
        // Some more were seen that were sent after counting, some frames are not of TCP.
        assertThat(frames)
                .as("frames by the port's count")
                .isBetween(segments * 9 / 10, segments * 11 / 10);
        assertThat(full * 2).as("full segments").isGreaterThan(segments);
        if (uses("tx-tcp-checksum")) {
            assertThat(sum("tx_packets_summed")).as("summed").isGreaterThan(packets * 9 / 10);
        } else {
            assertThat(sum("tx_packets_summed")).isZero();
        }
        if (uses("tso")) {
            assertThat(sum("tx_packets_cut")).as("cut").isGreaterThan(packets / 10);
            assertThat(segments).as("segments of what was cut").isGreaterThan(packets * 2);
        } else {
            assertThat(packets).isEqualTo(frames);
        }
        for (String queue : counters) {
            assertThat(number("\\brx_frames:(\\d+)", queue)).as(json).isGreaterThan(50);
        }
        if (counters.size() > 1) {
            // The device's hash, key and table are those of the team.
            assertThat(counter("group.segments_passed")).as("came to another queue").isZero();
        }
    }

    /** All this is in use. */
    void requireInUse(List<String> offloads) {
        for (String each : inUse) {
            assertThat(each.split(",")).containsAll(offloads);
        }
        if (offloads.contains("rx-tcp-checksum")) {
            // All but the few that are no TCP.
            assertThat(sum("rx_frames_good") * 10)
                    .as("received with good sums by the device's word")
                    .isGreaterThan(sum("rx_frames") * 9);
        }
        if (offloads.contains("flow-rules")) {
            assertThat(sum("flow_rules_made")).as("rules").isPositive();
        }
    }

    /** For people. */
    @Override
    public String toString() {
        return counters + ", in use " + inUse.get(0);
    }
}
