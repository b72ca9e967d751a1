// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.bindings.Flue;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks at the machine for {@code flue doctor}. Changes nothing. */
final class Examination {
    private static final int CAP_NET_ADMIN = 12;
    private static final int CAP_NET_RAW = 13;
    private static final int CAP_IPC_LOCK = 14;
    private static final int FIRST_WITH_NATIVE_ACCESS_CHECK = 22;

    List<Check> run() {
        List<Check> checks = new ArrayList<>();
        checks.add(jvm());
        checks.add(jvmFlags());
        checks.add(nativeLibrary());
        MemoryExamination memory = new MemoryExamination();
        checks.add(memory.heapArena());
        checks.add(memory.hugepages());
        checks.add(memory.nicMemory());
        checks.add(dpdk());
        if (Flue.dpdkAvailable()) {
            checks.add(dpdkDevices());
        }
        checks.add(tap());
        checks.add(capabilities());
        checks.add(processors());
        return checks;
    }

    private static Check jvm() {
        int feature = Runtime.version().feature();
        String detail =
                System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version");
        return feature >= 17
                ? Check.works("jvm", detail)
                : Check.fails("jvm", detail, "use JDK 17 or newer");
    }

    private static Check jvmFlags() {
        List<String> flags = ManagementFactory.getRuntimeMXBean().getInputArguments();
        boolean wanted = Runtime.version().feature() >= FIRST_WITH_NATIVE_ACCESS_CHECK;
        boolean given = flags.stream().anyMatch(flag -> flag.contains("enable-native-access"));
        String detail = flags.isEmpty() ? "none" : String.join(" ", flags);
        return wanted && !given
                ? Check.fails(
                        "jvm flags",
                        detail,
                        "start with --enable-native-access=ALL-UNNAMED, as the launcher does, or"
                                + " the JVM warns")
                : Check.works("jvm flags", detail);
    }

    private static Check nativeLibrary() {
        return Flue.isAvailable()
                ? Check.works("native library", "engine " + Flue.version())
                : Check.fails(
                        "native library",
                        Flue.unavailabilityCause(),
                        "without it connections stay on the Java host stack");
    }

    private static Check dpdk() {
        return Flue.dpdkAvailable()
                ? Check.works("dpdk", Flue.dpdkVersion())
                : Check.fails(
                        "dpdk",
                        Flue.dpdkUnavailabilityCause(),
                        "install libdpdk-dev (22.11 or newer) and build again; --tap and the wire"
                                + " work without");
    }

    /** EAL is not started for this, and no device opened. */
    private static Check dpdkDevices() {
        List<String> works = new ArrayList<>();
        for (VirtualDevice device : VirtualDevice.values()) {
            if (device.installed(read(Path.of("/proc/self/maps"))) && permitted(device)) {
                works.add(device.toString());
            }
        }
        return works.isEmpty()
                ? Check.fails(
                        "dpdk devices",
                        "no driver of virtual devices was found beside DPDK's libraries",
                        "install DPDK's drivers; --port tells what is wrong with a device")
                : Check.works(
                        "dpdk devices",
                        String.join(", ", works)
                                + "; 'flue stat' shows the offloads of a --port that runs");
    }

    private static boolean permitted(VirtualDevice device) {
        String protocols = read(Path.of("/proc/net/protocols"));
        return switch (device) {
            case NET_TAP -> Files.isWritable(Path.of("/dev/net/tun")) && capable(CAP_NET_ADMIN);
            case NET_AF_PACKET -> protocols.contains("\nPACKET ") && capable(CAP_NET_RAW);
            case NET_RING, NET_MEMIF, NET_NULL, NET_PCAP -> true;
        };
    }

    private static Check tap() {
        Path device = Path.of("/dev/net/tun");
        try (FileChannel opened = FileChannel.open(device, StandardOpenOption.READ)) {
            if (!opened.isOpen() || !capable(CAP_NET_ADMIN)) {
                return Check.fails(
                        "tap",
                        "/dev/net/tun is there, CAP_NET_ADMIN is not",
                        "run as root, or in a namespace of your own: unshare -rn");
            }
            return Check.works("tap", "/dev/net/tun and CAP_NET_ADMIN");
        } catch (NoSuchFileException e) {
            return Check.fails(
                    "tap",
                    "there is no /dev/net/tun",
                    "modprobe tun, or pass the device into the container");
        } catch (IOException e) {
            return Check.fails(
                    "tap", "/dev/net/tun cannot be opened", "let this user read and write it");
        }
    }

    private static Check capabilities() {
        List<String> names = new ArrayList<>();
        if (capable(CAP_NET_ADMIN)) {
            names.add("CAP_NET_ADMIN");
        }
        if (capable(CAP_NET_RAW)) {
            names.add("CAP_NET_RAW");
        }
        if (capable(CAP_IPC_LOCK)) {
            names.add("CAP_IPC_LOCK");
        }
        return names.isEmpty()
                ? Check.fails(
                        "capabilities",
                        "none of CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK",
                        "'flue demo' needs none; 'flue serve' and 'flue fetch' need CAP_NET_ADMIN")
                : Check.works("capabilities", String.join(", ", names));
    }

    private static Check processors() {
        int count = Runtime.getRuntime().availableProcessors();
        return count >= 2
                ? Check.works("processors", Integer.toString(count))
                : Check.fails(
                        "processors",
                        Integer.toString(count),
                        "leave --own-thread away: two polling threads would share the one there is");
    }

    private static boolean capable(int capability) {
        String effective = field(read(Path.of("/proc/self/status")), "CapEff");
        return effective.matches("[0-9a-f]{1,16}")
                && (Long.parseUnsignedLong(effective, 16) >>> capability & 1) == 1;
    }

    private static String field(String text, String name) {
        Matcher matcher =
                Pattern.compile("^" + name + ":\\s*(.*?)\\s*$", Pattern.MULTILINE).matcher(text);
        return matcher.find() ? matcher.group(1) : "?";
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            return "";
        }
    }
}
