// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.bindings.Flue;
import dev.flue.bindings.FlueException;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NicMemory;
import dev.flue.tools.output.Sizes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Looks for what arenas can be made of: ordinary pages, hugepages of every NUMA node, NIC memory.
 */
final class MemoryExamination {
    private static final long TRIAL_BYTES = 1 << 16;
    private static final String HUGEPAGES = "hugepages/hugepages-2048kB/";
    private static final int BARS = 6;
    private static final long PREFETCHABLE_MEMORY = 0x2200;
    private static final long LEAST_BAR = 4096;

    private final Path system;
    private final Function<String, String> problem;

    MemoryExamination() {
        this(Path.of("/sys"), NicMemory::problem);
    }

    /**
     * @param system where the kernel tells of nodes and devices
     * @param problem why the BAR at a place cannot be used, or ""
     */
    MemoryExamination(Path system, Function<String, String> problem) {
        this.system = system;
        this.problem = problem;
    }

    Check heapArena() {
        String why = trial(NativeMemory::heap);
        return why.isEmpty()
                ? Check.works("heap arena", "a region was made and freed")
                : Check.fails("heap arena", why, "");
    }

    Check hugepages() {
        List<String> nodes = new ArrayList<>();
        for (Path node : entries(system.resolve("devices/system/node"), "node\\d+")) {
            nodes.add(pages(node.getFileName().toString().replace("node", "node "), node));
        }
        if (nodes.isEmpty()) {
            nodes.add(pages("node 0", system.resolve("kernel/mm")));
        }
        String found = String.join(", ", nodes) + ", of 2 MiB each";
        return trial(NativeMemory::hugepages).isEmpty()
                ? Check.works("hugepages", found)
                : Check.fails(
                        "hugepages",
                        found,
                        "only --arena hugepages needs them: sysctl -w vm.nr_hugepages=64, as root");
    }

    private static String pages(String name, Path node) {
        String free = read(node.resolve(HUGEPAGES + "free_hugepages"));
        String all = read(node.resolve(HUGEPAGES + "nr_hugepages"));
        return name
                + ": "
                + (free.isEmpty() ? "0" : free)
                + " free of "
                + (all.isEmpty() ? "0" : all);
    }

    /** Makes and frees a region; returns why that failed, or "". */
    private static String trial(Supplier<NativeMemory> memory) {
        try {
            memory.get().allocate(TRIAL_BYTES).close();
            return "";
        } catch (FlueException | OutOfMemoryError e) {
            return e.getMessage();
        }
    }

    /** Every BAR that could be opened; when there is none, why the first one cannot. */
    Check nicMemory() {
        List<String> usable = new ArrayList<>();
        String why = "no PCI device has a BAR of prefetchable memory";
        boolean refused = false;
        for (Path device : entries(system.resolve("bus/pci/devices"), "[0-9a-f:.]+")) {
            for (int bar = 0; bar < BARS; bar++) {
                long bytes = memoryBytes(device, bar);
                String place = device.getFileName() + "/" + bar;
                String cause = bytes < LEAST_BAR ? null : cause(place);
                if (cause == null) {
                    continue;
                }
                if (cause.isEmpty()) {
                    usable.add(place + " of " + Sizes.format(bytes));
                } else if (!refused) {
                    why = cause;
                    refused = true;
                }
            }
        }
        return usable.isEmpty()
                ? Check.fails("NIC memory", why, "only --arena nic:ADDRESS/BAR needs it")
                : Check.works("NIC memory", String.join(", ", usable));
    }

    private String cause(String place) {
        if (!Flue.isAvailable()) {
            return "the native library is not available";
        }
        return problem.apply(place).replaceFirst("^NIC memory: ", "");
    }

    /** Of a BAR of prefetchable memory; else 0. Bridges and displays have those as well. */
    private static long memoryBytes(Path device, int bar) {
        if (read(device.resolve("class")).matches("0x0[36].*")) {
            return 0;
        }
        List<String> lines = read(device.resolve("resource")).lines().toList();
        String[] words = bar < lines.size() ? lines.get(bar).split(" ") : new String[0];
        if (words.length != 3) {
            return 0;
        }
        return (number(words[2]) & PREFETCHABLE_MEMORY) == PREFETCHABLE_MEMORY
                ? number(words[1]) - number(words[0]) + 1
                : 0;
    }

    private static long number(String hexadecimal) {
        String digits = hexadecimal.replaceFirst("^0x", "");
        return digits.matches("\\p{XDigit}{1,16}") ? Long.parseUnsignedLong(digits, 16) : 0;
    }

    private static List<Path> entries(Path directory, String name) {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(each -> each.getFileName().toString().matches(name))
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();
        }
    }

    private static String read(Path path) {
        try {
            return Files.readString(path).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
