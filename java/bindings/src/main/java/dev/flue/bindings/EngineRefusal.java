// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.global.flue;

/** Why an engine could not be made, in words a person can act on. */
final class EngineRefusal {
    private EngineRefusal() {}

    /** {@code errno}: positive. */
    static RuntimeException of(String what, EngineConfig config, int errno) {
        Arena arena = config.arena();
        String wanted = what + " for " + config.maxConnections() + " connections";
        if (errno == Errno.EINVAL) {
            return new IllegalArgumentException(
                    wanted + ": a value of its configuration is out of range");
        }
        String cause = Errno.text(errno) + "; ask for fewer connections or a smaller arena";
        if (errno == Errno.ENOMEM && arena.hugepages()) {
            cause = noHugepages(arena);
        } else if (errno == Errno.ENODEV && arena.node() >= 0) {
            cause =
                    "there is no NUMA node "
                            + arena.node()
                            + "; those there are: ls -d /sys/devices/system/node/node*";
        } else if (errno == Errno.ENOSPC && arena.inNic()) {
            cause =
                    "NIC memory "
                            + arena.nic()
                            + " is full: other engines have all of it; make them with"
                            + " fewer connections";
        } else if (errno == Errno.EIO && arena.inNic()) {
            cause =
                    "NIC memory "
                            + arena.nic()
                            + " does not keep what is written: it is no memory, or not all of it"
                            + " is there; give another BAR";
        }
        return new FlueException(wanted + ": " + cause, errno);
    }

    private static String noHugepages(Arena arena) {
        if (arena.node() < 0) {
            return "does not fit the hugepages: "
                    + flue.flue_hugepages_free()
                    + " of 2 MiB are free; reserve more (sysctl vm.nr_hugepages=N, as root)"
                    + " or use a heap arena";
        }
        return "does not fit the hugepages of NUMA node "
                + arena.node()
                + ": "
                + flue.flue_hugepages_free_on(arena.node())
                + " of 2 MiB are free; reserve more there (as root: echo N >"
                + " /sys/devices/system/node/node"
                + arena.node()
                + "/hugepages/hugepages-2048kB/nr_hugepages), or use a heap arena";
    }
}
