// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of the offload target and of the drivers above it. */
public final class TargetOptions {
    private static final int MAX_CONNECTIONS = 4_194_304;

    /** Where context areas lie. */
    enum Arena {
        HEAP,
        HUGEPAGES
    }

    @Option(
            names = "--arena",
            paramLabel = "KIND",
            defaultValue = "heap",
            description = "Memory of the context areas: heap or hugepages; default heap.")
    private Arena arena;

    @Option(
            names = "--max-connections",
            paramLabel = "N",
            defaultValue = "16384",
            description =
                    "Connections offloaded at a time, the rest stays on the host stack; default"
                            + " ${DEFAULT-VALUE}.")
    private int maxConnections;

    @Option(
            names = "--own-thread",
            description = "Let the engine poll on a thread of its own, not in the duty cycle.")
    private boolean ownThread;

    @Option(
            names = "--drivers",
            paramLabel = "NAME",
            split = ",",
            description =
                    "Intermediate drivers, from the target upwards: passthrough, verifier, in any"
                            + " order and number; or none. Default: ${DEFAULT-VALUE}.",
            defaultValue = "passthrough")
    private List<String> drivers = new ArrayList<>();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    public boolean hugepages() {
        return arena == Arena.HUGEPAGES;
    }

    public int maxConnections() {
        return maxConnections;
    }

    public boolean ownThread() {
        return ownThread;
    }

    /** Names of the registry, from the target upwards. */
    public List<String> drivers() {
        if (drivers.equals(List.of("none"))) {
            return List.of();
        }
        return drivers.stream().map(this::driver).toList();
    }

    /**
     * @throws ParameterException a value is out of range
     */
    public void check() {
        if (maxConnections < 1 || maxConnections > MAX_CONNECTIONS) {
            throw wrong(
                    "--max-connections "
                            + maxConnections
                            + " is out of range 1.."
                            + MAX_CONNECTIONS);
        }
        if (drivers().size() > 16) {
            throw wrong("more than 16 drivers");
        }
    }

    private String driver(String name) {
        // How it was written before there was a second one.
        String known = name.equals("pass-through") ? "passthrough" : name;
        if (DriverChain.names().contains(known)) {
            return known;
        }
        throw wrong(
                "there is no driver '"
                        + name
                        + "', only "
                        + String.join(", ", DriverChain.names()));
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
