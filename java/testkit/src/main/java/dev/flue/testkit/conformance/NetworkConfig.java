// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.data.IpAddress;
import dev.flue.host.HostStackConfig;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.Records;

/**
 * What a test wants of a network.
 *
 * @param hosts 2..16
 * @param seed of everything that is drawn
 * @param faults of the wire
 * @param drivers intermediate drivers between each stack and its target
 * @param mtu bytes of an IP packet
 * @param autoOffload whether stacks offload what they can by themselves
 * @param receiveBuffer of a connection, bytes
 * @param sendBuffer of a connection, bytes
 * @param ipVersion 4 or 6: what connections go over
 */
public record NetworkConfig(
        int hosts,
        long seed,
        LinkFaults faults,
        int drivers,
        int mtu,
        boolean autoOffload,
        int receiveBuffer,
        int sendBuffer,
        int ipVersion) {
    /** Connections a stack has room for. */
    public static final int MAX_CONNECTIONS = 1024;

    private static final int PREFIX_LENGTH = 24;
    private static final int PREFIX_LENGTH6 = 64;
    private static final long NET6 = 0x2001_0db8_0000_0000L;
    private static final int NET = 0xc612_0000;
    private static final long MAC_BASE = 0x0200_c612_0000L;
    private static final long SEED_FACTOR = 0x9E3779B97F4A7C15L;

    /** Two hosts, 50 us apart, no faults, no drivers, stacks that offload what they can. */
    public static NetworkConfig simple(long seed) {
        return new NetworkConfig(
                2, seed, LinkFaults.delay(50_000), 0, 1500, true, 262_144, 262_144, 4);
    }

    public NetworkConfig withFaults(LinkFaults newFaults) {
        return Records.with(this, "faults", newFaults);
    }

    public NetworkConfig withDrivers(int count) {
        return Records.with(this, "drivers", count);
    }

    public NetworkConfig withHosts(int count) {
        return Records.with(this, "hosts", count);
    }

    public NetworkConfig withMtu(int bytes) {
        return Records.with(this, "mtu", bytes);
    }

    public NetworkConfig withAutoOffload(boolean on) {
        return Records.with(this, "autoOffload", on);
    }

    public NetworkConfig withBuffers(int receive, int send) {
        return Records.with(Records.with(this, "receiveBuffer", receive), "sendBuffer", send);
    }

    /** The version of IP that stacks have addresses of. */
    public NetworkConfig withIpVersion(int version) {
        return Records.with(this, "ipVersion", version);
    }

    /** Address of a host: 198.18.0.1 and on, or 2001:db8::1 and on. */
    public IpAddress address(int host) {
        return ipVersion == 6 ? IpAddress.of(NET6, 1 + host) : IpAddress.ofIpv4(NET + 1 + host);
    }

    /** MAC address of a host's port. */
    public long mac(int host) {
        return MAC_BASE + 1 + host;
    }

    /** The configuration of a host's stack. */
    public HostStackConfig stack(int host) {
        return HostStackConfig.builder()
                .address(address(host), ipVersion == 6 ? PREFIX_LENGTH6 : PREFIX_LENGTH)
                .macAddress(mac(host))
                .mtu(mtu)
                .maxConnections(MAX_CONNECTIONS)
                .receiveBuffer(receiveBuffer)
                .sendBuffer(sendBuffer)
                .seed((seed + host + 1) * SEED_FACTOR)
                .autoOffload(autoOffload)
                .build();
    }
}
