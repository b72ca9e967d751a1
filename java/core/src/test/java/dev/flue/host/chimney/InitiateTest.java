// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.host.link.Net;
import dev.flue.host.tcp.RssHash;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathConst;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the stack hands down, and what it does with the answer. */
@ParameterizedClass
@EnumSource(Ip.class)
class InitiateTest {
    private final ChimneyLab lab = new ChimneyLab();
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private final Ip ip;
    private final Logger logger = Logger.getLogger("dev.flue.host");

    InitiateTest(Ip ip) {
        this.ip = ip;
        lab.version = ip;
    }

    @BeforeEach
    void quiet() {
        logger.setUseParentHandlers(false);
    }

    @AfterEach
    void nothingIsLeft() {
        logger.setUseParentHandlers(true);
        lab.close();
    }

    @Test
    @Rule("H-6")
    void theFirstConnectionBringsItsNeighborAndPath() {
        OffloadConnection connection = lab.connect(mine, theirs, 80);
        assertThat(target.shapes).containsExactly("initiate N(new P(new T(new)))");
        assertThat(connection.offloaded()).isTrue();
        assertThat(connection.offloadCause()).isEmpty();
        assertThat(mine.offloadChanges).isEqualTo(1);
        assertThat(lab.stack.offloadedCount()).isEqualTo(1);
    }

    @Test
    @Rule("H-6")
    void theSecondOneOnThePathHangsUnderAPlaceholderAndALinker() {
        lab.connect(mine, theirs, 80);
        lab.connect(new Recorder(), new Recorder(), 81);
        assertThat(target.shapes.get(1)).isEqualTo("initiate N(placeholder P(linker T(new)))");
    }

    @Test
    @Rule("H-3")
    void laterConnectionsWaitForARunningInitiateOfTheirNeighborAndThenGoTogether() {
        target.auto = false;
        lab.connect(mine, theirs, 80);
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        OffloadConnection third = lab.connect(new Recorder(), new Recorder(), 82);
        assertThat(target.initiates).hasSize(1);
        assertThat(second.offloadCause()).contains("waits");
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(target.shapes.get(1))
                .isEqualTo("initiate N(placeholder P(linker T(new) T(new)))");
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(second.offloaded() && third.offloaded()).isTrue();
    }

    @Test
    @Rule({"H-8", "H-9", "H-10", "H-14"})
    void theStructuresSayWhatTheConnectionIs() {
        target.auto = false;
        OffloadConnection c = lab.connect(mine, theirs, 80);
        long root = target.initiates.get(0);
        ProtocolOffloadBlockList block = new ProtocolOffloadBlockList(lab.memory);
        NeighborCached neighbor = new NeighborCached(lab.memory);
        neighbor.wrap(root + StateOffsets.NEIGHBOR_CACHED);
        NeighborDelegated nic = new NeighborDelegated(lab.memory);
        nic.wrap(root + StateOffsets.NEIGHBOR_DELEGATED);
        assertThat(neighbor.macAddress()).isEqualTo(lab.peer.macAddress());
        assertThat(neighbor.hostReachabilityDelta()).isEqualTo(nic.nicReachabilityDelta());
        long path = block.wrap(root).dependentBlockList();
        PathConst addresses = new PathConst(lab.memory).wrap(path + StateOffsets.PATH_CONST);
        assertThat(address(addresses.sourceAddress())).isEqualTo(ip.first);
        assertThat(address(addresses.destinationAddress())).isEqualTo(ip.second);
        PathCached mtu = new PathCached(lab.memory).wrap(path + StateOffsets.PATH_CACHED);
        assertThat(mtu.pathMtu()).isEqualTo(1500);
        long tcp = block.wrap(path).dependentBlockList();
        target.state.constant.wrap(tcp + StateOffsets.TCP_CONST);
        assertThat(target.state.constant.localPort()).isEqualTo(c.localPort());
        assertThat(target.state.constant.remotePort()).isEqualTo(80);
        assertThat(target.state.constant.flags()).isEqualTo(7);
        assertThat(target.state.constant.windScale()).isEqualTo(0x33);
        assertThat(target.state.constant.remoteMss()).isEqualTo(1500 - ip.headers());
        assertThat(target.state.constant.hashValue())
                .isEqualTo(RssHash.tcp(ip.second, ip.first, 80, c.localPort()));
        target.state.cached.wrap(tcp + StateOffsets.TCP_CACHED);
        assertThat(target.state.cached.initialRcvWnd()).isEqualTo(262_144);
        assertThat(target.state.cached.ttlOrHopLimit()).isEqualTo(64);
        TcpDelegated d = target.state.delegated.wrap(tcp + StateOffsets.TCP_DELEGATED);
        assertThat(d.state()).isEqualTo(TcpState.ESTABLISHED.code());
        assertThat(d.retransmitTimeoutDelta()).isEqualTo(-1);
        assertThat(d.kaTimeoutDelta()).isEqualTo(-1);
        assertThat(d.sndUna()).isEqualTo(d.sndMax());
        assertThat(d.bufferedData()).isZero();
        target.state.ext.wrap(tcp + StateOffsets.TCP_EXT);
        assertThat(target.state.ext.rcvAdv()).isEqualTo(d.rcvNxt() + d.rcvWnd());
        assertThat(target.state.ext.lastAckSent()).isEqualTo(d.rcvNxt());
    }

    /** Data of a full segment with timestamps. */
    private int segment() {
        return 1500 - ip.headers() - 12;
    }

    private IpAddress address(long ref) {
        ByteBuffer buffer = lab.memory.buffer(Refs.region(ref));
        int at = Refs.offset(ref);
        return ip == Ip.V4 ? Net.address4(buffer, at) : Net.address6(buffer, at);
    }

    @Test
    @Rule("H-35")
    void dataSentLaterGoesThroughTheTargetUntilItIsAcknowledged() {
        byte[] data = Recorder.bytes(9, 50_000);
        target.auto = false;
        lab.peer.listen(80, 8, () -> theirs);
        OffloadConnection c = lab.stack.connect(ip.second, 80, mine);
        lab.until(() -> mine.connects == 1 && !target.initiates.isEmpty());
        target.later(target::completeInitiate);
        lab.settle();
        c.send(ByteBuffer.wrap(data));
        lab.settle();
        assertThat(target.conn().sendBytes()).isEqualTo(data);
        assertThat(c.sendRoom()).isEqualTo(262_144 - data.length);
        while (!target.conn().sends.isEmpty()) {
            target.completeSend(target.conn(), OffloadStatus.SUCCESS);
        }
        lab.settle();
        assertThat(c.sendRoom()).isEqualTo(262_144);
    }

    @Test
    @Rule("H-12")
    void bytesSentAndUnsentBeforeTheInitiateGoDownInItsChain() {
        target.auto = false;
        byte[] data = Recorder.bytes(10, 100_000);
        mine.sending(data, false);
        // ACKs of data do not come back: all stays outstanding.
        int ack = 14 + ip.headers() + 12;
        int protocol = ip == Ip.V4 ? 23 : 20;
        lab.link.filter(
                (from, number, frame, at, length) ->
                        from == 0 || length != ack || frame.get(at + protocol) != 6);
        lab.peer.listen(80, 8, () -> theirs);
        lab.stack.connect(ip.second, 80, mine);
        lab.until(() -> !target.initiates.isEmpty());
        long root = target.initiates.get(0);
        ProtocolOffloadBlockList block = new ProtocolOffloadBlockList(lab.memory);
        long tcp = block.wrap(block.wrap(root).dependentBlockList()).dependentBlockList();
        TcpDelegated d = target.state.delegated.wrap(tcp + StateOffsets.TCP_DELEGATED);
        // Ten segments of the initial window are sent, the rest is not.
        assertThat(d.sndNxt() - d.sndUna()).isEqualTo(10 * segment());
        assertThat(d.sndMax()).isEqualTo(d.sndNxt());
        assertThat(d.retransmitTimeoutDelta()).isBetween(1, 1000);
        assertThat(d.sendDataHead()).isEqualTo(block.wrap(tcp).netBufferListChain());
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(target.conn().sendBytes()).isEqualTo(data);
    }

    @Test
    @Rule({"H-13", "H-44", "H-45"})
    void segmentsThatComeDuringTheInitiateAreForwardedAfterIt() {
        target.auto = false;
        OffloadConnection c = lab.connect(mine, theirs, 80);
        theirs.sending(Recorder.bytes(11, 3000), false);
        lab.settle();
        assertThat(mine.received.size()).isZero();
        assertThat(target.calls).isEmpty();
        target.later(target::completeInitiate);
        lab.settle();
        List<byte[]> forwarded = target.conn().forwarded;
        assertThat(forwarded).hasSize(3);
        ByteBuffer first = ByteBuffer.wrap(forwarded.get(0));
        assertThat(first.getShort(0) & 0xffff).as("source port").isEqualTo(80);
        assertThat(first.getShort(2) & 0xffff).isEqualTo(c.localPort());
        assertThat(first.getInt(4)).as("sequence").isEqualTo(target.conn().rcvNxt);
        assertThat(forwarded.get(0)).hasSize(32 + segment());
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "RESOURCES",
                "FAILURE",
                "OFFLOAD_POLICY",
                "OFFLOAD_TCP_ENTRIES",
                "OFFLOAD_TCP_XMIT_BUFFER",
                "OFFLOAD_TCP_RCV_BUFFER",
                "OFFLOAD_TCP_RCV_WINDOW",
                "OFFLOAD_CONNECTION_REJECTED"
            })
    @Rule("H-12")
    void aRefusedConnectionGoesOnHereWithTheReason(OffloadStatus status) {
        target.refusals.put(StateType.TCP.code(), status);
        byte[] data = Recorder.bytes(12, 100_000);
        mine.sending(data, true);
        OffloadConnection c = lab.connect(mine, theirs, 80);
        lab.until(() -> theirs.received.size() == data.length);
        assertThat(theirs.received.toByteArray()).isEqualTo(data);
        assertThat(c.offloaded()).isFalse();
        assertThat(c.offloadCause()).startsWith("the target refused it: ");
        lab.until(() -> mine.closed != null);
        assertThat(lab.stack.counters().tcp.retransmits).isZero();
        // The neighbor and path that were taken for it went again.
        assertThat(target.objects).isEmpty();
        assertThat(lab.stack.offloadTree()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"OFFLOAD_NEIGHBOR_ENTRIES", "OFFLOAD_HW_ADDRESS_ENTRIES"})
    void aRefusedNeighborIsTheReasonOfItsConnections(OffloadStatus status) {
        target.refusals.put(StateType.NEIGHBOR.code(), status);
        OffloadConnection c = lab.connect(mine, theirs, 80);
        assertThat(c.offloaded()).isFalse();
        assertThat(c.offloadCause()).contains("the target refused it: it ");
        assertThat(lab.stack.held().get("handles")).isZero();
    }

    @Test
    void aRefusedPathIsTheReasonAndItsNeighborGoesAgain() {
        StateType path = ip == Ip.V4 ? StateType.IP4 : StateType.IP6;
        target.refusals.put(path.code(), OffloadStatus.OFFLOAD_PATH_ENTRIES);
        OffloadConnection c = lab.connect(mine, theirs, 80);
        assertThat(c.offloadCause()).contains("no path entry");
        assertThat(target.shapes)
                .containsExactly("initiate N(new P(new T(new)))", "terminate N(named)");
    }

    @Test
    void aFullTargetIsAskedAgainOnlyAfterAPauseAndNamedOnce() {
        List<LogRecord> log = new ArrayList<>();
        Handler handler = recording(log);
        logger.addHandler(handler);
        target.refusals.put(StateType.TCP.code(), OffloadStatus.OFFLOAD_TCP_ENTRIES);
        lab.connect(mine, theirs, 80);
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        assertThat(lab.stack.counters().chimney.initiates).isEqualTo(1);
        assertThat(second.offloadCause()).contains("no connection entry left");
        assertThat(lab.stack.counters().chimney.backedOff).isEqualTo(1);
        lab.pass(ChimneyLab.millis(200));
        second.offload();
        lab.settle();
        assertThat(lab.stack.counters().chimney.initiates).isEqualTo(2);
        target.refusals.clear();
        lab.pass(ChimneyLab.millis(400));
        second.offload();
        lab.settle();
        assertThat(second.offloaded()).isTrue();
        logger.removeHandler(handler);
        assertThat(log).hasSize(1);
    }

    private static Handler recording(List<LogRecord> log) {
        return new Handler() {
            @Override
            public void publish(LogRecord line) {
                log.add(line);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }

    @Test
    @Rule("H-32")
    void pauseStopsOffloadsAndResumeAllowsThemAgain() {
        target.status(StatusIndication.OFFLOAD_PAUSE);
        lab.settle();
        OffloadConnection c = lab.connect(mine, theirs, 80);
        assertThat(target.initiates).isEmpty();
        assertThat(c.offloadCause()).contains("pauses");
        target.status(StatusIndication.OFFLOAD_RESUME);
        lab.settle();
        c.offload();
        lab.settle();
        assertThat(c.offloaded()).isTrue();
    }

    @Test
    @Rule("H-32")
    void resumeReadsTheCapabilitiesAgain() {
        target.chimney = false;
        target.status(StatusIndication.OFFLOAD_PAUSE);
        target.status(StatusIndication.OFFLOAD_RESUME);
        lab.settle();
        OffloadConnection c = lab.connect(mine, theirs, 80);
        assertThat(c.offloadCause()).isEqualTo("switched off in the test");
    }

    @Test
    void closingBeforeTheInitiateEndsSendsTheFinThroughTheTarget() {
        target.auto = false;
        OffloadConnection c = lab.connect(mine, theirs, 80);
        c.shutdownOutput();
        lab.settle();
        assertThat(target.calls).isEmpty();
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(target.calls).containsExactly("disconnect 1");
    }

    @Test
    void abortingDuringTheInitiateResetsThroughTheTarget() {
        target.auto = false;
        OffloadConnection c = lab.connect(mine, theirs, 80);
        c.abort();
        lab.settle();
        assertThat(mine.closed).isEqualTo("aborted");
        target.auto = true;
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(target.calls).containsExactly("disconnect 2");
        target.completeDisconnect(target.conn(), OffloadStatus.SUCCESS);
        lab.settle();
        assertThat(target.objects).isEmpty();
        assertThat(lab.stack.connectionCount()).isZero();
    }

    @Test
    void abortingDuringAnInitiateThatFailsResetsFromHere() {
        target.auto = false;
        target.refusals.put(StateType.TCP.code(), OffloadStatus.RESOURCES);
        lab.connect(mine, theirs, 80).abort();
        target.auto = true;
        target.later(target::completeInitiate);
        lab.settle();
        assertThat(theirs.closed).isEqualTo("connection reset by peer");
        assertThat(lab.stack.connectionCount()).isZero();
    }
}
