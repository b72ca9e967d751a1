// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.im.Breach;
import dev.flue.im.DriverSettings;
import dev.flue.im.IntermediateDriver;
import dev.flue.im.KernelDriver;
import dev.flue.im.KernelSettings;
import dev.flue.im.TcpClaims;
import dev.flue.im.TeamDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import dev.flue.tools.inspect.DriverReport;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Intermediate drivers, asked for by name, one over the other. Owns them. */
public final class DriverChain implements AutoCloseable {
    private static final String VERIFIER = "verifier";
    private static final String TEAM = DriverKind.TEAM;
    static final int MAX_PORTS = 15;

    private final List<IntermediateDriver> drivers = new ArrayList<>();
    private final List<String> labels = new ArrayList<>();
    private final List<VerifierDriver> verifiers = new ArrayList<>();
    private final List<MiniportAdapter> members;
    private MiniportAdapter top;
    private KernelDriver kernel; // Or null.

    private DriverChain(
            Memory memory,
            List<Miniport> targets,
            List<String> texts,
            int maxObjects,
            String party) {
        List<MiniportAdapter> faces = new ArrayList<>();
        targets.forEach(target -> faces.add(new MiniportAdapter(memory, target)));
        members = List.copyOf(faces);
        try {
            for (int i = 0; i < texts.size(); i++) {
                DriverSpec spec = DriverSpec.parse(texts.get(i), (name, key) -> null);
                put(memory, faces, spec, maxObjects, spec.shortName() + (i + 1), party);
            }
            if (faces.size() != 1) {
                throw new DriverSettings.Wrong(problem(texts, targets.size()));
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            close();
            throw e;
        }
        top = faces.get(0);
    }

    /** One driver over each face, or one over all of them. */
    private void put(
            Memory memory,
            List<MiniportAdapter> faces,
            DriverSpec spec,
            int maxObjects,
            String name,
            String party) {
        String prefix = party.isEmpty() ? "" : party + ".";
        if (spec.joiner() != null) {
            IntermediateDriver driver =
                    spec.joiner().over(memory, List.copyOf(faces), maxObjects, prefix + name);
            faces.clear();
            faces.add(added(memory, driver, prefix + name));
            return;
        }
        for (int i = 0; i < faces.size(); i++) {
            String label = prefix + (faces.size() == 1 ? "" : "port" + (i + 1) + ".") + name;
            IntermediateDriver driver =
                    spec.factory().over(memory, faces.get(i), maxObjects, label);
            faces.set(i, added(memory, driver, label));
        }
    }

    private MiniportAdapter added(Memory memory, IntermediateDriver driver, String label) {
        drivers.add(driver);
        labels.add(label);
        if (driver instanceof VerifierDriver verifier) {
            verifiers.add(verifier);
        }
        return new MiniportAdapter(memory, driver.upper());
    }

    /**
     * Drivers over one target or more. What stands in front of a team is there once for each
     * target, what stands behind it once.
     *
     * @param texts from the targets upwards: {@code name} or {@code name:key=value:key=value}
     * @param maxObjects that each of them can hold
     * @param party whose drivers these are, for messages; "" when there is only one
     * @throws DriverSettings.Wrong there is no such driver, or {@link #problem} says what is wrong
     */
    public static DriverChain over(
            List<Miniport> targets,
            Memory memory,
            List<String> texts,
            int maxObjects,
            String party) {
        return new DriverChain(memory, targets, texts, maxObjects, party);
    }

    /**
     * On top of all: the kernel has the network too, through a miniport of its own.
     *
     * @param side of the kernel's interface
     */
    void besides(Memory memory, Miniport side, KernelSettings settings, int maxObjects) {
        kernel =
                new KernelDriver(
                        memory, top, new MiniportAdapter(memory, side), maxObjects, settings);
        top = added(memory, kernel, kernel.name());
    }

    /** What is not the kernel's, when it has the network too. */
    void claims(TcpClaims claims) {
        if (kernel != null) {
            kernel.claims(claims);
        }
    }

    /** What does not go together: so many ports, and what is to make one of them; "" = nothing. */
    static String problem(List<String> texts, int ports) {
        long teams = texts.stream().filter(DriverChain::isTeam).count();
        if (teams > 1) {
            return TEAM + " stands there " + teams + " times";
        }
        if (teams == 1 && (ports < 2 || ports > MAX_PORTS)) {
            return TEAM + " takes 2 to " + MAX_PORTS + " ports, not " + ports;
        }
        return teams == 0 && ports > 1
                ? ports + " ports need " + TEAM + " among the drivers, which makes one of them"
                : "";
    }

    static boolean isTeam(String text) {
        return text.equals(TEAM) || text.startsWith(TEAM + ":");
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

    /** What the lowest drivers bind to, a target each. */
    public List<MiniportAdapter> members() {
        return members;
    }

    /** The driver that makes one of several ports, or null. */
    public TeamDriver team() {
        return drivers.stream()
                .filter(TeamDriver.class::isInstance)
                .map(TeamDriver.class::cast)
                .findFirst()
                .orElse(null);
    }

    /** Connections that a team has moved from one port to another. */
    public long moved() {
        TeamDriver team = team();
        return team == null ? 0 : team.moved();
    }

    /** What each tells of itself, from the targets upwards. */
    List<DriverReport> reports() {
        List<DriverReport> reports = new ArrayList<>();
        for (int i = 0; i < drivers.size(); i++) {
            reports.add(DriverReport.of(labels.get(i), drivers.get(i)));
        }
        return reports;
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
