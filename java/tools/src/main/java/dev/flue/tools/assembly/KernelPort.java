// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.data.IpAddress;
import dev.flue.im.AddressSet;
import dev.flue.im.KernelSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The kernel's interface beside the port, through which the kernel has the same network.
 *
 * @param source of the interface; the other end is the kernel's
 * @param own addresses of the stack that the kernel does not have
 * @param shared addresses of the stack that the kernel has too
 */
public record KernelPort(PortSource source, List<IpAddress> own, List<IpAddress> shared) {
    private static final int FIRST_PORT = 1024;
    private static final int LAST_PORT = 65_535;
    private static final int ENOUGH = 1024;
    private static final int KERNEL_FIRST_PORT = 32_768;
    private static final int KERNEL_LAST_PORT = 60_999;

    /** What the driver between them is told; {@code mac} is that of the port. */
    KernelSettings settings(long mac) {
        return new KernelSettings(mac, set(own), set(shared));
    }

    /** Ports that the kernel does not give to its connections, for ours: the first and the last. */
    int[] ephemeralPorts() {
        return ephemeralPorts(Path.of("/proc/sys/net/ipv4/ip_local_port_range"));
    }

    /** The larger of the ranges above and below the kernel's, well-known ports apart. */
    static int[] ephemeralPorts(Path kernels) {
        int first = KERNEL_FIRST_PORT;
        int last = KERNEL_LAST_PORT;
        try {
            String[] words = Files.readString(kernels).strip().split("\\s+");
            first = Integer.parseInt(words[0]);
            last = Integer.parseInt(words[1]);
        } catch (IOException | RuntimeException e) {
            // Not to be read, or not understood: what it is unless somebody changed it.
        }
        boolean above = LAST_PORT - last >= first - FIRST_PORT || LAST_PORT - last >= ENOUGH;
        int[] ours = above ? new int[] {last + 1, LAST_PORT} : new int[] {FIRST_PORT, first - 1};
        return ours[0] <= ours[1] ? ours : new int[] {KERNEL_LAST_PORT + 1, LAST_PORT};
    }

    private static AddressSet set(List<IpAddress> addresses) {
        AddressSet set = new AddressSet();
        addresses.forEach(each -> set.add(each.hi(), each.lo()));
        return set;
    }
}
