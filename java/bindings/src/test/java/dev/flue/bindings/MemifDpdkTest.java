// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.host.HostStackConfig;
import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes over net_memif, without hugepages where there are none, without privileges. */
class MemifDpdkTest {
    private static final int PORT = 7000;
    private static final long BYTES = 300_000;
    private static final long LIMIT_NANOS = 60_000_000_000L;
    private static final String SERVER = "198.18.0.1";
    private static final String CLIENT = "198.18.0.2";

    @TempDir private Path directory;

    @Test
    void bytesArriveExactlyInTheOtherProcessAndInThisOne() throws Exception {
        exchange("");
    }

    /** The server reads where the client's driver says that its packets lie. */
    @Test
    void nothingIsLentToAClientThatSharesItsMemory() throws Exception {
        exchange("zero-copy=yes,");
    }

    @Test
    void aSocketThatCannotBeMadeIsAnErrorThatNamesTheDevice() {
        assumeDpdk();
        String nowhere = directory.resolve("nothing/here").toString();
        assertThatThrownBy(() -> NativePort.dpdk(device("server", "", nowhere), 0, 1500, 512))
                .isInstanceOf(FlueException.class)
                .hasMessageStartingWith("DPDK device net_memif0,role=server");
    }

    private static void assumeDpdk() {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
        assumeTrue(Flue.dpdkAvailable(), Flue.dpdkUnavailabilityCause());
    }

    private void exchange(String options) throws Exception {
        assumeDpdk();
        String socket = directory.resolve("memif").toString();
        try (Stack server = new Stack("server", SERVER, "", socket)) {
            Process client =
                    new ProcessBuilder(
                                    ProcessHandle.current().info().command().orElse("java"),
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    Other.class.getName(),
                                    socket,
                                    options)
                            .inheritIO()
                            .start();
            try {
                PatternEnd end = new PatternEnd(BYTES, 2, 1);
                server.stack.listen(PORT, 4, () -> end);
                server.until(end::done);
                assertThat(end.received).isEqualTo(BYTES);
                assertThat(end.wasOffloaded).isTrue();
                server.until(() -> !client.isAlive());
                assertThat(client.exitValue()).isZero();
            } finally {
                client.destroyForcibly();
            }
        }
    }

    private static String device(String role, String options, String socket) {
        return "net_memif0,role=" + role + "," + options + "socket-abstract=no,socket=" + socket;
    }

    /** The client's process. */
    static final class Other {
        private Other() {}

        public static void main(String[] args) {
            Flue.startDpdk(args[1].isEmpty() ? null : "+--single-file-segments");
            try (Stack client = new Stack("client", CLIENT, args[1], args[0])) {
                boolean lends = client.port.offloads().contains(PortOffload.ZERO_COPY);
                if (lends != args[1].isEmpty()) {
                    throw new AssertionError(client.port.offloads());
                }
                PatternEnd end = new PatternEnd(BYTES, 1, 2);
                client.stack.connect(dev.flue.data.IpAddress.of(SERVER), PORT, end);
                client.until(end::done);
                client.until(() -> client.stack.connectionCount() == 0);
                if (end.received != BYTES) {
                    throw new AssertionError("received " + end.received);
                }
            }
            System.exit(0);
        }
    }

    /** Host stack, engine and port, with the real clock. */
    private static final class Stack implements AutoCloseable {
        private final NativePort port;
        private final NativeOffloadTarget target;
        private final UserHostStack stack;

        Stack(String role, String address, String options, String socket) {
            long mac = 0x0200c6120000L + (role.equals("server") ? 1 : 2);
            port = NativePort.dpdk(device(role, options, socket), mac, 1500, 2048);
            NativeMemory memory = NativeMemory.heap();
            EngineConfig engine = EngineConfig.builder().maxConnections(64).build();
            target = new NativeOffloadTarget(engine, port, memory);
            HostStackConfig host =
                    HostStackConfig.builder()
                            .address(address)
                            .mtu(port.mtu())
                            .seed(mac)
                            .mslNanos(1_000_000)
                            .build();
            stack = new UserHostStack(host, memory, new MiniportAdapter(memory, target));
        }

        void until(BooleanSupplier condition) {
            long start = System.nanoTime();
            while (!condition.getAsBoolean()) {
                if (stack.doWork(System.nanoTime()) == 0) {
                    Thread.yield();
                }
                if (System.nanoTime() - start > LIMIT_NANOS) {
                    throw new AssertionError("not within a minute; " + target.counters());
                }
            }
        }

        @Override
        public void close() {
            stack.close();
            target.close();
            port.close();
        }
    }
}
