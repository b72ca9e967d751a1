// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.global.flue;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;

/**
 * Whether the native library, and DPDK beside it, can be used here; if not, why not, in words a
 * person can act on. Any thread; control path.
 */
public final class Flue {
    private static final String LIBRARY = "libjniflue.so";
    private static final String CAUSE = load();

    private Flue() {}

    /** The native library is loaded. */
    public static boolean isAvailable() {
        return CAUSE.isEmpty();
    }

    /** Why it is not; "" when it is. */
    public static String unavailabilityCause() {
        return CAUSE;
    }

    /**
     * "0.1.0".
     *
     * @throws FlueException when the library is not available
     */
    public static String version() {
        require();
        return text(flue.flue_version());
    }

    /** DPDK's libraries are found and loaded; EAL is not started by asking. */
    public static boolean dpdkAvailable() {
        return isAvailable() && flue.flue_dpdk_load() == 0;
    }

    /** Why DPDK cannot be used; "" when it can. */
    public static String dpdkUnavailabilityCause() {
        if (!isAvailable()) {
            return CAUSE;
        }
        int rc = flue.flue_dpdk_load();
        if (rc == 0) {
            return "";
        }
        String cause = text(flue.flue_dpdk_unavailability_cause());
        return cause.isEmpty() ? "libflue_dpdk.so does not load: " + Errno.text(-rc) : cause;
    }

    /** "DPDK 22.11.11", or "" when it is not available. */
    public static String dpdkVersion() {
        return dpdkAvailable() ? text(flue.flue_dpdk_version()) : "";
    }

    /**
     * Start EAL, which happens once in a process: with {@code args} as any DPDK program takes them,
     * separated by blanks, or by a choice that works here when they are null or "". Starting by
     * choice what runs already does nothing.
     *
     * @throws FlueException DPDK is not available, EAL refused, or it runs already and {@code args}
     *     ask for something else
     */
    public static void startDpdk(String args) {
        if (!dpdkAvailable()) {
            throw new FlueException(
                    "DPDK cannot be started: " + dpdkUnavailabilityCause(), Errno.ENOSYS);
        }
        boolean choice = args == null || args.isBlank();
        int rc = flue.flue_dpdk_start(choice ? "" : args);
        if (rc == 0 || rc == -Errno.EALREADY && choice) {
            return;
        }
        if (rc == -Errno.EALREADY) {
            throw new FlueException(
                    "EAL runs already, and DPDK can start it once in a process only: give '"
                            + args
                            + "' to the first start",
                    Errno.EALREADY);
        }
        String cause = text(flue.flue_dpdk_unavailability_cause());
        throw new FlueException(
                "EAL did not start: " + (cause.isEmpty() ? Errno.text(-rc) : cause), -rc);
    }

    /** 2 MiB hugepages that are free now; 0 when there are none, or no library. */
    public static int freeHugepages() {
        return isAvailable() ? flue.flue_hugepages_free() : 0;
    }

    /** Regions that exist in this process, for leak checks. */
    public static int regionCount() {
        require();
        return flue.flue_region_count();
    }

    /** Everything native begins with this. */
    static void require() {
        if (!CAUSE.isEmpty()) {
            throw new FlueException(CAUSE, 0);
        }
    }

    static String text(BytePointer string) {
        return string == null ? "" : string.getString();
    }

    private static String load() {
        String platform = Loader.getPlatform();
        if (!"linux-x86_64".equals(platform)) {
            return "no native library for "
                    + platform
                    + ": the engine runs on linux-x86_64; connections stay on the Java host stack";
        }
        if (Flue.class.getResource("/dev/flue/" + platform + "/" + LIBRARY) == null) {
            return "no native library for "
                    + platform
                    + " on the class path; add dev.flue:flue-bindings with the classifier "
                    + platform;
        }
        try {
            Loader.load(flue.class);
            return "";
        } catch (LinkageError e) {
            return "the native library does not load: " + e.getMessage();
        }
    }
}
