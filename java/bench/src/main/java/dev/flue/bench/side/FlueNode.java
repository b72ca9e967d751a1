// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bindings.CongestionControl;
import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.NativePort;
import dev.flue.data.CongestionAlgorithm;
import dev.flue.data.IpAddress;
import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;

/** Host stack, engine and port of one end, turned by the thread that calls. */
final class FlueNode implements AutoCloseable {
    static final String SERVER = "198.18.0.1";
    static final String CLIENT = "198.18.0.2";
    static final int MTU = 1500;
    static final int BUFFERS = 16_384;

    private static final long MAC = 0x0200c6120000L;
    private static final int CONNECTIONS = 12_288;
    private static final long MSL_NANOS = 1_000_000;

    private final NativePort port;
    private final NativeOffloadTarget target;
    private final UserHostStack stack;

    /**
     * @param port owned from now on
     * @param engineCpu CPU of a thread of the engine's own; -1 = it polls in {@link #turn}
     */
    FlueNode(NativePort port, String address, int engineCpu) {
        this.port = port;
        NativeMemory memory = NativeMemory.heap();
        EngineConfig engine =
                EngineConfig.builder()
                        .maxConnections(CONNECTIONS)
                        .congestionControl(CongestionControl.RENO)
                        .build();
        target = new NativeOffloadTarget(engine, port, memory);
        HostStackConfig host =
                HostStackConfig.builder()
                        .address(address)
                        .macAddress(port.macAddress())
                        .mtu(MTU)
                        .maxConnections(CONNECTIONS)
                        .congestion(CongestionAlgorithm.RENO)
                        .mslNanos(MSL_NANOS)
                        .seed(System.nanoTime())
                        .build();
        stack = new UserHostStack(host, memory, new MiniportAdapter(memory, target));
        if (engineCpu >= 0) {
            target.start(engineCpu);
        }
    }

    /** A MAC address made of an IP address. */
    static long mac(String address) {
        return MAC + (IpAddress.of(address).lo() & 0xff);
    }

    UserHostStack stack() {
        return stack;
    }

    int turn() {
        return stack.doWork(System.nanoTime());
    }

    /** What is unusual, for whoever asks why something is slow. */
    @Override
    public String toString() {
        return target.counters() + " lost " + port.framesLost();
    }

    @Override
    public void close() {
        stack.close();
        target.close();
        port.close();
    }
}
