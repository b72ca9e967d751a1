// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.HostStackConfig;
import dev.flue.host.RawPeer;
import dev.flue.host.Recorder;
import dev.flue.host.UserHostStack;
import dev.flue.host.ip.Checksum;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.MemoryLink;
import dev.flue.host.link.Net;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.StateType;
import dev.flue.spi.FaultyMemory;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import dev.flue.spi.Region;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The n-th allocation of the host stack fails, for every n, while a connection that a target has is
 * updated at all three layers, moved to another next hop, asked about, administered, invalidated.
 * What did not go down at once goes down later, and nothing is left over.
 */
class StateShortageTest {
    private static final int MOST = 1000;
    private static final long OUR_MAC = 0x0200_0000_0001L;
    private static final long OTHER_MAC = 0x0200_0000_0077L;
    private static final long SECOND_MAC = 0x0200_0000_0099L;
    private static final IpAddress FAR = IpAddress.of("203.0.113.9");
    private static final IpAddress FIRST = IpAddress.of("198.18.0.3");
    private static final IpAddress SECOND = IpAddress.of("198.18.0.4");
    private static final int MTU = 1200;

    /** One run with one failure, or with none. */
    private static final class Run {
        private FaultyMemory memory;
        private final ChimneyLab lab;
        private final FakeTarget target;
        private final Recorder mine = new Recorder();
        private final List<OffloadStatus> ends = new ArrayList<>();
        private final List<OffloadStatistics> statistics = new ArrayList<>();
        private final List<Integer> answers = new ArrayList<>();
        private OffloadConnection connection;

        Run(int failing, int inARow) {
            lab =
                    new ChimneyLab(
                            config -> config.gateway(FIRST),
                            config -> config.address(FAR, 1),
                            heap -> memory = new FaultyMemory(heap, failing, inARow));
            target = lab.target;
            for (Oid oid : Oid.values()) {
                target.oids.statuses.put(oid, OffloadStatus.SUCCESS);
            }
        }

        private void frame(long destination, int type, byte[] payload) {
            int bytes = 14 + payload.length;
            ByteBuffer frame = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
            Net.putMac(frame, 0, destination);
            Net.putMac(frame, 6, 0x0200_0000_0002L);
            Net.put16(frame, 12, type);
            frame.put(14, payload);
            lab.link.inject(1, frame.array());
        }

        private void mac(IpAddress hop, long mac) {
            byte[] arp = RawPeer.arp(2, mac, hop, OUR_MAC, ChimneyLab.LOCAL);
            frame(EthernetLink.BROADCAST, EthernetLink.TYPE_ARP, arp);
        }

        private void tooBig() {
            byte[] none = new byte[0];
            byte[] tcp = RawPeer.tcp(connection.localPort(), 80, 1, 0, 0x10, 0, none, none);
            byte[] quoted = RawPeer.ip(ChimneyLab.LOCAL, FAR, 6, tcp);
            ByteBuffer message = ByteBuffer.allocate(36).order(ByteOrder.LITTLE_ENDIAN);
            message.put(0, (byte) 3).put(1, (byte) 4);
            Net.put16(message, 6, MTU);
            message.put(8, quoted, 0, 28);
            message.putShort(2, Checksum.finish(Checksum.add(0, message, 0, 36)));
            byte[] icmp = RawPeer.ip(FAR, ChimneyLab.LOCAL, 1, message.array());
            frame(OUR_MAC, EthernetLink.TYPE_IPV4, icmp);
        }

        private void pass() {
            for (int i = 0; i < 10; i++) {
                lab.pass(ChimneyLab.millis(100));
            }
        }

        boolean run() {
            lab.peer.listen(80, 8, Recorder::new);
            connection = lab.stack.connect(FAR, 80, mine);
            lab.settle();
            mac(FIRST, lab.peer.macAddress());
            lab.until(connection::offloaded);
            lab.settle();
            memory.arm();
            updates();
            ask();
            move();
            administer();
            lab.stack.invalidate(SECOND);
            pass();
            assertThat(target.shapes).as("%s", memory).contains("invalidate N(named)");
            assertThat(connection.offloaded()).isFalse();
            assertThat(mine.closed).isNull();
            connection.abort();
            lab.settle();
            lab.close();
            return memory.failed();
        }

        private void updates() {
            connection.options().keepAlive(true).hopLimit(7);
            mac(FIRST, OTHER_MAC);
            lab.settle();
            tooBig();
            pass();
            var control = target.control;
            assertThat(target.shapes)
                    .as("%s", memory)
                    .contains("update N(named)", "update P(named)", "update T(named)");
            assertThat(control.macs.get(control.only(StateType.NEIGHBOR))).isEqualTo(OTHER_MAC);
            assertThat(control.mtus.get(control.only(StateType.IP4))).isEqualTo(MTU);
            assertThat(connection.offloaded()).isTrue();
        }

        /** The entry is stale, the target asks, and is asked. */
        private void ask() {
            lab.pass(ChimneyLab.millis(40_000));
            target.control.nicReachabilityDelta = 2_000;
            long neighbor = target.control.only(StateType.NEIGHBOR);
            target.ask(neighbor, 40_000, answers::add);
            lab.settle();
            lab.pass(ChimneyLab.millis(5_500));
            pass();
            assertThat(answers).containsExactly(0);
            assertThat(target.shapes).as("%s", memory).contains("query N(named)");
        }

        /** Another router leads to the peer. */
        private void move() {
            lab.stack.gateway(SECOND);
            lab.pass(ChimneyLab.millis(2_500));
            mac(SECOND, SECOND_MAC);
            pass();
            var control = target.control;
            assertThat(target.shapes)
                    .as("%s", memory)
                    .contains("initiate N(new)", "update N(named P(named))", "terminate N(named)");
            assertThat(control.macs.get(control.only(StateType.NEIGHBOR))).isEqualTo(SECOND_MAC);
            assertThat(connection.offloaded()).isTrue();
        }

        /** All is answered, with RESOURCES or half the numbers when there was no record. */
        private void administer() {
            var administration = lab.stack.offloadAdministration();
            administration.statistics(true, statistics::add);
            administration.resetStatistics(true, ends::add);
            assertThat(ends).as("never inside the call").isEmpty();
            pass();
            assertThat(statistics).as("%s", memory).hasSize(1);
            assertThat(ends).hasSize(1);
            administration.lowPower(ends::add);
            pass();
            assertThat(ends).as("%s", memory).hasSize(2);
            assertThat(ends.get(1)).as("what must not get lost").isEqualTo(OffloadStatus.SUCCESS);
            assertThat(connection.offloaded()).isFalse();
            do {
                administration.fullPower(ends::add);
                pass();
            } while (ends.get(ends.size() - 1) == OffloadStatus.RESOURCES);
            connection.offload();
            pass();
            administration.enable(false, false);
            pass();
            administration.enable(true, true);
            pass();
            connection.offload();
            pass();
            assertThat(target.oids.seen)
                    .as("%s", memory)
                    .contains("set TCP_CONNECTION_OFFLOAD_PARAMETERS 0 0")
                    .endsWith("set TCP_CONNECTION_OFFLOAD_PARAMETERS 1 1");
            assertThat(connection.offloaded()).as("%s", memory).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void everyAllocationMayFail(int inARow) {
        int failing = 1;
        while (new Run(failing, inARow).run()) {
            assertThat(++failing).as("runs").isLessThan(MOST);
        }
        assertThat(failing).as("allocations of a run").isGreaterThan(15);
    }

    /** Counts the regions that are open. */
    private static final class CountingMemory implements Memory {
        private final HeapMemory heap = new HeapMemory();
        private final AtomicInteger open = new AtomicInteger();

        @Override
        public Region allocate(long bytes) {
            Region region = heap.allocate(bytes);
            open.incrementAndGet();
            return new Region() {
                @Override
                public int id() {
                    return region.id();
                }

                @Override
                public ByteBuffer buffer() {
                    return region.buffer();
                }

                @Override
                public void close() {
                    region.close();
                    open.decrementAndGet();
                }
            };
        }

        @Override
        public ByteBuffer buffer(int regionId) {
            return heap.buffer(regionId);
        }

        @Override
        public String kind() {
            return heap.kind();
        }
    }

    @Test
    void aStackThatFindsNoMemoryWhileItIsMadeLeavesNothingBehind() {
        CountingMemory counting = new CountingMemory();
        HostStackConfig config = HostStackConfig.builder().address(ChimneyLab.LOCAL).build();
        try (MemoryLink link = new MemoryLink(new HeapMemory(), 1)) {
            int failing = 1;
            for (boolean made = false; !made; failing++) {
                FaultyMemory memory = new FaultyMemory(counting, failing, 1);
                memory.arm();
                MiniportAdapter lower = new MiniportAdapter(counting, link.end(0));
                made = make(config, memory, lower);
                assertThat(counting.open).as("%s", memory).hasValue(0);
                assertThat(memory.failed()).isNotEqualTo(made);
            }
            assertThat(failing).as("regions of a stack").isGreaterThan(9);
        }
    }

    private static boolean make(HostStackConfig config, FaultyMemory memory, MiniportAdapter to) {
        try {
            new UserHostStack(config, memory, to).close();
            return true;
        } catch (OutOfMemoryError expected) {
            assertThat(expected).hasMessageContaining("fails");
            return false;
        }
    }
}
