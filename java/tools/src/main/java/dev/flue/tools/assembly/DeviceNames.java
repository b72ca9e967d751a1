// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a device is called, and whether there is one of that name. */
final class DeviceNames {
    private static final Pattern WITH_INTERFACE =
            Pattern.compile("net_\\w+,(?:.*,)?iface=([^,]+).*");
    private static final Pattern PCI =
            Pattern.compile(
                    "(?:([0-9a-fA-F]{4}):)?([0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7])(?:,.*)?");

    private DeviceNames() {}

    /** The interface of a TAP or a virtual device, the name itself where there is none in it. */
    static String of(String device) {
        Matcher matcher = WITH_INTERFACE.matcher(device);
        return matcher.matches() ? matcher.group(1) : device;
    }

    /** Whether it can be opened without being made: its interface, or its PCI device, is there. */
    static boolean exists(String device) {
        Matcher pci = PCI.matcher(device);
        if (pci.matches()) {
            String domain = pci.group(1) == null ? "0000" : pci.group(1);
            return Files.exists(Path.of("/sys/bus/pci/devices", domain + ":" + pci.group(2)));
        }
        // That of this process's network namespace, with interfaces that have no address.
        String prefix = of(device) + ":";
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/net/dev"))) {
            return lines.anyMatch(line -> line.strip().startsWith(prefix));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }
}
