// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.im.Breach;
import dev.flue.im.IntermediateDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Intermediate drivers, asked for by name, one over the other. Owns them. */
public final class DriverChain implements AutoCloseable {
    private static final String VERIFIER = "verifier";

    private final List<IntermediateDriver> drivers = new ArrayList<>();
    private final List<VerifierDriver> verifiers = new ArrayList<>();
    private final MiniportAdapter top;

    private DriverChain(
            Memory memory, Miniport target, List<String> texts, int maxObjects, String party) {
        try {
            top = build(memory, new MiniportAdapter(memory, target), texts, maxObjects, party);
        } catch (RuntimeException | OutOfMemoryError e) {
            close();
            throw e;
        }
    }

    private MiniportAdapter build(
            Memory memory,
            MiniportAdapter lowest,
            List<String> texts,
            int maxObjects,
            String party) {
        MiniportAdapter adapter = lowest;
        for (int i = 0; i < texts.size(); i++) {
            DriverSpec spec = DriverSpec.parse(texts.get(i), (name, key) -> null);
            String label = party + (party.isEmpty() ? "" : ".") + spec.shortName() + (i + 1);
            IntermediateDriver driver = spec.factory().over(memory, adapter, maxObjects, label);
            drivers.add(driver);
            if (driver instanceof VerifierDriver verifier) {
                verifiers.add(verifier);
            }
            adapter = new MiniportAdapter(memory, driver.upper());
        }
        return adapter;
    }

    /**
     * Drivers over a target.
     *
     * @param texts from the target upwards: {@code name} or {@code name:key=value:key=value}
     * @param maxObjects that each of them can hold
     * @param party whose drivers these are, for messages; "" when there is only one
     */
    public static DriverChain over(
            Miniport target, Memory memory, List<String> texts, int maxObjects, String party) {
        return new DriverChain(memory, target, texts, maxObjects, party);
    }

    /** The drivers there are. */
    public static List<String> names() {
        return DriverKind.all().stream().map(DriverKind::name).toList();
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
