// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What a stack offloads of its own accord, and what it does when it may choose. */
@ParameterizedClass
@EnumSource(Ip.class)
class PolicyTest {
    @Parameter Ip ip;

    private ChimneyLab lab;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();

    /** All questions but the first, which offloads everything, are answered by the flags. */
    private static final class Choosing implements OffloadPolicy {
        boolean grants;
        boolean uploads;
        boolean passes;

        @Override
        public Verdict decide(OffloadConnection connection, Situation situation) {
            return Verdict.yes();
        }

        @Override
        public boolean grants(OffloadConnection connection, UploadReason reason) {
            return grants && reason == UploadReason.LOW_ACTIVITY;
        }

        @Override
        public boolean uploadsOnLinkLoss() {
            return uploads;
        }

        @Override
        public boolean passesUnreadData(OffloadConnection connection) {
            return passes;
        }
    }

    private OffloadConnection connect(OffloadPolicy policy) {
        lab = new ChimneyLab(config -> config.offloadPolicy(policy));
        lab.version = ip;
        return lab.connect(mine, theirs, 80);
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    @Test
    void noneOffloadsOnlyWhatIsAskedFor() {
        OffloadConnection c = connect(OffloadPolicy.none());
        assertThat(c.offloaded()).isFalse();
        assertThat(c.offloadCause()).isEqualTo("not asked for");
        c.offload();
        lab.settle();
        assertThat(c.offloaded()).isTrue();
    }

    @Test
    void portsOffloadsThoseAndTellsTheOthersWhy() {
        OffloadConnection c = connect(OffloadPolicy.ports(Set.of(81)));
        OffloadConnection other = lab.connect(new Recorder(), new Recorder(), 81);
        assertThat(c.offloadCause()).contains("ports");
        assertThat(other.offloaded()).isTrue();
    }

    @Test
    void peersOffloadsThose() {
        OffloadConnection c = connect(OffloadPolicy.peers(Set.of(ip.first)));
        assertThat(c.offloadCause()).contains("peer");
    }

    @Test
    void afterBytesOffloadsAConnectionOnceItHasMovedThem() {
        OffloadConnection c = connect(OffloadPolicy.afterBytes(10_000));
        assertThat(c.offloadCause()).contains("not moved 10000 bytes");
        mine.sending(new byte[9_000], false);
        lab.until(() -> theirs.received.size() == 9_000);
        lab.settle();
        assertThat(c.offloaded()).isFalse();
        theirs.sending(new byte[1_000], false);
        lab.until(c::offloaded);
    }

    @Test
    void untilCapacityKeepsSomeRoomFree() {
        OffloadConnection c = connect(OffloadPolicy.untilCapacity(99));
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        assertThat(c.offloaded()).isTrue();
        assertThat(second.offloadCause()).contains("no room");
        second.offload();
        lab.settle();
        assertThat(second.offloaded()).as("asked for by its application").isTrue();
    }

    @Test
    @Rule("H-32")
    void thePolicyIsAskedAgainOnResumeButNotForWhatWasTakenBack() {
        OffloadConnection c = connect(OffloadPolicy.all());
        OffloadConnection kept = lab.connect(new Recorder(), new Recorder(), 81);
        kept.upload();
        lab.target.status(StatusIndication.UPLOAD_ALL);
        lab.settle();
        assertThat(c.offloaded()).isFalse();
        lab.target.status(StatusIndication.OFFLOAD_RESUME);
        lab.settle();
        assertThat(c.offloaded()).isTrue();
        assertThat(kept.offloaded()).isFalse();
    }

    @Test
    @Rule("H-29")
    void anOptionalUploadIsGrantedWhenThePolicyWantsIt() {
        Choosing policy = new Choosing();
        OffloadConnection c = connect(policy);
        policy.grants = true;
        lab.target.retrieve(lab.target.conn(), UploadReason.SMALL_IO);
        lab.settle();
        assertThat(c.offloaded()).isTrue();
        lab.target.retrieve(lab.target.conn(), UploadReason.LOW_ACTIVITY);
        lab.settle();
        assertThat(c.offloaded()).isFalse();
    }

    @Test
    @Rule("H-51")
    void whenTheLinkIsLostThePolicyDecides() {
        Choosing policy = new Choosing();
        OffloadConnection c = connect(policy);
        lab.target.status(StatusIndication.MEDIA_DISCONNECT);
        lab.settle();
        assertThat(c.offloaded()).as("TCP survives it in the target").isTrue();
        lab.target.status(StatusIndication.MEDIA_CONNECT);
        policy.uploads = true;
        lab.target.status(StatusIndication.MEDIA_DISCONNECT);
        lab.settle();
        assertThat(c.offloaded()).isFalse();
        assertThat(c.offloadCause()).isEqualTo("the link is down");
        c.offload();
        lab.settle();
        assertThat(c.offloaded()).isFalse();
        lab.target.status(StatusIndication.MEDIA_CONNECT);
        lab.settle();
        assertThat(c.offloaded()).isTrue();
    }

    // ---- Unread data at the initiate.

    private OffloadConnection unread(Choosing policy) {
        OffloadConnection c = connect(policy);
        c.upload();
        lab.settle();
        mine.appetite = 0;
        theirs.sending(Recorder.bytes(1, 3_000), false);
        lab.settle();
        assertThat(c.available()).isEqualTo(3_000);
        policy.passes = true;
        lab.target.auto = false;
        c.offload();
        lab.settle();
        return c;
    }

    private long bufferedData() {
        var block = lab.target.control.block;
        long path = block.wrap(lab.target.initiates.get(0)).dependentBlockList();
        long tcp = block.wrap(path).dependentBlockList();
        lab.target.state.delegated.wrap(tcp + StateOffsets.TCP_DELEGATED);
        return lab.target.state.delegated.bufferedData();
    }

    @Test
    @Rule("H-11")
    void passedUnreadDataIsFreedAfterTheSuccessAndAskedForAgain() {
        OffloadConnection c = unread(new Choosing());
        long data = bufferedData();
        assertThat(lab.target.lists.bytes(data)).isEqualTo(Recorder.bytes(1, 3_000));
        assertThat(c.available()).as("it is lent").isZero();
        assertThat(lab.stack.held().get("receiveBuffers")).isPositive();
        assertThat(lab.stack.held().get("records")).isPositive();
        lab.target.auto = true;
        lab.target.later(lab.target::completeInitiate);
        lab.settle();
        assertThat(c.offloaded()).isTrue();
        assertThat(lab.stack.held().get("receiveBuffers")).isZero();
        assertThat(lab.stack.held().get("records")).isZero();
        assertThat(lab.target.conn().receivesPosted).isEqualTo(1);
        lab.target.indicate(lab.target.conn(), Recorder.bytes(1, 3_000));
        lab.settle();
        mine.read(Integer.MAX_VALUE);
        assertThat(mine.received.toByteArray()).isEqualTo(Recorder.bytes(1, 3_000));
    }

    @Test
    @Rule("H-11")
    void passedUnreadDataOfARefusedConnectionIsStillHere() {
        Choosing policy = new Choosing();
        OffloadConnection c = unread(policy);
        assertThat(bufferedData()).isNotZero();
        lab.target.refusals.put(StateType.TCP.code(), OffloadStatus.RESOURCES);
        lab.target.auto = true;
        lab.target.later(lab.target::completeInitiate);
        lab.settle();
        assertThat(c.offloaded()).isFalse();
        assertThat(c.available()).isEqualTo(3_000);
        mine.read(Integer.MAX_VALUE);
        assertThat(mine.received.toByteArray()).isEqualTo(Recorder.bytes(1, 3_000));
    }

    @Test
    @Rule("H-30")
    void anAbortedConnectionIsTerminated() {
        connect(OffloadPolicy.all());
        lab.target.event(lab.target.conn(), TcpEvent.ABORT, 0);
        lab.settle();
        assertThat(lab.target.objects).isEmpty();
        theirs.connection.abort();
    }
}
