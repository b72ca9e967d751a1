// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.host.ConnectionInfo;
import dev.flue.im.Breach;
import dev.flue.tools.output.JsonWriter;
import dev.flue.tools.output.Sizes;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the demo found: told line by line as it happens, or as one JSON document at the end. */
final class DemoReport {
    /**
     * A transfer that is over.
     *
     * @param handOvers times a connection was taken back and offloaded again, both ends
     */
    record Carried(
            String name,
            long bytes,
            long nanos,
            List<String> sha256,
            int handOvers,
            int offloads) {}

    /** A stack's connections, and where its context areas lie. */
    record Tree(String party, String arena, List<ConnectionInfo> connections) {}

    private static final int LINE = 110;

    private final PrintWriter out;
    private final boolean json;
    private final List<Carried> transfers = new ArrayList<>();
    private final List<Tree> trees = new ArrayList<>();
    private final Map<String, Map<String, Long>> counters = new LinkedHashMap<>();
    private final List<String> breaches = new ArrayList<>();
    private long traced;
    private final List<String> parties = new ArrayList<>();

    DemoReport(PrintWriter out, boolean json) {
        this.out = out;
        this.json = json;
    }

    void party(String line) {
        parties.add(line);
        say("  " + line);
    }

    void heading(String line) {
        say(line);
    }

    /** A line of a trace; beside the document when that is JSON. */
    void trace(String line) {
        traced++;
        if (json) {
            System.err.println(line);
        } else {
            say(line);
        }
    }

    /** A rule that was broken, with the object's history. */
    void breach(Breach breach) {
        breaches.add(breach.rule());
        trace("  breach: " + breach);
    }

    /** Ids of the rules that were broken. */
    List<String> breaches() {
        return breaches;
    }

    void carried(Carried carried) {
        transfers.add(carried);
        say(
                "  "
                        + Sizes.format(carried.bytes())
                        + " in "
                        + Sizes.time(carried.nanos())
                        + ": "
                        + Sizes.rate(carried.bytes(), carried.nanos())
                        + ", with generating and hashing at both ends");
        say("  sha-256 client to server: " + carried.sha256().get(0) + ", equal");
        say("  sha-256 server to client: " + carried.sha256().get(1) + ", equal");
    }

    void tree(Tree tree) {
        trees.add(tree);
        say("  " + tree.party() + ", arena " + tree.arena());
        long neighbor = 0;
        long path = 0;
        for (ConnectionInfo each : tree.connections()) {
            if (!each.offloaded()) {
                say("    not offloaded: " + ends(each) + ": " + each.cause());
                continue;
            }
            if (each.neighborToken() != neighbor) {
                neighbor = each.neighborToken();
                say(
                        "    neighbor "
                                + each.remoteAddress()
                                + "  token "
                                + hex(neighbor)
                                + ", reachable "
                                + each.reachableAgoMillis()
                                + " ms ago");
            }
            if (each.pathToken() != path) {
                path = each.pathToken();
                say(
                        "      path "
                                + each.localAddress()
                                + " -> "
                                + each.remoteAddress()
                                + "  token "
                                + hex(path)
                                + ", mtu "
                                + each.pathMtu());
            }
            say("        connection " + ends(each) + "  token " + hex(each.tcpToken()));
            say(
                    "          "
                            + each.state()
                            + ", cwnd "
                            + each.cwnd()
                            + ", srtt "
                            + each.srttMicros()
                            + " us, retransmits "
                            + each.retransmits()
                            + ", in "
                            + each.bytesIn()
                            + ", out "
                            + each.bytesOut());
        }
    }

    void counters(String party, Map<String, Long> values) {
        Map<String, Long> counted = new LinkedHashMap<>(values);
        counted.values().removeIf(value -> value == 0);
        counters.put(party, counted);
        StringBuilder line = new StringBuilder("  " + party + ":");
        for (Map.Entry<String, Long> each : counted.entrySet()) {
            String next = " " + each.getKey() + "=" + each.getValue();
            if (line.length() + next.length() > LINE) {
                say(line.toString());
                line.setLength(0);
                line.append("   ");
            }
            line.append(next);
        }
        say(line.toString());
    }

    /** The last line. */
    void verdict(boolean equal, boolean offloaded, String line) {
        if (!json) {
            say("demo: " + line);
            return;
        }
        JsonWriter writer = new JsonWriter().beginObject();
        writer.name("parties").beginArray();
        parties.forEach(writer::value);
        writer.endArray().name("transfers").beginArray();
        transfers.forEach(carried -> append(writer, carried));
        writer.endArray().name("trees").beginArray();
        trees.forEach(tree -> append(writer, tree));
        writer.endArray().name("counters").beginObject();
        counters.forEach(writer::member);
        writer.endObject().member("equal", equal).member("offloaded", offloaded);
        writer.member("trace_lines", traced).name("breaches").beginArray();
        breaches.forEach(writer::value);
        writer.endArray();
        out.println(writer.member("verdict", line).endObject());
        out.flush();
    }

    private static void append(JsonWriter json, Carried carried) {
        json.beginObject().member("name", carried.name()).member("bytes", carried.bytes());
        json.member("nanos", carried.nanos());
        json.member("sha256_up", carried.sha256().get(0));
        json.member("sha256_down", carried.sha256().get(1));
        json.member("offloads", carried.offloads()).member("hand_overs", carried.handOvers());
        json.endObject();
    }

    private static void append(JsonWriter json, Tree tree) {
        json.beginObject().member("party", tree.party()).member("arena", tree.arena());
        json.name("connections").beginArray();
        for (ConnectionInfo each : tree.connections()) {
            json.beginObject();
            json.member("local", each.localAddress().withPort(each.localPort()));
            json.member("remote", each.remoteAddress().withPort(each.remotePort()));
            json.member("offloaded", each.offloaded()).member("cause", each.cause());
            json.member("neighbor_token", hex(each.neighborToken()));
            json.member("path_token", hex(each.pathToken()));
            json.member("tcp_token", hex(each.tcpToken()));
            json.member("state", each.state().name()).endObject();
        }
        json.endArray().endObject();
    }

    private static String ends(ConnectionInfo info) {
        return info.localAddress().withPort(info.localPort())
                + " -> "
                + info.remoteAddress().withPort(info.remotePort());
    }

    private static String hex(long token) {
        return "0x" + Long.toHexString(token);
    }

    private void say(String line) {
        if (!json) {
            out.println(line);
            out.flush();
        }
    }
}
