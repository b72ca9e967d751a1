// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.Figures;
import java.util.List;
import java.util.Map;

/**
 * All that came of a run.
 *
 * @param command that made it
 * @param machine facts about it
 * @param congestion the kernel's congestion control
 * @param millis of one measurement
 * @param workloads that were asked for
 * @param contestants those too who did not take part
 * @param results of the rounds
 * @param engine figures of the engine in memory
 * @param jmh figures of Java's operations
 */
record Run(
        String command,
        Map<String, String> machine,
        String congestion,
        long millis,
        List<Workload> workloads,
        List<Contestant> contestants,
        Results results,
        Figures engine,
        Figures jmh) {

    List<Shown> shown() {
        return Shows.of(contestants, workloads, results, engine, jmh);
    }
}
