// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.HeapMemory;
import org.junit.jupiter.api.Test;

/** How a target learns of its port's link, and what it says then. */
class LinkWatchTest {
    private static final long MILLISECOND = 1_000_000;

    private final HeapMemory memory = new HeapMemory();
    private final ScriptedEngine engine = new ScriptedEngine(64, 64);
    private final NativeOffloadTarget target = engine.target();
    private final RecordingProtocol protocol = new RecordingProtocol();

    LinkWatchTest() {
        new Binding(memory, protocol, new MiniportAdapter(memory, target));
    }

    @Test
    void eachChangeOfTheLinkIsToldOnce() {
        target.doWork(0);
        assertThat(protocol.heard).isEmpty();
        engine.link = 0;
        assertThat(target.doWork(MILLISECOND)).isEqualTo(1);
        target.doWork(2 * MILLISECOND);
        assertThat(target.link()).isEqualTo(Link.DOWN);
        engine.link = 1;
        target.doWork(3 * MILLISECOND);
        target.doWork(4 * MILLISECOND);
        assertThat(target.link()).isEqualTo(Link.UP);
        assertThat(protocol.heard)
                .containsExactly("status MEDIA_DISCONNECT", "status MEDIA_CONNECT");
    }

    @Test
    void aLinkThatIsDownFromTheStartIsToldInTheFirstTurn() {
        engine.link = 0;
        target.doWork(-1);
        assertThat(protocol.heard).containsExactly("status MEDIA_DISCONNECT");
    }

    @Test
    void aDeviceThatIsGoneIsALinkThatIsDown() {
        engine.link = 0;
        target.doWork(0);
        engine.link = -Errno.ENODEV;
        target.doWork(MILLISECOND);
        assertThat(target.link()).isEqualTo(Link.GONE);
        assertThat(protocol.heard).containsExactly("status MEDIA_DISCONNECT");
    }

    @Test
    void thePortIsAskedOnceAMillisecondHoweverManyTurnsThereAre() {
        for (long now = 0; now < 10 * MILLISECOND; now += 1000) {
            target.doWork(now);
        }
        assertThat(engine.linkAsked).isEqualTo(10);
    }
}
