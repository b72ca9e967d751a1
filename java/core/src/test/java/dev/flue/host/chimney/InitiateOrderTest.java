// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What comes before an initiate, and what has to wait for its end. */
@ParameterizedClass
@EnumSource(Ip.class)
class InitiateOrderTest {
    private final ChimneyLab lab = new ChimneyLab(config -> config.autoOffload(false));
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private final Ip ip;

    InitiateOrderTest(Ip ip) {
        this.ip = ip;
        lab.version = ip;
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    private long connectionBlock() {
        var block = target.control.block;
        long path = block.wrap(target.initiates.get(0)).dependentBlockList();
        return block.wrap(path).dependentBlockList();
    }

    @Test
    @Rule("H-1")
    void aConnectionThatIsBeingOpenedOrIsGoneIsNotOffloaded() {
        OffloadConnection opening = lab.stack.connect(ip.second, 99, new Recorder());
        opening.offload();
        lab.settle();
        assertThat(target.initiates).isEmpty();
        assertThat(target.shapes).isEmpty();
        OffloadConnection c = lab.connect(mine, theirs, 80);
        c.abort();
        c.offload();
        lab.settle();
        assertThat(target.shapes).isEmpty();
    }

    @Test
    @Rule("H-7")
    void anAckThatIsOwedGoesOutBeforeTheState() {
        OffloadConnection c = lab.connect(mine, theirs, 80);
        target.auto = false;
        theirs.sending(new byte[100], false);
        lab.peer.doWork(lab.now);
        c.offload();
        lab.settle();
        assertThat(target.initiates).hasSize(1);
        long block = connectionBlock();
        int next = target.state.delegated.wrap(block + StateOffsets.TCP_DELEGATED).rcvNxt();
        assertThat(target.state.ext.wrap(block + StateOffsets.TCP_EXT).lastAckSent())
                .isEqualTo(next);
    }

    @Test
    @Rule({"H-4", "H-22", "H-45"})
    void nothingIsAskedOfAConnectionWhoseInitiateRuns() {
        OffloadConnection c = lab.connect(mine, theirs, 80);
        target.auto = false;
        c.offload();
        lab.settle();
        c.send(ByteBuffer.wrap(new byte[100]));
        theirs.sending(new byte[50], false);
        c.options().keepAlive(true);
        lab.stack.query(infos -> {});
        lab.stack.invalidate(ip.second);
        c.upload();
        lab.settle();
        assertThat(target.calls).isEmpty();
        assertThat(target.shapes).hasSize(1);
        assertThat(target.updates).isEmpty();
        assertThat(target.invalidates).isEmpty();
        assertThat(target.queries).isEmpty();
        assertThat(target.terminates).isEmpty();
    }

    @Test
    @Rule("H-5")
    void theTreeAndItsSlotsAreKeptUntilTheInitiateEnds() {
        OffloadConnection c = lab.connect(mine, theirs, 80);
        target.auto = false;
        c.offload();
        lab.settle();
        assertThat(lab.stack.held()).containsEntry("blocks", 3).containsEntry("handles", 3);
        byte[] before = new byte[StateOffsets.BLOCK_BYTES];
        byte[] after = new byte[StateOffsets.BLOCK_BYTES];
        long block = connectionBlock();
        read(block, before);
        lab.connect(new Recorder(), new Recorder(), 81).offload();
        lab.pass(ChimneyLab.millis(1_000));
        read(block, after);
        assertThat(after).isEqualTo(before);
        assertThat(lab.stack.held()).containsEntry("blocks", 3).containsEntry("handles", 3);
        target.auto = true;
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(lab.stack.held()).containsEntry("blocks", 0).containsEntry("handles", 4);
    }

    private void read(long ref, byte[] into) {
        lab.memory.buffer(Refs.region(ref)).get(Refs.offset(ref), into);
    }
}
