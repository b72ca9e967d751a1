// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.Flue;
import dev.flue.bindings.NativePort;
import dev.flue.bindings.PortOffload;
import dev.flue.data.IpAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Opens devices, the first time and again, and gives the kernel its side of those that have one.
 *
 * @param taps they are TAP interfaces, else DPDK devices
 * @param mac of all of them; 0 = that of the first device
 * @param mtu largest IP packet, bytes
 * @param buffers of each port
 * @param off what devices are not to do in our stead
 * @param queues of each device
 * @param interrupts whether devices are to wake who sleeps
 * @param dpdkArguments of EAL; null = a choice that works
 * @param pcap file that frames are written to; null = none
 * @param kernel addresses of the kernel's side
 */
record PortOpener(
        boolean taps,
        long mac,
        int mtu,
        int buffers,
        Set<PortOffload> off,
        int queues,
        boolean interrupts,
        String dpdkArguments,
        Path pcap,
        List<Cidr> kernel) {

    /**
     * All of them, or none.
     *
     * @throws dev.flue.bindings.FlueException one cannot be had
     */
    List<PortSource> open(List<String> devices) {
        if (dpdkArguments != null && !taps) {
            Flue.startDpdk(dpdkArguments);
        }
        List<PortSource> sources = new ArrayList<>();
        try {
            for (String device : devices) {
                int number = sources.size() * queues + 1;
                boolean several = devices.size() * queues > 1;
                long common = mac != 0 || sources.isEmpty() ? mac : mac(sources);
                List<NativePort> ports = device(device, common, file(number, several, 1));
                long same = ports.get(0).macAddress();
                sources.add(
                        new PortSource(
                                device,
                                ports,
                                (times, asked) ->
                                        asked || DeviceNames.exists(device)
                                                ? device(
                                                        device,
                                                        same,
                                                        file(number, several, times + 1))
                                                : List.of()));
            }
            return sources;
        } catch (RuntimeException e) {
            close(sources);
            throw e;
        }
    }

    /** Of the first one. */
    private static long mac(List<PortSource> sources) {
        return sources.get(0).ports().get(0).macAddress();
    }

    static void close(List<PortSource> sources) {
        sources.forEach(each -> each.ports().forEach(NativePort::close));
    }

    /** Files of a device's captures: the name of the first one, and whether numbers follow. */
    private record Capture(String name, boolean numbered, int first) {
        Path file(int queue) {
            return Path.of(numbered ? name + "." + (first + queue) : name);
        }
    }

    /** What it was opened for a second time is written to another file. */
    private Capture file(int number, boolean several, int time) {
        String name = pcap == null ? null : time == 1 ? pcap.toString() : pcap + "-" + time;
        return new Capture(name, several, number);
    }

    private List<NativePort> device(String device, long address, Capture capture) {
        List<NativePort> ports = new ArrayList<>();
        try {
            if (taps) {
                ports.add(NativePort.tap(device, address, mtu, buffers));
            } else {
                ports.addAll(
                        NativePort.dpdk(device, address, mtu, buffers, off, queues, interrupts));
            }
            if (taps || device.startsWith("net_tap")) {
                configure(DeviceNames.of(device), kernel);
            }
            for (int i = 0; capture.name != null && i < ports.size(); i++) {
                ports.set(i, NativePort.capture(ports.get(i), capture.file(i)));
            }
            return ports;
        } catch (RuntimeException e) {
            ports.forEach(NativePort::close);
            throw e;
        }
    }

    private void configure(String name, List<Cidr> addresses) {
        for (Cidr each : addresses) {
            NativePort.configureInterface(name, each.address(), each.prefix(), mtu);
        }
    }

    /**
     * The kernel's interface beside the ports.
     *
     * @param sources of the ports; closed when it cannot be had
     * @param ours addresses of the stack
     * @param addresses of the kernel's side; without one of a version it may have ours
     */
    KernelPort besides(
            String name, List<PortSource> sources, List<IpAddress> ours, List<Cidr> addresses) {
        long address = mac(sources);
        List<IpAddress> others = addresses.stream().map(Cidr::address).toList();
        try {
            PortSource source =
                    new PortSource(
                            name,
                            List.of(kernelTap(name, address, addresses)),
                            (times, asked) ->
                                    asked || DeviceNames.exists(name)
                                            ? List.of(kernelTap(name, address, addresses))
                                            : List.of());
            return new KernelPort(
                    source,
                    ours.stream().filter(each -> own(each, others)).toList(),
                    ours.stream().filter(each -> !own(each, others)).toList());
        } catch (RuntimeException e) {
            close(sources);
            throw e;
        }
    }

    private NativePort kernelTap(String name, long address, List<Cidr> addresses) {
        NativePort port = NativePort.tap(name, address, mtu, buffers);
        try {
            NativePort.interfaceMac(name, address);
            configure(name, addresses);
            return port;
        } catch (RuntimeException e) {
            port.close();
            throw e;
        }
    }

    /** Whether the kernel has another address of that version, and so not this one. */
    private static boolean own(IpAddress address, List<IpAddress> kernels) {
        return !kernels.contains(address)
                && kernels.stream().anyMatch(each -> each.isIpv4() == address.isIpv4());
    }
}
