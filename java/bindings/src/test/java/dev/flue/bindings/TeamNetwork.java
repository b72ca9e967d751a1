// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.data.IpAddress;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.im.TeamDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StatusIndication;
import dev.flue.testkit.Verifiers;
import java.util.ArrayList;
import java.util.List;

/**
 * A host stack over a team of engines, and a peer's over one engine, on one wire. Both ends of the
 * team's links are the test's: a member pauses, gives back or loses its link when the test says so.
 */
final class TeamNetwork implements AutoCloseable {
    static final int PORT = 7000;
    private static final long DELAY_NANOS = 500_000;
    private static final int ADDRESS = 0xc6120001;
    private static final long ADDRESS6 = 0x2001_0db8_0000_0000L;
    private static final long MAC = 0x0200_c612_0001L;

    final Wire wire;
    final TeamDriver team;
    final UserHostStack host;
    final UserHostStack peer;
    final List<NativeOffloadTarget> targets = new ArrayList<>();
    final List<VerifierDriver> verifiers = new ArrayList<>();
    private final List<MiniportAdapter> adapters = new ArrayList<>();
    private final List<NativePort> ports = new ArrayList<>();
    private final NativeMemory memory = NativeMemory.heap();
    private final int bufferBytes;
    private final boolean six;
    private final int verified;
    private EngineGroup group;

    TeamNetwork(
            int members, long seed, int connections, TeamDriver.Settings settings, boolean six) {
        this(members, seed, connections, settings, 32_768, six);
    }

    /**
     * @param members of the team; the peer's socket comes after them
     * @param connections that there is room for everywhere
     * @param bufferBytes that a connection receives and sends ahead
     */
    TeamNetwork(
            int members,
            long seed,
            int connections,
            TeamDriver.Settings settings,
            int bufferBytes,
            boolean six) {
        this.bufferBytes = bufferBytes;
        this.six = six;
        this.verified = connections + 256;
        wire =
                new Wire(
                        WireConfig.builder()
                                .ports(members + 1)
                                .seed(seed)
                                .delayNanos(DELAY_NANOS)
                                .build());
        List<MiniportAdapter> lowers = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            lowers.add(engine(i, seed, connections));
            if (i > 0) {
                wire.join(i, 0);
            }
        }
        team = new TeamDriver(memory, lowers, settings);
        MiniportAdapter top = verified(new MiniportAdapter(memory, team.upper()), "above");
        host = new UserHostStack(stack(0, seed, connections), memory, top);
        peer =
                new UserHostStack(
                        stack(1, seed, connections), memory, engine(members, seed, connections));
    }

    /** The team's engines are those of one device's queues. Before anything is offloaded. */
    void joinQueues() {
        int members = targets.size() - 1;
        group = new EngineGroup(members, verified, targets.get(0).capabilities().maxPathMtu());
        for (int i = 0; i < members; i++) {
            targets.get(i).join(group, i);
        }
    }

    private MiniportAdapter engine(int socket, long seed, int connections) {
        NativePort port = wire.port(socket, MAC + socket);
        ports.add(port);
        EngineConfig config =
                EngineConfig.builder()
                        .maxConnections(Math.max(1024, connections))
                        .addressLimits(new AddressLimits(List.of(), 16, 1, 256))
                        .seed(seed * 31 + socket)
                        .build();
        NativeOffloadTarget target = new NativeOffloadTarget(config, port, memory);
        targets.add(target);
        MiniportAdapter adapter = new MiniportAdapter(memory, target);
        adapters.add(adapter);
        return verified(adapter, "below " + socket);
    }

    private MiniportAdapter verified(MiniportAdapter lower, String name) {
        VerifierDriver verifier = new VerifierDriver(memory, lower, verified, name);
        verifiers.add(verifier);
        return new MiniportAdapter(memory, verifier.upper());
    }

    IpAddress address(int which) {
        return six ? IpAddress.of(ADDRESS6, 1 + which) : IpAddress.ofIpv4(ADDRESS + which);
    }

    private HostStackConfig stack(int which, long seed, int connections) {
        return HostStackConfig.builder()
                .address(address(which))
                .mtu(1500)
                .maxConnections(2 * connections)
                .receiveBuffer(bufferBytes)
                .sendBuffer(bufferBytes)
                .seed(seed * 2 + which)
                .mslNanos(1_000_000)
                .detectDuplicates(false)
                .build();
    }

    /**
     * What a member's miniport says of itself, between two turns; of its link it says it itself.
     */
    void status(int member, StatusIndication indication) {
        switch (indication) {
            case MEDIA_DISCONNECT -> wire.setLink(member, false);
            case MEDIA_CONNECT -> wire.setLink(member, true);
            default -> adapters.get(member).statusIndication(indication);
        }
    }

    /** Connections that a member has. */
    int at(int member) {
        return team.connectionsAt(member);
    }

    long counter(int socket, String name) {
        return targets.get(socket).counters().getOrDefault(name, 0L);
    }

    void assertNothingHeld() {
        Verifiers.assertClean(verifiers);
        if (team.held().values().stream().anyMatch(n -> n != 0) || team.strayCalls() != 0) {
            throw new AssertionError(team.held() + ", " + team.strayCalls() + " stray calls");
        }
        for (NativeOffloadTarget target : targets) {
            for (EngineResource resource : EngineResource.values()) {
                if (target.held(resource) != 0) {
                    throw new AssertionError(resource + ": " + target.held(resource));
                }
            }
        }
    }

    @Override
    public void close() {
        host.close();
        peer.close();
        team.close();
        verifiers.forEach(VerifierDriver::close);
        targets.forEach(NativeOffloadTarget::close);
        if (group != null) {
            group.close();
        }
        wire.close();
    }
}
