// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.BurstHandler;
import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.ReceiveHandler;
import dev.flue.data.SendClaim;
import dev.flue.host.HostStackConfig;
import dev.flue.host.Ip;
import dev.flue.host.UserHostStack;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The data path allocates nothing, by the JVM's own count. */
@ParameterizedClass
@EnumSource(Ip.class)
class AllocationTest {
    private static final int MEASURED = 10_000;

    /** At most so many, until the compiler is done: what it has not compiled yet may allocate. */
    private static final int RUNS = 30;

    /** Reads everything, sends one message a turn. */
    private static final class Echo implements ConnectionHandler {
        final ByteBuffer message = ByteBuffer.allocate(1000);
        final ReceiveHandler sink = (buffer, offset, length) -> length;
        final BurstHandler keeper = this::keep;
        final SendClaim claim = new SendClaim();
        final LoanedBuffer[] loans = {new LoanedBuffer(), new LoanedBuffer(), new LoanedBuffer()};
        boolean bursts;
        int kept;
        OffloadConnection connection;
        long taken;

        @Override
        public void onConnected(OffloadConnection value) {
            connection = value;
        }

        @Override
        public void onReadable(OffloadConnection value) {
            if (bursts) {
                value.poll(keeper, Integer.MAX_VALUE);
            } else {
                taken += value.receive(sink, Integer.MAX_VALUE);
            }
        }

        void send() {
            message.rewind();
            connection.send(message);
        }

        /** The same by the burst API; each piece received is kept until the next message. */
        void burst() {
            for (int i = 0; i < 4 && connection.tryClaim(250, claim); i++) {
                claim.buffer().putLong(i);
                claim.commit();
            }
            for (LoanedBuffer loan : loans) {
                if (loan.isOpen()) {
                    loan.release();
                }
            }
            kept = 0;
        }

        private void keep(LoanedBuffer loan) {
            taken += loan.length();
            if (kept < loans.length) {
                loan.moveTo(loans[kept++]);
            }
        }
    }

    private final HeapMemory memory = new HeapMemory();
    private final Echo left = new Echo();
    private final Echo right = new Echo();
    private final Echo[] one = {left};
    private final Echo[] both = {left, right};
    private long now = 1_000_000_000L;

    private final Ip version;

    AllocationTest(Ip version) {
        this.version = version;
    }

    private static long allocated() {
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getCurrentThreadAllocatedBytes();
    }

    private UserHostStack stack(QuietTarget target, IpAddress address) {
        HostStackConfig config =
                HostStackConfig.builder().address(address).maxConnections(8).build();
        return new UserHostStack(config, memory, new MiniportAdapter(memory, target));
    }

    private void measure(boolean chimney, boolean bursts) {
        left.bursts = bursts;
        right.bursts = bursts;
        QuietTarget a = new QuietTarget(memory, 0x0200_0000_0001L, chimney);
        QuietTarget b = new QuietTarget(memory, 0x0200_0000_0002L, false);
        a.other = b;
        b.other = a;
        UserHostStack first = stack(a, version.first);
        UserHostStack second = stack(b, version.second);
        second.listen(80, 8, () -> right);
        first.connect(version.second, 80, left);
        while (left.connection == null || right.connection == null || chimney != offloaded()) {
            turn(first, second);
        }
        a.indicating = chimney;
        exchanges(first, second, chimney);
        long bytes = Long.MAX_VALUE;
        for (int run = 0; run < RUNS && bytes >= MEASURED; run++) {
            long before = allocated();
            exchanges(first, second, chimney);
            bytes = allocated() - before;
        }
        assertThat(left.taken).isGreaterThan(MEASURED * 500L);
        if (chimney) {
            assertThat(a.completed).isGreaterThan(MEASURED);
            assertThat(a.returned).isGreaterThan(MEASURED);
        } else {
            assertThat(right.taken).isGreaterThan(MEASURED * 900L);
        }
        // Not one byte an operation: what is left is the measurement itself.
        assertThat(bytes).as("bytes in %d exchanges", MEASURED).isLessThan(MEASURED);
    }

    private boolean offloaded() {
        return left.connection.offloaded();
    }

    private void exchanges(UserHostStack first, UserHostStack second, boolean chimney) {
        for (int i = 0; i < MEASURED; i++) {
            exchange(first, second, chimney);
        }
    }

    private void exchange(UserHostStack first, UserHostStack second, boolean chimney) {
        for (Echo echo : chimney ? one : both) {
            if (echo.bursts) {
                echo.burst();
            } else {
                echo.send();
            }
        }
        turn(first, second);
    }

    private void turn(UserHostStack first, UserHostStack second) {
        now += 1_000;
        first.doWork(now);
        second.doWork(now);
    }

    @Test
    void anOffloadedConnectionAllocatesNothingInSendReceiveIndicationAndCompletion() {
        measure(true, false);
    }

    @Test
    void aConnectionOfTheHostStackAllocatesNothingEither() {
        measure(false, false);
    }

    @Test
    void claimsAndLoansOfAnOffloadedConnectionAllocateNothing() {
        measure(true, true);
    }

    @Test
    void claimsAndLoansOfTheHostStackAllocateNothing() {
        measure(false, true);
    }
}
