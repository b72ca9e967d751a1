// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.data.IpAddress;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.MemorySwitch;
import dev.flue.testkit.conformance.SwitchNetwork;

/** Two host stacks over a switch in memory: nothing native, moves have no effect. */
public final class JavaSimNetwork extends SwitchNetwork implements SimNetwork {
    private static final long SEED_FACTOR = 0x9E3779B97F4A7C15L;
    private static final int MAX_CONNECTIONS = 16;
    private static final long NET6 = 0x2001_0db8_0000_0000L;
    private static final int NET = 0xc612_0000;
    private static final long MAC_BASE = 0x0200_c612_0000L;

    /** The network of this plan; {@code observer} null = nobody looks. */
    public JavaSimNetwork(SimPlan plan, FrameObserver observer) {
        this(plan, observer, new HeapMemory());
    }

    private JavaSimNetwork(SimPlan plan, FrameObserver observer, Memory memory) {
        super(
                memory,
                new MemorySwitch(memory, 2, plan.wireMtu(), plan.seed(), LinkFaults.delay(0)),
                0);
        if (observer != null) {
            wire().listener(listener(observer));
        }
        for (int host = 0; host < 2; host++) {
            add(new UserHostStack(stack(plan, host), memory, port(host, mac(host))));
        }
    }

    private static MemorySwitch.Listener listener(FrameObserver observer) {
        return new MemorySwitch.Listener() {
            @Override
            public void onFrame(long now, int from, byte[] frame) {
                observer.onFrame(now, from, false, frame);
            }

            @Override
            public void onReceived(long now, int to, byte[] frame) {
                observer.onFrame(now, to, true, frame);
            }
        };
    }

    /** MAC address of a host's port. */
    public static long mac(int host) {
        return MAC_BASE + 1 + host;
    }

    /** Address of a host in a plan. */
    public static IpAddress address(SimPlan plan, int host) {
        boolean six = plan.ipVersion() == 6;
        return six ? IpAddress.of(NET6, 1 + host) : IpAddress.ofIpv4(NET + 1 + host);
    }

    /** How a plan's host runs its stack. */
    public static HostStackConfig stack(SimPlan plan, int host) {
        HostPlan of = plan.hosts().get(host);
        return HostStackConfig.builder()
                .address(address(plan, host))
                .macAddress(mac(host))
                .mtu(of.mtu())
                .maxConnections(MAX_CONNECTIONS)
                .receiveBuffer(of.receiveBuffer())
                .sendBuffer(of.sendBuffer())
                .sendChunk(of.sendChunk())
                .postedReceives(of.postedReceives())
                .sack(of.sack())
                .timestamps(of.timestamps())
                .windowScaling(of.scaling())
                .ecn(of.ecn())
                .congestion(of.congestion())
                .ackDelayNanos(of.ackDelayMicros() * 1_000L)
                .detectDuplicates(false)
                .seed((plan.seed() + host + 1) * SEED_FACTOR)
                .autoOffload(of.engine())
                .build();
    }

    @Override
    public void setFaults(int from, int to, LinkFaults faults) {
        wire().setFaults(from, to, faults);
    }

    @Override
    public void flushObserved() {
        // The listener has seen everything at once.
    }
}
