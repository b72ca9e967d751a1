// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** The models agree with what is known of them. */
class GoodputModelTest {
    private static final double RARE = 1e-5;

    private static double constant(double window, double loss) {
        return window * Math.sqrt(loss);
    }

    @Test
    void renosLargeWindowsAreThoseOfOttKempermanAndMathis() {
        assertThat(constant(GoodputModel.renoWindow(RARE), RARE)).isCloseTo(1.31, within(0.015));
    }

    /** Its alpha is that of RFC 9438, 4.3: below the window of the last loss, and 1 above. */
    @Test
    void cubicGrowsFasterThanRenoBeyondTheWindowOfTheLastLoss() {
        double window = GoodputModel.cubicWindow(RARE, 0.001);
        assertThat(constant(window, RARE)).isCloseTo(1.41, within(0.015));
    }

    @Test
    void theCubicRegionIsOfLongRoundTrips() {
        assertThat(GoodputModel.cubicWindow(1e-4, 0.1))
                .isGreaterThan(1.1 * GoodputModel.cubicWindow(1e-4, 0.001));
    }

    @Test
    void smallWindowsHaveWholeSegmentsAndRecover() {
        assertThat(constant(GoodputModel.renoWindow(0.03), 0.03)).isLessThan(1.2);
        assertThat(constant(GoodputModel.cubicWindow(0.03, 0.01), 0.03)).isLessThan(1.2);
    }
}
