// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.im.Breach;
import dev.flue.im.IntermediateDriver;
import dev.flue.im.PassThroughDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Intermediate drivers, asked for by name, one over the other. Owns them. */
public final class DriverChain implements AutoCloseable {
    /** Makes one driver; {@code label} tells it from others of its kind. */
    @FunctionalInterface
    private interface Factory {
        IntermediateDriver over(Memory memory, MiniportAdapter lower, int maxObjects, String label);
    }

    private static final String VERIFIER = "verifier";
    private static final Map<String, Factory> REGISTRY =
            new TreeMap<>(
                    Map.of(
                            "passthrough",
                            (memory, lower, objects, label) ->
                                    new PassThroughDriver(memory, lower, objects),
                            VERIFIER,
                            VerifierDriver::new));

    private final List<IntermediateDriver> drivers = new ArrayList<>();
    private final List<VerifierDriver> verifiers = new ArrayList<>();
    private final MiniportAdapter top;

    private DriverChain(
            Memory memory, Miniport target, List<String> names, int maxObjects, String party) {
        MiniportAdapter adapter = new MiniportAdapter(memory, target);
        for (int i = 0; i < names.size(); i++) {
            String label = party + (party.isEmpty() ? "" : ".") + names.get(i) + (i + 1);
            IntermediateDriver driver =
                    REGISTRY.get(names.get(i)).over(memory, adapter, maxObjects, label);
            drivers.add(driver);
            if (driver instanceof VerifierDriver verifier) {
                verifiers.add(verifier);
            }
            adapter = new MiniportAdapter(memory, driver.upper());
        }
        top = adapter;
    }

    /**
     * Drivers over a target.
     *
     * @param names from the target upwards, each one of {@link #names}
     * @param maxObjects that each of them can hold
     * @param party whose drivers these are, for messages; "" when there is only one
     */
    public static DriverChain over(
            Miniport target, Memory memory, List<String> names, int maxObjects, String party) {
        return new DriverChain(memory, target, names, maxObjects, party);
    }

    /** The drivers there are. */
    public static List<String> names() {
        return List.copyOf(REGISTRY.keySet());
    }

    /** The name of the driver that traces and finds breaches. */
    public static String verifier() {
        return VERIFIER;
    }

    /** What a host stack binds to. */
    public MiniportAdapter top() {
        return top;
    }

    /**
     * Each verifier tells its operations, completions and events, a line each, times from {@code
     * origin} on.
     */
    public void trace(long origin, Consumer<String> lines) {
        verifiers.forEach(verifier -> verifier.trace(origin, lines));
    }

    /** Called for each rule that somebody breaks, where a verifier can see it. */
    public void onBreach(Consumer<Breach> listener) {
        verifiers.forEach(verifier -> verifier.onBreach(listener));
    }

    @Override
    public void close() {
        for (int i = drivers.size() - 1; i >= 0; i--) {
            drivers.get(i).close();
        }
    }
}
