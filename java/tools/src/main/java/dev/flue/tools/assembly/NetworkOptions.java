// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.EngineIdle;
import dev.flue.bindings.PortOffload;
import dev.flue.data.IpAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The options that say which network a command is on, and how they become a stack. */
public final class NetworkOptions {
    private static final String NONE = "none";
    private static final int LEAST_MTU_IPV6 = 1280;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--tap",
            split = ",",
            paramLabel = "NAME",
            description =
                    "TAP interface to create, or several for a team (--drivers); needs"
                            + " CAP_NET_ADMIN.")
    private List<String> taps = List.of();

    @Option(
            names = "--port",
            paramLabel = "VDEV",
            description =
                    "DPDK device instead, such as net_tap0,iface=flue0; several times for a team.")
    private List<String> ports = List.of();

    @Option(
            names = "--address",
            split = ",",
            paramLabel = "ADDRESS/PREFIX",
            required = true,
            description =
                    "Our address, such as 198.18.0.2/24 or 2001:db8::2/64; once for each version"
                            + " of IP.")
    private List<Cidr> addresses;

    @Option(
            names = "--kernel-tap",
            paramLabel = "NAME",
            description = {
                "TAP interface to create through which the kernel has the network of the port as"
                        + " well, with the port's MAC address: what is not ours passes, ARP, ping,"
                        + " ssh and so on.",
                "It gets our addresses, unless --kernel-address names others."
            })
    private String kernelTap;

    @Option(
            names = "--kernel-address",
            split = ",",
            paramLabel = "ADDRESS/PREFIX",
            description = {
                "Address that the kernel's side of the interface gets, once for each version of"
                        + " IP; default: the first one of our network.",
                "'none' leaves the interface alone, as those of a team are."
            })
    private List<String> kernelAddresses = List.of();

    @Option(
            names = "--gateway",
            split = ",",
            paramLabel = "ADDRESS",
            description =
                    "Where packets to other networks go, once for each version of IP; default: the"
                            + " kernel's side.")
    private List<String> gateways = List.of();

    @Option(
            names = "--mtu",
            paramLabel = "BYTES",
            defaultValue = "1500",
            description =
                    "Largest IP packet, 576 to 9000, 1280 at least for IPv6; default ${DEFAULT-VALUE}.")
    private int mtu;

    @Option(
            names = "--pcap",
            paramLabel = "FILE",
            description =
                    "Write every frame to a pcapng file; with several ports or"
                            + " queues to one for each, FILE.1"
                            + " and so on.")
    private Path pcap;

    @Option(
            names = "--buffers",
            paramLabel = "N",
            defaultValue = "16384",
            description = "Packet buffers of the port, 64 to 65536; default ${DEFAULT-VALUE}.")
    private int buffers;

    @Option(
            names = "--queues",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Queue pairs of the DPDK device, 1 to 15, an engine each; default"
                            + " ${DEFAULT-VALUE}. A team of them is made where --drivers names"
                            + " none.")
    private int queues;

    @Option(
            names = "--offloads-off",
            split = ",",
            paramLabel = "NAME",
            description = {
                "What the device of --port is not to do in our stead, whatever it offers:"
                        + " tx-ip-checksum, tx-tcp-checksum, rx-ip-checksum, rx-tcp-checksum, tso,"
                        + " multi-segment, vlan-insert, vlan-strip, scatter, zero-copy,"
                        + " flow-rules; or all, or none.",
                "'flue stat' shows what is in use. Default: none."
            })
    private List<String> offloadsOff = List.of();

    @Option(
            names = "--dpdk-args",
            paramLabel = "WORDS",
            description = "Arguments of DPDK's EAL, in one word; default: a choice that works.")
    private String dpdkArguments;

    @picocli.CommandLine.Mixin private TargetOptions target;
    @picocli.CommandLine.Mixin private PollingOptions polling;

    /**
     * Opens the port, gives the kernel its side, and builds the rest.
     *
     * @throws dev.flue.bindings.FlueException what it takes is not there
     */
    public Assembly open() {
        check();
        List<Cidr> kernel = kernelSide();
        List<IpAddress> via = new ArrayList<>();
        if (kernelTap == null) {
            kernel.forEach(each -> via.add(each.address()));
        }
        gateways.forEach(each -> via.add(IpAddress.of(each)));
        StackSettings settings =
                new StackSettings(
                        addresses,
                        via,
                        StackSettings.macOf(addresses.get(0).address()),
                        mtu,
                        target.maxConnections(),
                        target.arena(),
                        polling(),
                        queues,
                        target.drivers(),
                        new SecureRandom().nextLong());
        boolean besides = kernelTap != null;
        PortOpener opener =
                new PortOpener(
                        !taps.isEmpty(),
                        besides && taps.isEmpty() ? 0 : settings.mac(),
                        mtu,
                        buffers,
                        switchedOff(),
                        queues,
                        polling().idle() == EngineIdle.INTERRUPT,
                        dpdkArguments,
                        pcap,
                        besides ? List.of() : kernel);
        List<PortSource> sources = opener.open(devices());
        List<IpAddress> ours = addresses.stream().map(Cidr::address).toList();
        KernelPort tap = besides ? opener.besides(kernelTap, sources, ours, kernel) : null;
        return new Assembly(sources, tap, settings);
    }

    /** How the engines are polled. */
    public Polling polling() {
        return polling.polling(target.ownThread());
    }

    public List<Cidr> addresses() {
        return addresses;
    }

    /** Whether we have an address of the same version of IP. */
    public boolean speaks(IpAddress other) {
        return addresses.stream().anyMatch(each -> each.sameVersion(other));
    }

    /** For people: "tap flue0". */
    public String deviceName() {
        return (taps.isEmpty() ? "port " : "tap ") + String.join(", ", devices());
    }

    private List<String> devices() {
        return taps.isEmpty() ? ports : taps;
    }

    private void check() {
        checkDevice();
        if (mtu < 576 || mtu > 9000) {
            throw wrong("--mtu " + mtu + " is out of range 576..9000");
        }
        if (buffers < 64 || buffers > 65536) {
            throw wrong("--buffers " + buffers + " is out of range 64..65536");
        }
        if (!taps.stream().allMatch(NetworkOptions::isInterface)) {
            throw wrong("--tap takes an interface name of 1 to 15 characters");
        }
        if (kernelTap != null && (!isInterface(kernelTap) || taps.contains(kernelTap))) {
            throw wrong("--kernel-tap takes the name, of 1 to 15 characters, of another interface");
        }
        if (Set.copyOf(devices()).size() < devices().size()) {
            throw wrong("the same device twice: " + deviceName());
        }
        checkQueues();
        switchedOff();
        polling.check();
        target.check(devices().size() * queues);
        checkAddresses();
        for (String gateway : gateways) {
            IpAddress hop = parsed(IpAddress::of, gateway);
            if (addresses.stream().noneMatch(each -> each.contains(hop))) {
                throw wrong(
                        "--gateway " + gateway + " is not in the network " + Cidr.join(addresses));
            }
        }
    }

    private static boolean isInterface(String name) {
        return name.matches("[^\\s/]{1,15}");
    }

    /** One of the two; a flag beats what stands elsewhere for the other. */
    private void checkDevice() {
        ParseResult flags = spec.commandLine().getParseResult();
        boolean tapFlag = flags.hasMatchedOption("--tap");
        boolean portFlag = flags.hasMatchedOption("--port");
        if (tapFlag != portFlag) {
            taps = tapFlag ? taps : List.of();
            ports = portFlag ? ports : List.of();
        }
        if (tapFlag && !portFlag) {
            // These stand elsewhere, for a --port that is not taken now.
            offloadsOff = flags.hasMatchedOption("--offloads-off") ? offloadsOff : List.of();
            queues = flags.hasMatchedOption("--queues") ? queues : 1;
        }
        if (!taps.isEmpty() && !ports.isEmpty()) {
            throw wrong("--tap and --port exclude each other");
        }
        if (taps.isEmpty() && ports.isEmpty()) {
            throw wrong("one of --tap and --port is missing");
        }
        if (ports.isEmpty() && !offloadsOff.isEmpty()) {
            throw wrong("--offloads-off is for --port: a TAP interface has none");
        }
    }

    private void checkQueues() {
        if (queues < 1 || queues > DriverChain.MAX_PORTS) {
            throw wrong("--queues " + queues + " is out of range 1.." + DriverChain.MAX_PORTS);
        }
        if (queues > 1 && ports.size() != 1) {
            throw wrong("--queues is for one --port");
        }
        if (queues > 1) {
            target.joinPorts();
        }
    }

    private Set<PortOffload> switchedOff() {
        return parsed(Offloads::named, offloadsOff);
    }

    private void checkAddresses() {
        boolean twice =
                addresses.size() > 1
                        && (addresses.size() > 2
                                || addresses.get(0).sameVersion(addresses.get(1).address()));
        if (twice) {
            throw wrong("--address may be given once for IPv4 and once for IPv6");
        }
        if (mtu < LEAST_MTU_IPV6 && addresses.stream().anyMatch(Cidr::isIpv6)) {
            throw wrong("--mtu " + mtu + " is less than the 1280 that IPv6 needs");
        }
    }

    /** The addresses of the kernel's side; none when it is left alone. */
    private List<Cidr> kernelSide() {
        boolean team = devices().size() > 1 && kernelTap == null;
        if (team && !kernelAddresses.isEmpty() && !kernelAddresses.contains(NONE)) {
            throw wrong(
                    "--kernel-address is for one interface: of a team's, the switch that joins them"
                            + " has the address");
        }
        if (team || kernelAddresses.contains(NONE)) {
            return List.of();
        }
        List<Cidr> given = new ArrayList<>();
        for (String text : kernelAddresses) {
            Cidr kernel = parsed(Cidr::parse, text);
            if (kernelTap == null
                    && addresses.stream()
                            .anyMatch(each -> each.address().equals(kernel.address()))) {
                throw wrong("--kernel-address and --address are the same");
            }
            given.add(kernel);
        }
        for (Cidr each : addresses) {
            if (given.stream().noneMatch(kernel -> kernel.sameVersion(each.address()))) {
                given.add(kernelTap == null ? each.neighbor() : each);
            }
        }
        return given;
    }

    private <S, T> T parsed(Function<S, T> parser, S given) {
        try {
            return parser.apply(given);
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
