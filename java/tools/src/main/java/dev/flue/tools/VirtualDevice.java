// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A virtual device of DPDK's that a port can be; not net_af_xdp, over which transfers stall. */
enum VirtualDevice {
    NET_TAP,
    NET_AF_PACKET,
    NET_RING,
    NET_MEMIF,
    NET_NULL,
    NET_PCAP;

    private static final Pattern EAL = Pattern.compile("(/\\S*)/librte_eal\\.so\\S*");

    /** The name of its driver, as of DPDK. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Whether its driver lies where EAL looks for drivers, below its own directory.
     *
     * @param maps /proc/self/maps of a process that has DPDK's libraries
     */
    boolean installed(String maps) {
        Matcher eal = EAL.matcher(maps);
        if (!eal.find()) {
            return false;
        }
        Path drivers = Path.of(eal.group(1), "dpdk");
        try (DirectoryStream<Path> versions = Files.newDirectoryStream(drivers, "pmds-*")) {
            for (Path each : versions) {
                if (Files.exists(each.resolve("librte_" + this + ".so"))) {
                    return true;
                }
            }
        } catch (IOException e) {
            // There is no such directory.
        }
        return false;
    }
}
