// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code flue doctor} says of memory, by a directory that looks like {@code /sys}. */
class MemoryExaminationTest {
    private static final String DISABLED = "NIC memory: 0000:00:06.0 is not enabled; do this";
    private static final String NOTHING = "0x0 0x0 0x0\n";
    private static final String REGISTERS = "0xfe000000 0xfe0fffff 0x40200\n";
    private static final String MEMORY = "0x800000000 0x803ffffff 0x14220c\n";

    @TempDir Path system;

    @BeforeEach
    void nativeLibrary() {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
    }

    private void put(String file, String text) throws Exception {
        Path path = system.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private void device(String address, String kind, String resource) throws Exception {
        put("bus/pci/devices/" + address + "/class", kind + "\n");
        put("bus/pci/devices/" + address + "/resource", resource);
    }

    private Check nicMemory(Map<String, String> problems) {
        return new MemoryExamination(system, place -> problems.getOrDefault(place, "")).nicMemory();
    }

    @Test
    void everyBarThatCanBeOpenedIsNamedWithItsSize() throws Exception {
        device("0000:00:02.0", "0x030000", MEMORY); // A display.
        device("0000:00:04.0", "0x020000", REGISTERS + NOTHING + REGISTERS);
        device("0000:00:06.0", "0x050000", REGISTERS + NOTHING + MEMORY);
        device("0000:00:07.0", "0x020000", MEMORY + MEMORY);
        Check check =
                nicMemory(Map.of("0000:00:07.0/0", "NIC memory: 0000:00:07.0 belongs to igb"));
        assertThat(check.works()).isTrue();
        assertThat(check.detail()).isEqualTo("0000:00:06.0/2 of 64 MiB, 0000:00:07.0/1 of 64 MiB");
    }

    @Test
    void whenThereIsNoneTheFirstReasonIsSaid() throws Exception {
        assertThat(nicMemory(Map.of()).detail()).startsWith("no PCI device has a BAR");
        device("0000:00:04.0", "0x020000", "nonsense\n0x1\n");
        assertThat(nicMemory(Map.of()).detail()).startsWith("no PCI device has a BAR");
        device("0000:00:06.0", "0x050000", REGISTERS + NOTHING + MEMORY);
        Check check = nicMemory(Map.of("0000:00:06.0/2", DISABLED));
        assertThat(check.works()).isFalse();
        assertThat(check.detail()).isEqualTo("0000:00:06.0 is not enabled; do this");
        assertThat(check.advice()).contains("--arena nic:");
    }

    @Test
    void hugepagesAreCountedForEveryNode() throws Exception {
        for (int node = 0; node < 2; node++) {
            String pages = "devices/system/node/node" + node + "/hugepages/hugepages-2048kB/";
            put(pages + "free_hugepages", node + "\n");
            put(pages + "nr_hugepages", "5\n");
        }
        put("devices/system/node/online", "0-1\n");
        assertThat(new MemoryExamination(system, place -> "").hugepages().detail())
                .isEqualTo("node 0: 0 free of 5, node 1: 1 free of 5, of 2 MiB each");
    }

    @Test
    void aKernelWithoutNodesHasNodeZero() throws Exception {
        String pages = "kernel/mm/hugepages/hugepages-2048kB/";
        put(pages + "free_hugepages", "3\n");
        put(pages + "nr_hugepages", "4\n");
        assertThat(new MemoryExamination(system, place -> "").hugepages().detail())
                .isEqualTo("node 0: 3 free of 4, of 2 MiB each");
    }
}
