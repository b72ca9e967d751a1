// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.nic;

import dev.flue.hwtests.netns.Commands;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The whole product, from the JVM to the driver, in an emulated machine with a PCI NIC behind an
 * IOMMU. Its peer is the kernel of this machine.
 */
@Tag("linux-nic")
@Timeout(1800)
class EmulatedNicTest {
    private static final String DEVICE = "0000:00:04.0";

    /**
     * QEMU loses frames of which a piece, as the guest gave it to these, does not lie in one piece
     * in the host. A page of lent payload does, the next one lies elsewhere.
     */
    private static final String COPIES = "--offloads-off zero-copy";

    /** The emulated NIC has none of its own: another device's memory stands for it. */
    private static final String IN_BAR = "--arena nic:0000:00:06.0/2";

    private static final String ENABLE_BAR = "echo 1 >/sys/bus/pci/devices/0000:00:06.0/enable";

    private static final String SUMS = "tx-ip-checksum tx-tcp-checksum";

    /** DPDK loads every driver there is, more than a hundred, 15 s on an emulated processor. */
    private static final String FEWER_DRIVERS =
            "drivers=$(echo /usr/lib/*/dpdk/pmds-*); mkdir /run/drivers && cp -a $drivers/librte_"
                    + "{bus_pci,bus_vdev,mempool_ring,net_ring,net_e1000,net_virtio,net_vmxnet3}.*"
                    + " /run/drivers && mount --bind /run/drivers $drivers";

    /** The second compiler costs more there than it gains. */
    private static final String ONE_COMPILER = "export FLUE_JAVA_OPTS=-XX:TieredStopAtLevel=1";

    @TempDir Path temp;

    @BeforeAll
    static void requirements() throws Exception {
        // Of an emulated processor on a machine with other work.
        Commands.patience(400);
        Rung.requireCommon();
        Rung.requireGuest();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "igb,'',"
                + IN_BAR
                + " --queues 2,"
                + SUMS
                + " rx-ip-checksum rx-tcp-checksum tso"
                + " flow-rules",
        "e1000e,''," + IN_BAR + "," + SUMS,
        "vmxnet3,'',--arena hugepages " + COPIES + ",''",
        "virtio-net-pci,''," + IN_BAR + ",''",
        "virtio-net-pci,-o," + IN_BAR + ",tx-tcp-checksum tso"
    })
    void theCommandServesAndFetchesOverTheNic(
            String model, String option, String words, String inUse) throws Exception {
        try {
            boot(model, option, words, inUse);
        } catch (Shell.GuestFailed e) {
            System.out.println("nic: once more: " + e.getMessage());
            boot(model, option, words, inUse);
        }
    }

    private void boot(String model, String option, String words, String inUse) throws Exception {
        long start = System.nanoTime();
        String name = (model + " " + option).strip();
        try (Peer peer = Peer.behindTap();
                Shell guest = Shell.inGuest(peer, model, option, temp)) {
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.printf("nic: %s: guest: %.1f s%n", name, seconds);
            try {
                System.out.print(guest.run("bash " + Rung.script("bind.sh") + " " + DEVICE));
                guest.run(ENABLE_BAR);
                guest.run(FEWER_DRIVERS);
                guest.run(ONE_COMPILER);
                String options = "--port " + DEVICE + " " + words;
                PortScenario scenario = new PortScenario(name, guest, peer, options, temp);
                scenario.run();
                scenario.requireInUse(inUse.isEmpty() ? List.of() : List.of(inUse.split(" ")));
            } catch (AssertionError e) {
                if (guest.failed()) {
                    throw new Shell.GuestFailed(e.getMessage());
                }
                // The others take minutes, and the report comes after them.
                System.out.println("nic: " + name + ": failed: " + e.getMessage());
                throw e;
            }
        }
        System.out.printf("nic: %s: all: %.1f s%n", name, (System.nanoTime() - start) / 1e9);
    }
}
