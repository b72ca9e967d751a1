// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.host.UserHostStack;
import dev.flue.im.IoKind;
import dev.flue.im.IoOutcome;
import dev.flue.im.MeterDriver;
import dev.flue.im.MeterReading;
import dev.flue.im.MeterSettings;
import dev.flue.offload.MiniportAdapter;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Meters over two engines, in virtual time: every byte passes, and is counted. */
@RequiresFlue
@ParameterizedClass(name = "IPv{0}")
@ValueSource(ints = {4, 6})
class MeterTransferTest {
    private static final int OBJECTS = 256;
    private static final long MEGABYTE = 1 << 20;
    private static final long DELAY = 50_000;

    @Parameter int ipVersion;

    private final List<MeterDriver> meters = new ArrayList<>();

    /** Two engines, a meter over each, verifiers above and below. */
    private final class MeterNetwork extends WireNetwork {
        MeterNetwork(NativeMemory memory, NetworkConfig config) {
            super(
                    memory,
                    WireConfig.builder()
                            .ports(2)
                            .mtu(config.mtu())
                            .seed(config.seed())
                            .dropPpm(config.faults().dropPpm())
                            .delayNanos(config.faults().delayNanos())
                            .build(),
                    OBJECTS);
            for (int i = 0; i < 2; i++) {
                EngineConfig engine =
                        EngineConfig.builder().maxConnections(64).seed(config.seed() + i).build();
                MiniportAdapter below =
                        verified(memory, engine(i, config.mac(i), engine), "below " + i);
                MeterDriver meter =
                        own(new MeterDriver(memory, below, OBJECTS, MeterSettings.DEFAULT));
                meters.add(meter);
                MiniportAdapter face = new MiniportAdapter(memory, meter.upper());
                MiniportAdapter above = verified(memory, face, "above " + i);
                add(new UserHostStack(config.stack(i), memory, above));
            }
        }
    }

    private ConformanceRun run(LinkFaults faults) {
        return new ConformanceRun(
                each -> new MeterNetwork(NativeMemory.heap(), each),
                NetworkConfig.simple(42).withFaults(faults).withIpVersion(ipVersion));
    }

    private static long sum(MeterReading reading, IoOutcome... outcomes) {
        long sum = 0;
        for (IoOutcome each : outcomes) {
            sum += reading.bytes(IoKind.SEND, each);
        }
        return sum;
    }

    @Test
    void bothMetersCountWhatWasSentAndWhatCame() {
        try (ConformanceRun run = run(LinkFaults.delay(DELAY))) {
            run.connect(0, 1, TransferPlan.of(1, 2 * MEGABYTE), TransferPlan.of(2, MEGABYTE));
            run.untilFinished();
            run.until("all is acknowledged", () -> below(0) + below(1) == 0);
            MeterReading client = meters.get(0).total();
            MeterReading server = meters.get(1).total();
            assertThat(sum(client, IoOutcome.REQUESTED)).isEqualTo(2 * MEGABYTE);
            assertThat(sum(client, IoOutcome.DONE)).isEqualTo(2 * MEGABYTE);
            assertThat(sum(server, IoOutcome.REQUESTED)).isEqualTo(MEGABYTE);
            assertThat(sum(server, IoOutcome.DONE)).isEqualTo(MEGABYTE);
            assertThat(client.consumedBytes() + client.bytes(IoKind.RECEIVE, IoOutcome.DONE))
                    .isEqualTo(MEGABYTE);
            assertThat(server.consumedBytes() + server.bytes(IoKind.RECEIVE, IoOutcome.DONE))
                    .as("but for a window that came before it was offloaded")
                    .isBetween(2 * MEGABYTE - (1 << 16), 2 * MEGABYTE);
            for (MeterDriver each : meters) {
                assertThat(each.sends().count())
                        .isEqualTo(each.total().lists(IoKind.SEND, IoOutcome.DONE));
                assertThat(each.sends().p50()).as("there and back").isGreaterThan(2 * DELAY);
            }
            run.finish();
        }
    }

    @Test
    void whileConnectionsMoveOverALossyWireNoByteIsCountedTwiceOrForgotten() {
        try (ConformanceRun run = run(LinkFaults.delay(DELAY).withDrop(5_000))) {
            run.connect(0, 1, TransferPlan.of(1, 2 * MEGABYTE), TransferPlan.of(2, MEGABYTE));
            for (int i = 1; i <= 5; i++) {
                long part = i * MEGABYTE / 8;
                run.until("a part came", () -> run.ends().get(0).received() > part);
                run.ends().forEach(end -> end.connection().upload());
                run.until("all are back", () -> open() == 0);
                run.ends().forEach(end -> end.connection().offload());
            }
            run.untilFinished();
            run.until("all is acknowledged", () -> below(0) + below(1) == 0);
            for (MeterDriver each : meters) {
                MeterReading total = each.total();
                assertThat(total.uploads()).isGreaterThanOrEqualTo(5);
                assertThat(total.bytes(IoKind.SEND, IoOutcome.REQUESTED))
                        .as("%s", total.asMap())
                        .isEqualTo(
                                sum(total, IoOutcome.DONE, IoOutcome.FAILED, IoOutcome.RETURNED));
                assertThat(total.lists(IoKind.SEND, IoOutcome.RETURNED)).isPositive();
            }
            run.finish();
        }
    }

    /** Lists that a target has. */
    private long below(int at) {
        MeterReading total = meters.get(at).total();
        return total.lists(IoKind.SEND, IoOutcome.REQUESTED)
                - total.lists(IoKind.SEND, IoOutcome.DONE)
                - total.lists(IoKind.SEND, IoOutcome.FAILED)
                - total.lists(IoKind.SEND, IoOutcome.RETURNED);
    }

    private int open() {
        return meters.get(0).connectionCount() + meters.get(1).connectionCount();
    }
}
