// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.host;

import dev.flue.bindings.CongestionControl;
import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.NativePort;
import dev.flue.data.CongestionAlgorithm;
import dev.flue.host.HostStackConfig;
import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.assembly.Cidr;
import dev.flue.tools.assembly.StackSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The words {@code name=value} of a {@link HostProgram}'s command line. */
final class Settings {
    /** Where the TCP of a connection is. */
    enum Mode {
        /** In the engine, as soon as it is established. */
        OFFLOADED,
        /** In the Java host stack, for good. */
        HOST,
        /** Handed over, and back, each time some bytes moved. */
        MOVING
    }

    private static final int CONNECTIONS = 4096;
    private static final int BUFFERS = 16384;

    private final Map<String, String> values = new HashMap<>();

    Settings(String[] words) {
        for (String word : words) {
            int at = word.indexOf('=');
            if (at < 0) {
                throw new IllegalArgumentException("not name=value: " + word);
            }
            values.put(word.substring(0, at), word.substring(at + 1));
        }
    }

    String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    Mode mode() {
        return Mode.valueOf(text("mode", "OFFLOADED"));
    }

    /** Opens the port and puts engine and host stack on it. */
    Assembly open() {
        Cidr address = Cidr.parse(text("address", null));
        int mtu = number("mtu", 1500);
        int queues = number("queues", 1);
        List<NativePort> ports = new ArrayList<>();
        for (String name : text("port", null).split(",(?=tap:)")) {
            ports.addAll(ports(name, StackSettings.macOf(address.address()), mtu, queues));
        }
        if (values.containsKey("pcap")) {
            ports.set(0, NativePort.capture(ports.get(0), Path.of(text("pcap", null))));
        }
        String algorithm = text("cc", "cubic").toUpperCase(Locale.ROOT);
        HostStackConfig.Builder host =
                HostStackConfig.builder()
                        .address(address.address(), address.prefix())
                        .mtu(mtu)
                        .maxConnections(CONNECTIONS)
                        .receiveBuffer(number("rcvbuf", 1 << 18))
                        .sendBuffer(number("sndbuf", 1 << 18))
                        .mslNanos(number("msl-ms", 50) * 1_000_000L)
                        .seed(System.nanoTime())
                        .detectDuplicates(false)
                        .congestion(CongestionAlgorithm.valueOf(algorithm))
                        .autoOffload(mode() != Mode.HOST);
        EngineConfig.Builder engine =
                EngineConfig.builder()
                        .maxConnections(CONNECTIONS)
                        .seed(System.nanoTime())
                        .congestionControl(CongestionControl.valueOf(algorithm));
        String drivers = text("drivers", mode() == Mode.MOVING ? "verifier" : "");
        List<String> names = drivers.isEmpty() ? List.of() : List.of(drivers.split(","));
        Assembly assembly = new Assembly(ports, engine.build(), host.build(), names, "");
        if (queues > 1) {
            assembly.joinQueues(CONNECTIONS, mtu);
        }
        return assembly;
    }

    private static List<NativePort> ports(String port, long mac, int mtu, int queues) {
        if (port.startsWith("tap:")) {
            return List.of(NativePort.tap(port.substring(4), mac, mtu, BUFFERS));
        }
        return NativePort.dpdk(port, mac, mtu, BUFFERS, Set.of(), queues);
    }
}
