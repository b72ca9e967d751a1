// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import dev.flue.host.ConnectionInfo;
import dev.flue.tools.output.JsonWriter;
import java.util.List;
import java.util.Map;

/** One look into a process, as JSON and as text. */
record Snapshot(
        long pid,
        String arena,
        List<ConnectionInfo> connections,
        Map<String, Long> held,
        Map<String, Long> counters) {

    String toJson() {
        JsonWriter json = new JsonWriter().beginObject();
        json.member("version", 1).member("pid", pid).member("arena", arena);
        json.name("connections").beginArray();
        for (ConnectionInfo each : connections) {
            append(json, each);
        }
        json.endArray();
        return json.member("held", held).member("counters", counters).endObject() + "\n";
    }

    /** Where it lies. */
    private String lies(ConnectionInfo info) {
        return info.offloaded() ? arena : "host stack";
    }

    private void append(JsonWriter json, ConnectionInfo info) {
        json.beginObject();
        json.member("local", info.localAddress().withPort(info.localPort()));
        json.member("remote", info.remoteAddress().withPort(info.remotePort()));
        json.member("state", info.state().name());
        json.member("offloaded", info.offloaded()).member("cause", info.cause());
        json.member("neighbor_token", token(info.neighborToken()));
        json.member("path_token", token(info.pathToken()));
        json.member("tcp_token", token(info.tcpToken()));
        if (info.reachableAgoMillis() >= 0) {
            json.member("neighbor_reachable_ago_ms", info.reachableAgoMillis());
        }
        json.member("path_mtu", info.pathMtu());
        json.member("cwnd", info.cwnd()).member("srtt_us", info.srttMicros());
        json.member("retransmits", info.retransmits());
        json.member("bytes_in", info.bytesIn()).member("bytes_out", info.bytesOut());
        json.member("lies_in", lies(info));
        json.endObject();
    }

    /** As text: the numbers are 64 bits wide, and JSON readers round those. */
    private static String token(long token) {
        return token == 0 ? null : "0x" + Long.toHexString(token);
    }

    String toText() {
        StringBuilder text = new StringBuilder();
        text.append("process ").append(pid).append(": ").append(connections.size());
        text.append(connections.size() == 1 ? " connection\n" : " connections\n");
        int width = addressWidth();
        if (!connections.isEmpty()) {
            row(
                    text,
                    width,
                    "LOCAL",
                    "REMOTE",
                    "STATE",
                    "OFFLOADED",
                    "NRD ms",
                    "MTU",
                    "CWND",
                    "SRTT us",
                    "RETR",
                    "IN",
                    "OUT",
                    "LIES IN");
        }
        for (ConnectionInfo each : connections) {
            row(
                    text,
                    width,
                    each.localAddress().withPort(each.localPort()),
                    each.remoteAddress().withPort(each.remotePort()),
                    each.state().name(),
                    each.offloaded() ? token(each.tcpToken()) : "no: " + each.cause(),
                    each.reachableAgoMillis() < 0 ? "-" : Long.toString(each.reachableAgoMillis()),
                    Integer.toString(each.pathMtu()),
                    Long.toString(each.cwnd()),
                    Long.toString(each.srttMicros()),
                    Long.toString(each.retransmits()),
                    Long.toString(each.bytesIn()),
                    Long.toString(each.bytesOut()),
                    lies(each));
        }
        text.append("held:");
        held.forEach((name, count) -> text.append(' ').append(name).append('=').append(count));
        return text.append('\n').toString();
    }

    /** Columns that the longest address with its port takes. */
    private int addressWidth() {
        int width = 21;
        for (ConnectionInfo each : connections) {
            width = Math.max(width, each.localAddress().withPort(each.localPort()).length());
            width = Math.max(width, each.remoteAddress().withPort(each.remotePort()).length());
        }
        return width;
    }

    private static void row(StringBuilder text, int width, Object... cells) {
        String addresses = "%-" + width + "s %-" + width + "s ";
        text.append(
                String.format(
                        addresses + "%-12s %-20s %7s %5s %8s %8s %5s %12s %12s  %s%n", cells));
    }
}
