// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.host.UserHostStack;
import dev.flue.im.ShaperSettings;
import dev.flue.im.TeamDriver;
import dev.flue.im.VlanDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.DriverRow;
import dev.flue.testkit.conformance.NetworkConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * A host stack over a row of drivers, a verifier on top of them and one over each engine at their
 * foot; on the other side of the wire a peer, whose only driver is the other end of a VLAN, if
 * there is one in the row.
 */
final class DriverRowNetwork extends WireNetwork {
    /** The host's number; the peer's is 1. */
    static final int HOST = 0;

    private static final int OBJECTS = 64;
    private static final int LISTS = 1024;
    private static final int PEER = 1;
    private static final int SECOND_MEMBER = 2;

    /**
     * A rate at which lists wait, several at a time; contexts in the VLAN driver, so that those of
     * two drivers are in each list.
     */
    private static final DriverRow.Settings SETTINGS =
            DriverRow.Settings.of(OBJECTS)
                    .withVlanLists(LISTS)
                    .withShaper(
                            new ShaperSettings(3_000_000, 4_000, ShaperSettings.Scope.CONNECTION));

    final DriverRow row;

    /**
     * @param posts receives that the host keeps posted; 0 = it is indicated to
     */
    DriverRowNetwork(NetworkConfig config, List<DriverRow.Kind> kinds, int posts) {
        this(NativeMemory.heap(), config, kinds, posts);
    }

    private DriverRowNetwork(
            NativeMemory memory, NetworkConfig config, List<DriverRow.Kind> kinds, int posts) {
        super(memory, wireConfig(config, 1 + DriverRow.members(kinds)), OBJECTS);
        List<MiniportAdapter> lowers = new ArrayList<>();
        for (int i = 0; i < DriverRow.members(kinds); i++) {
            int socket = i == 0 ? HOST : SECOND_MEMBER;
            MiniportAdapter lowest = engine(socket, config.mac(socket), engine(config, socket));
            lowers.add(verified(memory, lowest, "below " + i));
            if (i > 0) {
                wire().join(socket, HOST);
            }
        }
        row = new DriverRow(memory, kinds, lowers, SETTINGS);
        row.drivers().forEach(this::own);
        MiniportAdapter above = verified(memory, row.top(), "above");
        add(
                new UserHostStack(
                        config.stack(HOST).toBuilder().postedReceives(posts).build(),
                        memory,
                        above));
        MiniportAdapter peer =
                verified(
                        memory,
                        engine(PEER, config.mac(PEER), engine(config, PEER)),
                        "of the peer");
        if (kinds.contains(DriverRow.Kind.VLAN)) {
            VlanDriver vlan = own(new VlanDriver(memory, peer, OBJECTS, SETTINGS.vlan()));
            peer = new MiniportAdapter(memory, vlan.upper());
        }
        add(new UserHostStack(config.stack(PEER), memory, peer));
    }

    private static WireConfig wireConfig(NetworkConfig config, int ports) {
        return WireConfig.builder()
                .ports(Math.max(2, ports))
                .mtu(config.mtu())
                .seed(config.seed())
                .dropPpm(config.faults().dropPpm())
                .delayNanos(config.faults().delayNanos())
                .build();
    }

    /** An engine that can send for the whole team. */
    private static EngineConfig engine(NetworkConfig config, int socket) {
        return EngineConfig.builder()
                .maxConnections(OBJECTS)
                .addressLimits(new AddressLimits(List.of(), 16, 1, 256))
                .seed(config.seed() * 31 + socket)
                .build();
    }

    /** The team of the row, or null. */
    TeamDriver team() {
        List<TeamDriver> teams = row.of(TeamDriver.class);
        return teams.isEmpty() ? null : teams.get(0);
    }

    /** A member of the team loses its link, or has it again: its target says so. */
    void link(int member, boolean up) {
        wire().setLink(member == 0 ? HOST : SECOND_MEMBER, up);
    }
}
