// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.host.UserHostStack;
import dev.flue.im.IntermediateDriver;
import dev.flue.im.PassThroughDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** All of a network but its wire: stacks, each over a chain of drivers. One thread. */
public abstract class StackedNetwork implements Network {
    private final String name;
    private final int driverObjects;
    private final List<IntermediateDriver> drivers = new ArrayList<>();
    private final List<VerifierDriver> verifiers = new ArrayList<>();
    private final List<UserHostStack> stacks = new ArrayList<>();

    /**
     * @param driverObjects that each driver has room for
     */
    protected StackedNetwork(String name, int driverObjects) {
        this.name = name;
        this.driverObjects = driverObjects;
    }

    /** The next host's stack. */
    protected final void add(UserHostStack stack) {
        stacks.add(stack);
    }

    /** A driver of this network, which is asked what it holds and closed with the others. */
    protected final <D extends IntermediateDriver> D own(D driver) {
        drivers.add(driver);
        return driver;
    }

    /**
     * A verifier over the lowest adapter and, when there are intermediate drivers, those, and one
     * more that has to see what the first one sees.
     *
     * @return the highest adapter
     */
    protected final MiniportAdapter chain(
            Memory memory, MiniportAdapter lowest, int count, int host) {
        MiniportAdapter adapter = verified(memory, lowest, "below " + host);
        if (count == 0) {
            return adapter;
        }
        VerifierDriver below = verifiers.get(verifiers.size() - 1);
        for (int i = 0; i < count; i++) {
            PassThroughDriver driver = own(new PassThroughDriver(memory, adapter, driverObjects));
            adapter = new MiniportAdapter(memory, driver.upper());
        }
        adapter = verified(memory, adapter, "above " + host);
        verifiers.get(verifiers.size() - 1).compareWith(below);
        return adapter;
    }

    /** A verifier over an adapter. @return what to bind to then */
    protected final MiniportAdapter verified(Memory memory, MiniportAdapter lower, String label) {
        VerifierDriver verifier = new VerifierDriver(memory, lower, driverObjects, label);
        verifiers.add(verifier);
        return new MiniportAdapter(memory, verifier.upper());
    }

    /** Add what ports and targets hold. */
    protected abstract void held(Map<String, Long> into);

    /** Free what is below the drivers. */
    protected abstract void closeWire();

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final int hosts() {
        return stacks.size();
    }

    @Override
    public final UserHostStack stack(int host) {
        return stacks.get(host);
    }

    @Override
    public final List<VerifierDriver> verifiers() {
        return verifiers;
    }

    @Override
    public final Map<String, Long> held() {
        Map<String, Long> held = new TreeMap<>();
        held(held);
        for (int i = 0; i < drivers.size(); i++) {
            put(held, "driver " + i, drivers.get(i).held());
        }
        return held;
    }

    /** Add counts under a name. */
    protected static void put(Map<String, Long> into, String label, Map<String, Integer> counts) {
        counts.forEach((what, count) -> into.put(label + ' ' + what, (long) count));
    }

    @Override
    public final void close() {
        drivers.forEach(IntermediateDriver::close);
        verifiers.forEach(VerifierDriver::close);
        closeWire();
    }
}
