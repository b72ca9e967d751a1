// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.testkit.sim.PcapngTrace;
import dev.flue.testkit.sim.SimMinimizer;
import dev.flue.testkit.sim.SimPlan;
import dev.flue.testkit.sim.SimRun;
import dev.flue.testkit.sim.TextTrace;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Replays one run. No test by its name, so only run when it is asked for; see docs/simulation.md:
 *
 * <pre>
 * mvn -pl java/bindings -am test -Dtest=SimulatorReplay -Dsurefire.failIfNoSpecifiedTests=false \
 *     -Dflue.sim.plan=SEED-OR-LINE [-Dflue.sim.trace=-|FILE.pcapng] [-Dflue.sim.minimize=RUNS]
 * </pre>
 */
@RequiresFlue
class SimulatorReplay {
    @Test
    void replay() throws IOException {
        SimPlan plan = SimPlan.parse(System.getProperty("flue.sim.plan", "1"));
        int runs = Integer.getInteger("flue.sim.minimize", 0);
        if (runs > 0) {
            SimMinimizer minimizer = new SimMinimizer(SimulatorReplay::fails, runs);
            plan = minimizer.minimize(plan);
            System.out.println("smallest of " + minimizer.runs() + " runs: " + plan);
        }
        System.out.println(run(plan, System.getProperty("flue.sim.trace", "")));
    }

    private static SimRun.Result run(SimPlan plan, String trace) throws IOException {
        System.out.println(plan);
        if (trace.isEmpty()) {
            return SimRun.run(plan, NativeSimNetwork::new);
        }
        if (trace.equals("-")) {
            return SimRun.run(plan, NativeSimNetwork::new, new TextTrace(System.out::println));
        }
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(Path.of(trace)))) {
            return SimRun.run(plan, NativeSimNetwork::new, new PcapngTrace(out));
        }
    }

    private static boolean fails(SimPlan plan) {
        try {
            SimRun.run(plan, NativeSimNetwork::new);
            return false;
        } catch (AssertionError e) {
            return true;
        }
    }
}
