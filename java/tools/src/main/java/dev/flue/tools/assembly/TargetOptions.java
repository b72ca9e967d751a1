// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.Arena;
import dev.flue.im.DriverSettings;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options of the offload target and of the drivers above it. */
public final class TargetOptions {
    private static final int MAX_CONNECTIONS = 4_194_304;

    @Option(
            names = "--arena",
            paramLabel = "KIND",
            defaultValue = "heap",
            converter = ArenaConverter.class,
            description = {
                "Memory of the context areas: heap, hugepages, hugepages:NODE for those of a NUMA"
                        + " node; or nic:ADDRESS/BAR, as in nic:0000:00:06.0/2, for state objects"
                        + " in the memory of a NIC and the rest in hugepages, as long as there are"
                        + " any. Default: heap.",
                "'flue doctor' shows what there is."
            })
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
            arity = "0..1",
            defaultValue = "false",
            fallbackValue = "true",
            description = "Let the engine poll on a thread of its own, not in the duty cycle.")
    private boolean ownThread;

    @Option(
            names = "--drivers",
            paramLabel = "NAME[:KEY=VALUE]...",
            split = ",",
            description = {
                "Intermediate drivers, from the target upwards: passthrough, verifier, meter,"
                        + " shaper, vlan, team, or the name of a class of one's own, in any order"
                        + " and number, such as verifier,vlan:id=42; or none.",
                "Several ports need team among them, once: what stands before it is there once for"
                        + " each port.",
                "Default: ${DEFAULT-VALUE}."
            },
            defaultValue = "passthrough")
    private List<String> drivers = new ArrayList<>();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    public Arena arena() {
        return arena;
    }

    public int maxConnections() {
        return maxConnections;
    }

    public boolean ownThread() {
        return ownThread;
    }

    /** From the target upwards, each with its name and all settings that were given. */
    public List<String> drivers() {
        if (drivers.equals(List.of("none"))) {
            return List.of();
        }
        try {
            return drivers.stream().map(this::driver).toList();
        } catch (DriverSettings.Wrong e) {
            throw wrong("--drivers: " + e.getMessage());
        }
    }

    /** A team is to make one of the ports, the lowest of the drivers when nobody named one. */
    void joinPorts() {
        if (drivers().stream().noneMatch(DriverChain::isTeam)) {
            List<String> joined = new ArrayList<>(List.of(DriverKind.TEAM));
            joined.addAll(drivers());
            drivers = joined;
        }
    }

    /**
     * @param ports that there will be
     * @throws ParameterException a value is out of range
     */
    public void check(int ports) {
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
        String problem = DriverChain.problem(drivers(), ports);
        if (!problem.isEmpty()) {
            throw wrong("--drivers: " + problem);
        }
    }

    private String driver(String text) {
        return DriverSpec.parse(text, this::defaultOf).toString();
    }

    private String defaultOf(String driver, String key) {
        return spec.defaultValueProvider() instanceof DriverDefaults defaults
                ? defaults.of(driver, key)
                : null;
    }

    private static final class ArenaConverter implements ITypeConverter<Arena> {
        @Override
        public Arena convert(String value) {
            try {
                return Arena.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
