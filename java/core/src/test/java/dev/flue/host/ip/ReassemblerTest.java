// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.host.Ip;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Fragments in every order, missing, overlapping, too many. */
@ParameterizedClass
@EnumSource(Ip.class)
class ReassemblerTest {
    private final IpCounters counters = new IpCounters();
    private final Reassembler reassembler = new Reassembler(counters);
    private final Ip version;
    private final byte[] bytes = new byte[3000];
    private long now = 5;

    ReassemblerTest(Ip version) {
        this.version = version;
        new Random(3).nextBytes(bytes);
    }

    private Reassembler.Key key(int id) {
        return new Reassembler.Key(version.second, version.first, id, 6);
    }

    private Reassembler.Packet add(int id, int from, int to, boolean more) {
        Datagram d = new Datagram();
        d.buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        d.at = from % bytes.length;
        d.length = to - from;
        return reassembler.add(key(id), d, from, more, 6, now);
    }

    private byte[] payload(Reassembler.Packet packet) {
        byte[] payload = new byte[packet.length];
        packet.buffer.get(Reassembler.HEADROOM, payload);
        return payload;
    }

    @Test
    void fragmentsMakeTheirPacketInWhateverOrderTheyCome() {
        for (int seed = 0; seed < 50; seed++) {
            List<Integer> pieces = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5));
            Collections.shuffle(pieces, new Random(seed));
            Reassembler.Packet whole = null;
            for (int i = 0; i < 6; i++) {
                assertThat(whole).isNull();
                int piece = pieces.get(i);
                whole = add(seed, piece * 512, Math.min(3000, piece * 512 + 512), piece < 5);
            }
            assertThat(payload(whole)).isEqualTo(bytes);
            assertThat(whole.protocol).isEqualTo(6);
        }
        assertThat(counters.packetsReassembled).isEqualTo(50);
        assertThat(reassembler.bytesHeld()).isZero();
        assertThat(reassembler.nextDeadline()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aCopyOfAFragmentChangesNothing() {
        add(1, 0, 512, true);
        assertThat(add(1, 0, 512, true)).isNull();
        assertThat(add(1, 512, 600, false)).isNotNull();
        assertThat(counters.reassemblyFailures).isZero();
    }

    @Test
    void overlappingFragmentsSpoilTheirPacketForGood() {
        add(1, 0, 512, true);
        add(1, 504, 1024, true);
        add(1, 0, 512, true);
        assertThat(add(1, 512, 600, false)).isNull();
        assertThat(counters.reassemblyFailures).isEqualTo(1);
        assertThat(reassembler.bytesHeld()).isZero();
        now += Reassembler.TIMEOUT_NANOS;
        add(1, 0, 512, true);
        assertThat(add(1, 512, 600, false)).as("another packet by now").isNotNull();
    }

    @Test
    void aPacketHasOneEnd() {
        add(1, 1024, 1100, false);
        add(1, 1104, 1112, true);
        assertThat(counters.reassemblyFailures).isEqualTo(1);
        add(2, 1024, 1100, false);
        add(2, 512, 600, false);
        assertThat(counters.reassemblyFailures).isEqualTo(2);
        add(3, 65528, 65600, false);
        assertThat(counters.reassemblyFailures).as("longer than packets are").isEqualTo(3);
    }

    @Test
    void whatIsNotWholeAfterAMinuteIsDropped() {
        add(1, 0, 512, true);
        long deadline = now + Reassembler.TIMEOUT_NANOS;
        assertThat(reassembler.nextDeadline()).isEqualTo(deadline);
        assertThat(reassembler.expire(deadline - 1)).isZero();
        assertThat(reassembler.expire(deadline)).isEqualTo(1);
        assertThat(counters.reassemblyFailures).isEqualTo(1);
        assertThat(reassembler.bytesHeld()).isZero();
    }

    @Test
    void packetsAndBytesUnderWayAreBoundedAndTheOldestGivesWay() {
        for (int id = 0; id < 1000; id++) {
            add(id, 8, 16, true);
            assertThat(reassembler.size()).isLessThanOrEqualTo(Reassembler.MAX_PACKETS);
        }
        assertThat(reassembler.size()).isEqualTo(Reassembler.MAX_PACKETS);
        for (int id = 1000; id < 1100; id++) {
            add(id, 60_000, 60_008, true);
            assertThat(reassembler.bytesHeld()).isLessThanOrEqualTo(Reassembler.MAX_BYTES);
        }
        assertThat(add(999, 0, 8, true)).as("it gave way").isNull();
        for (int i = 0; i < Reassembler.MAX_FRAGMENTS + 5; i++) {
            add(2000, 16 * i, 16 * i + 8, true);
        }
        assertThat(counters.packetsReassembled).isZero();
    }
}
