// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.NativePort;
import dev.flue.data.IpAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say which network a command is on, and how they become a stack. */
public final class NetworkOptions {
    private static final Pattern TAP_DEVICE =
            Pattern.compile("net_tap\\d*,(?:.*,)?iface=([^,]+).*");
    private static final String NONE = "none";

    @ArgGroup(multiplicity = "1")
    private Device device;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    private static final class Device {
        @Option(
                names = "--tap",
                paramLabel = "NAME",
                description = "TAP interface to create; needs CAP_NET_ADMIN.")
        private String tap;

        @Option(
                names = "--port",
                paramLabel = "VDEV",
                description = "DPDK device instead, such as net_tap0,iface=flue0.")
        private String port;
    }

    @Option(
            names = "--address",
            paramLabel = "ADDRESS/PREFIX",
            required = true,
            description = "Our address, such as 198.18.0.2/24.")
    private Cidr address;

    @Option(
            names = "--kernel-address",
            paramLabel = "ADDRESS/PREFIX",
            description = {
                "Address that the kernel's side of the interface gets; default: the first one of"
                        + " our network.",
                "'none' leaves the interface alone."
            })
    private String kernelAddress;

    @Option(
            names = "--gateway",
            paramLabel = "ADDRESS",
            description = "Where packets to other networks go; default: the kernel's side.")
    private String gateway;

    @Option(
            names = "--mtu",
            paramLabel = "BYTES",
            defaultValue = "1500",
            description = "Largest IP packet, 576 to 9000; default ${DEFAULT-VALUE}.")
    private int mtu;

    @Option(
            names = "--pcap",
            paramLabel = "FILE",
            description = "Write every frame to a pcapng file.")
    private Path pcap;

    @Option(
            names = "--buffers",
            paramLabel = "N",
            defaultValue = "16384",
            description = "Packet buffers of the port, 64 to 65536; default ${DEFAULT-VALUE}.")
    private int buffers;

    @Option(
            names = "--dpdk-args",
            paramLabel = "WORDS",
            description = "Arguments of DPDK's EAL, in one word; default: a choice that works.")
    private String dpdkArguments;

    @picocli.CommandLine.Mixin private TargetOptions target;

    /**
     * Opens the port, gives the kernel its side, and builds the rest.
     *
     * @throws dev.flue.bindings.FlueException what it takes is not there
     */
    public Assembly open() {
        check();
        Cidr kernel = kernelSide();
        IpAddress own = kernel == null ? null : kernel.address();
        IpAddress via = gateway != null ? IpAddress.of(gateway) : own;
        StackSettings settings =
                new StackSettings(
                        address,
                        via,
                        StackSettings.macOf(address.address()),
                        mtu,
                        target.maxConnections(),
                        target.hugepages(),
                        target.ownThread(),
                        target.drivers(),
                        new SecureRandom().nextLong());
        return new Assembly(openPort(settings, kernel), settings);
    }

    public Cidr address() {
        return address;
    }

    /** Whether we have an address of the same version of IP. */
    public boolean speaks(IpAddress other) {
        return address.address().isIpv4() == other.isIpv4();
    }

    /** For people: "tap flue0". */
    public String deviceName() {
        return device.tap != null ? "tap " + device.tap : "port " + device.port;
    }

    private NativePort openPort(StackSettings settings, Cidr kernel) {
        NativePort port;
        String kernelInterface = device.tap;
        if (device.tap != null) {
            port = NativePort.tap(device.tap, settings.mac(), mtu, buffers);
        } else {
            if (dpdkArguments != null) {
                dev.flue.bindings.Flue.startDpdk(dpdkArguments);
            }
            port = NativePort.dpdk(device.port, settings.mac(), mtu, buffers);
            Matcher tapDevice = TAP_DEVICE.matcher(device.port);
            kernelInterface = tapDevice.matches() ? tapDevice.group(1) : null;
        }
        try {
            if (kernelInterface != null && kernel != null) {
                NativePort.configureInterface(
                        kernelInterface, kernel.address().toIpv4(), kernel.prefix(), mtu);
            }
            return pcap == null ? port : NativePort.capture(port, pcap);
        } catch (RuntimeException e) {
            port.close();
            throw e;
        }
    }

    private void check() {
        if (mtu < 576 || mtu > 9000) {
            throw wrong("--mtu " + mtu + " is out of range 576..9000");
        }
        if (buffers < 64 || buffers > 65536) {
            throw wrong("--buffers " + buffers + " is out of range 64..65536");
        }
        if (device.tap != null && !device.tap.matches("[^\\s/]{1,15}")) {
            throw wrong("--tap takes an interface name of 1 to 15 characters");
        }
        target.check();
        try {
            if (gateway != null && !address.contains(IpAddress.of(gateway))) {
                throw wrong("--gateway " + gateway + " is not in the network " + address);
            }
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
    }

    /** The address of the kernel's side, or null when it is left alone. */
    private Cidr kernelSide() {
        if (kernelAddress == null) {
            return address.neighbor();
        }
        if (kernelAddress.equals(NONE)) {
            return null;
        }
        Cidr kernel;
        try {
            kernel = Cidr.parse(kernelAddress);
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
        if (kernel.address().equals(address.address())) {
            throw wrong("--kernel-address and --address are the same");
        }
        return kernel;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
