// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import java.util.function.LongSupplier;

/**
 * What a host stack and the script's end stand on: two miniports on one wire.
 *
 * @param memory of both
 * @param stack the one of {@link IpVersion#local}
 * @param peer the one of {@link IpVersion#peer}, used for frames only
 * @param nextEvent when the wire has something to deliver; Long.MAX_VALUE = not
 * @param onClose takes down whatever was made for it
 */
public record Ground(
        Memory memory,
        MiniportAdapter stack,
        MiniportAdapter peer,
        LongSupplier nextEvent,
        Runnable onClose) {}
