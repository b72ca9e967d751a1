// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

/** Transfers between Java host stacks over a switch in memory. */
class JavaTransferTest extends TransferConformance {
    @Override
    protected Network network(NetworkConfig config) {
        return new JavaNetwork(config);
    }
}
