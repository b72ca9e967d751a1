// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.NativePort;
import java.util.List;

/**
 * A device, its ports, and how to have them again when it was away.
 *
 * @param device as the command names it
 * @param ports one for each of its queues; owned by whoever takes this
 * @param again how to open it once more
 */
public record PortSource(String device, List<NativePort> ports, Again again) {
    /** Opens a device that was away. On a thread of its own: it may take its time. */
    @FunctionalInterface
    public interface Again {
        /**
         * @param times that it was opened before
         * @param asked an operator wants it: also when no such interface is there
         * @return its ports; none = it is not there
         * @throws dev.flue.bindings.FlueException it cannot be had
         */
        List<NativePort> open(int times, boolean asked);
    }

    /** One that does not come back. */
    public static PortSource once(NativePort port) {
        return new PortSource(port.name(), List.of(port), (times, asked) -> List.of());
    }
}
