// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bindings.Flue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Facts about the machine that figures depend on. */
final class Machine {
    private Machine() {}

    static Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processor", after("/proc/cpuinfo", "model name"));
        facts.put("CPUs", Integer.toString(Runtime.getRuntime().availableProcessors()));
        facts.put("memory", after("/proc/meminfo", "MemTotal"));
        facts.put("free hugepages", after("/proc/meminfo", "HugePages_Free"));
        facts.put(
                "memory of packets",
                Flue.freeHugepages() > 0 ? "hugepages" : "pages of 4 KiB (no hugepages are free)");
        facts.put("kernel", System.getProperty("os.version"));
        facts.put(
                "Java",
                System.getProperty("java.vm.name") + " " + System.getProperty("java.version"));
        facts.put("DPDK", Flue.isAvailable() && Flue.dpdkAvailable() ? Flue.dpdkVersion() : "-");
        facts.put("Netty", nettyVersion());
        return facts;
    }

    private static String nettyVersion() {
        return io.netty.util.Version.identify().values().stream()
                .map(io.netty.util.Version::artifactVersion)
                .findFirst()
                .orElse("-");
    }

    /** Of the last 1, 5 and 15 minutes. */
    static String load() {
        try {
            String[] words = Files.readString(Path.of("/proc/loadavg")).split(" ");
            return words[0] + " " + words[1] + " " + words[2];
        } catch (IOException e) {
            return "-";
        }
    }

    private static String after(String file, String name) {
        try {
            return Files.readAllLines(Path.of(file)).stream()
                    .filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("-");
        } catch (IOException e) {
            return "-";
        }
    }
}
