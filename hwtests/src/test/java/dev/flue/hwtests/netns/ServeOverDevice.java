// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;

/** All that {@code flue serve} must do, over a device that is named. */
abstract class ServeOverDevice extends ServeScenarios {
    private final ServeDevice device;

    ServeOverDevice(ServeDevice device) {
        this.device = device;
    }

    @Override
    final List<String> portOptions() {
        return device.options();
    }

    @Override
    final String kernelDevice() {
        return device.kernelEnd();
    }

    @BeforeEach
    final void prepareDevice() throws IOException, InterruptedException {
        device.require();
        device.prepare(namespace, withPrefix(address.replaceFirst("2$", "1")));
    }
}
