// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.testkit.LinkFaults;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that a run depends on. {@link #toString} is one line from which {@link #parse} makes
 * the same plan again; a number alone is the plan that {@link SimGenerator} draws from that seed.
 *
 * @param seed of what is still drawn in the run: content, sizes, faults, sequence numbers
 * @param ipVersion 4 or 6
 * @param hosts two
 * @param links two: from the first host, from the second
 * @param connections one or more
 * @param ends two of each connection: the one that opens, the other
 */
public record SimPlan(
        long seed,
        int ipVersion,
        List<HostPlan> hosts,
        List<LinkFaults> links,
        List<ConnPlan> connections,
        List<EndPlan> ends,
        List<MovePlan> moves,
        List<MtuPlan> mtus) {
    static final LinkFaults SIMPLE_LINK = LinkFaults.delay(1_000_000);

    /** Copies the lists. */
    public SimPlan {
        hosts = List.copyOf(hosts);
        links = List.copyOf(links);
        connections = List.copyOf(connections);
        ends = List.copyOf(ends);
        moves = List.copyOf(moves);
        mtus = List.copyOf(mtus);
        if (hosts.size() != 2 || links.size() != 2 || ends.size() != 2 * connections.size()) {
            throw new IllegalArgumentException(
                    "a run has two hosts, two links, and two ends a connection");
        }
        for (MovePlan move : moves) {
            if (move.connection() >= connections.size()) {
                throw new IllegalArgumentException("no connection for " + move);
            }
        }
    }

    /** Bytes of an IP packet that the wire must carry. */
    public int wireMtu() {
        return Math.max(hosts.get(0).mtu(), hosts.get(1).mtu());
    }

    /** "engine-java" and the like. */
    public String pair() {
        return name(hosts.get(0)) + '-' + name(hosts.get(1)) + (moves.isEmpty() ? "" : ", moving");
    }

    private static String name(HostPlan host) {
        return host.engine() ? "engine" : "java";
    }

    /** The plan as one line without blanks inside of a value. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder("seed=" + seed + " ip=" + ipVersion);
        hosts.forEach(each -> PlanText.append(out, "host", each, HostPlan.SIMPLE));
        links.forEach(each -> PlanText.append(out, "link", each, SIMPLE_LINK));
        for (int i = 0; i < connections.size(); i++) {
            PlanText.append(out, "conn", connections.get(i), ConnPlan.SIMPLE);
            PlanText.append(out, "end", ends.get(2 * i), EndPlan.SIMPLE);
            PlanText.append(out, "end", ends.get(2 * i + 1), EndPlan.SIMPLE);
        }
        moves.forEach(each -> PlanText.append(out, "move", each, MovePlan.SIMPLE));
        mtus.forEach(each -> PlanText.append(out, "mtu", each, MtuPlan.SIMPLE));
        return out.toString();
    }

    /**
     * @param line of {@link #toString}, or a seed
     * @throws IllegalArgumentException it is neither; the message says what is wrong
     */
    public static SimPlan parse(String line) {
        String trimmed = line.trim();
        if (trimmed.matches("-?\\d+")) {
            return SimGenerator.plan(Long.parseLong(trimmed));
        }
        long seed = 0;
        int version = 4;
        List<HostPlan> hosts = new ArrayList<>();
        List<LinkFaults> links = new ArrayList<>();
        List<ConnPlan> connections = new ArrayList<>();
        List<EndPlan> ends = new ArrayList<>();
        List<MovePlan> moves = new ArrayList<>();
        List<MtuPlan> mtus = new ArrayList<>();
        for (String word : trimmed.split("\\s+")) {
            int equals = word.indexOf('=');
            String key = equals < 0 ? word : word.substring(0, equals);
            String value = equals < 0 ? "" : word.substring(equals + 1);
            switch (key) {
                case "seed" -> seed = Long.parseLong(value);
                case "ip" -> version = Integer.parseInt(value);
                case "host" -> hosts.add(PlanText.parse(value, HostPlan.SIMPLE));
                case "link" -> links.add(PlanText.parse(value, SIMPLE_LINK));
                case "conn" -> connections.add(PlanText.parse(value, ConnPlan.SIMPLE));
                case "end" -> ends.add(PlanText.parse(value, EndPlan.SIMPLE));
                case "move" -> moves.add(PlanText.parse(value, MovePlan.SIMPLE));
                case "mtu" -> mtus.add(PlanText.parse(value, MtuPlan.SIMPLE));
                default -> throw new IllegalArgumentException("no part of a plan: " + word);
            }
        }
        return new SimPlan(seed, version, hosts, links, connections, ends, moves, mtus);
    }
}
