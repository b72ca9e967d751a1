// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.im.IntermediateDriver;
import dev.flue.im.VerifierDriver;
import dev.flue.im.VlanDriver;
import dev.flue.im.VlanSettings;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.FaultyMemory;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whichever allocation of a driver's construction fails, it says so, and nothing is left. */
class DriverConstructionTest {
    private static final int OBJECTS = 16;
    private static final int LISTS = 8;

    private static final HeapMemory MEMORY = new HeapMemory();

    /** Makes a driver and what it opens besides. */
    private interface Construction
            extends BiFunction<Memory, List<MiniportAdapter>, IntermediateDriver> {}

    static Stream<Arguments> constructions() {
        List<Arguments> all = new ArrayList<>();
        for (DriverRow.Kind kind : DriverRow.Kind.values()) {
            all.add(
                    construction(
                            kind.name(),
                            (memory, lowers) ->
                                    kind.over(memory, lowers, DriverRow.Settings.of(OBJECTS))));
        }
        all.add(
                construction(
                        "VERIFIER",
                        (memory, lowers) ->
                                new VerifierDriver(memory, lowers.get(0), OBJECTS, "verifier")));
        all.add(construction("VLAN of two faces", DriverConstructionTest::twoVlans));
        return all.stream();
    }

    private static Arguments construction(String name, Construction construction) {
        return Arguments.of(name, construction);
    }

    private static VlanDriver twoVlans(Memory memory, List<MiniportAdapter> lowers) {
        VlanDriver driver =
                new VlanDriver(memory, lowers.get(0), OBJECTS, LISTS, new VlanSettings(42, 0, 4));
        try {
            driver.openVlan(new VlanSettings(7, 0, 4));
        } catch (OutOfMemoryError memoryIsOut) {
            driver.close();
            throw memoryIsOut;
        }
        return driver;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("constructions")
    void whicheverAllocationFailsItSaysSoAndNothingIsLeft(String name, Construction construction) {
        CountingMemory counting = new CountingMemory();
        IntermediateDriver whole = construction.apply(counting, lowers());
        int regions = counting.out;
        assertThat(regions).as("regions of a driver").isPositive();
        whole.close();
        assertThat(counting.out).as("regions left by close").isZero();

        for (int n = 1; n <= regions; n++) {
            FaultyMemory faulty = new FaultyMemory(counting, n, 1);
            faulty.arm();
            assertThatThrownBy(() -> construction.apply(faulty, lowers()))
                    .as("%s, allocation %d of %d", name, n, regions)
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("allocation " + n + " fails");
            assertThat(counting.out).as("regions left after %s", faulty).isZero();
        }
    }

    private static List<MiniportAdapter> lowers() {
        return Stream.generate(() -> new MiniportAdapter(MEMORY, new QuietTarget(MEMORY)))
                .limit(DriverRow.TEAM_MEMBERS)
                .toList();
    }
}
