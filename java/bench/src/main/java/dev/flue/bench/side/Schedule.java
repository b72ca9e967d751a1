// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.ArrayList;
import java.util.List;

/**
 * Who measures when. Every round has every workload, and every workload all contestants one right
 * after the other, so that what the machine does besides meets them alike; each round another one
 * begins. Round 0 warms up.
 */
final class Schedule {
    /** One measurement. */
    record Turn(int round, Workload workload, Contestant contestant) {
        boolean counts() {
            return round > 0;
        }
    }

    private Schedule() {}

    static List<Turn> turns(int rounds, List<Workload> workloads, List<Contestant> contestants) {
        List<Turn> turns = new ArrayList<>();
        for (int round = 0; round <= rounds; round++) {
            for (Workload workload : workloads) {
                for (int i = 0; i < contestants.size(); i++) {
                    int next = (i + round) % contestants.size();
                    if (contestants.get(next).does(workload)) {
                        turns.add(new Turn(round, workload, contestants.get(next)));
                    }
                }
            }
        }
        return turns;
    }
}
