// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.im.IntermediateDriver;
import dev.flue.im.LowerInterface;
import dev.flue.im.UpperInterface;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.OidRequest;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A driver with several faces above or below: whose things are whose. */
class DriverFacesTest {
    private static final int LISTS = 8;

    /**
     * Frames go to the face that their first byte names, connections to the face below likewise.
     */
    private static final class Faces extends IntermediateDriver {
        private final NblReader reader;
        private boolean chimney = true;
        private int next;

        Faces(Memory memory, List<MiniportAdapter> lowers, int faces) {
            super(memory, lowers, 32, LISTS);
            reader = new NblReader(memory);
            for (int i = 1; i < faces; i++) {
                openUpper("face " + i);
            }
        }

        @Override
        public String name() {
            return "faces";
        }

        @Override
        protected boolean offersChimney() {
            return chimney;
        }

        @Override
        protected UpperInterface receiverOf(LowerInterface from, long netBufferList) {
            int face = reader.bytes(netBufferList)[0];
            return face < uppers().size() ? upper(face) : null;
        }

        @Override
        protected LowerInterface lowerFor(UpperInterface from, long root) {
            return lower(next++ % lowerCount());
        }
    }

    /** What is bound to one face. */
    private final class Host {
        private final RecordingProtocol protocol = new RecordingProtocol(memory);
        private final Binding binding;

        Host(UpperInterface face) {
            binding = new Binding(memory, protocol, new MiniportAdapter(memory, face));
            protocol.bind(binding);
        }

        long offload() {
            long handle = trees.handle();
            long root = trees.block(StateType.TCP, handle);
            binding.initiateOffload(root);
            work();
            assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
            trees.free(root);
            return handle;
        }

        void terminate(long handle) {
            long root = trees.block(StateType.TCP, handle);
            binding.terminateOffload(root);
            work();
            assertThat(trees.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
            trees.free(root);
            trees.freeHandle(handle);
        }

        /** Codes of what has completed, and forgets it. */
        List<OffloadStatus> statuses() {
            List<OffloadStatus> all = new ArrayList<>();
            for (RecordingProtocol.IoCompletion each : protocol.io()) {
                all.add(OffloadStatus.of(each.status()));
                nbls.free(each.netBufferList());
            }
            protocol.io().clear();
            return all;
        }
    }

    private final HeapMemory memory = new HeapMemory();
    private final OffloadTrees trees = new OffloadTrees(memory, 64);
    private final NblPool nbls = new NblPool(memory, 64, 64);
    private final NetBufferList nbl = new NetBufferList(memory);
    private final List<RecordingTarget> targets = new ArrayList<>();
    private final List<Host> hosts = new ArrayList<>();
    private Faces driver;
    private long now;
    private int strays;

    private void build(int above, int below) {
        List<MiniportAdapter> lowers = new ArrayList<>();
        for (int i = 0; i < below; i++) {
            targets.add(new RecordingTarget(memory));
            lowers.add(new MiniportAdapter(memory, targets.get(i)));
        }
        driver = new Faces(memory, lowers, above);
        driver.uppers().forEach(face -> hosts.add(new Host(face)));
    }

    private void work() {
        int turns = 0;
        while (driver.upper().doWork(++now) > 0) {
            assertThat(++turns).isLessThan(1000);
        }
    }

    private long chain(int length) {
        long head = 0;
        for (int i = 0; i < length; i++) {
            long ref = nbls.allocate(new byte[4]);
            nbl.wrap(ref).next(head).context(0x77);
            head = ref;
        }
        return head;
    }

    @AfterEach
    void nothingIsHeld() {
        assertThat(driver.held().values()).as("%s", driver.held()).containsOnly(0);
        assertThat(driver.strayCalls()).isEqualTo(strays);
        assertThat(nbls.held()).isZero();
        assertThat(trees.blocksHeld()).isZero();
        for (RecordingTarget each : targets) {
            assertThat(each.buffersHeld()).isZero();
            assertThat(each.objects()).isEmpty();
        }
        driver.close();
    }

    @Rule({"I-16", "I-31"})
    @Test
    void aCompletedChainThatMixesOwnersReachesEachOwnerAlone() {
        build(2, 1);
        long one = hosts.get(0).offload();
        long two = hosts.get(1).offload();
        targets.get(0).holdIo();
        hosts.get(0).binding.tcpOffloadSend(one, chain(2));
        hosts.get(1).binding.tcpOffloadSend(two, chain(1));
        hosts.get(0).binding.tcpOffloadSend(one, chain(1));
        assertThat(driver.held()).containsEntry("list contexts", 4);

        // The target completes all of it in one call, in the order in which it came.
        List<RecordingTarget.Io> calls = new ArrayList<>(targets.get(0).io());
        targets.get(0).io().clear();
        long last = nbl.wrap(calls.get(0).netBufferLists()).next();
        nbl.wrap(last).next(calls.get(1).netBufferLists());
        nbl.wrap(calls.get(1).netBufferLists()).next(calls.get(2).netBufferLists());
        targets.get(0).adapter().tcpOffloadSendComplete(calls.get(0).netBufferLists());

        assertThat(hosts.get(0).protocol.io())
                .extracting(RecordingProtocol.IoCompletion::netBufferList)
                .containsExactly(
                        calls.get(0).netBufferLists(), last, calls.get(2).netBufferLists());
        assertThat(hosts.get(1).protocol.io())
                .extracting(RecordingProtocol.IoCompletion::netBufferList)
                .containsExactly(calls.get(1).netBufferLists());
        assertThat(nbl.wrap(last).next()).as("a run ends where its owner's lists end").isZero();
        for (RecordingTarget.Io each : calls) {
            assertThat(nbl.wrap(each.netBufferLists()).context())
                    .as("what a driver above had put there")
                    .isEqualTo(0x77);
        }
        hosts.forEach(Host::statuses);
        targets.get(0).dropPendingIo();
        targets.get(0).release();
        hosts.get(0).terminate(one);
        hosts.get(1).terminate(two);
    }

    @Test
    void statesDataEventsAndRequestsStayWithTheFaceTheyBelongTo() {
        build(2, 1);
        long one = hosts.get(0).offload();
        long two = hosts.get(1).offload();
        List<Long> tokens = new ArrayList<>(targets.get(0).objects().keySet());
        targets.get(0).indicate(tokens.get(1), new byte[] {5});
        targets.get(0).event(tokens.get(0), TcpEvent.DISCONNECT, 3);
        long request = new RecordPool(memory, OidRequest.BYTES, 1).allocate();
        new OidRequest(memory).wrap(request).clear().oid(Oid.TCP4_OFFLOAD_STATS.code());
        hosts.get(1).binding.oidRequest(request);
        work();
        assertThat(hosts.get(0).protocol.indications()).isEmpty();
        assertThat(hosts.get(1).protocol.indications()).hasSize(1);
        assertThat(hosts.get(0).protocol.events())
                .containsExactly(new RecordingProtocol.Event(one, TcpEvent.DISCONNECT, 3));
        assertThat(hosts.get(1).protocol.events()).isEmpty();
        assertThat(hosts.get(0).protocol.oids()).isEmpty();
        assertThat(hosts.get(1).protocol.oids()).containsExactly(request);
        hosts.get(1)
                .binding
                .tcpOffloadReceiveReturn(
                        hosts.get(1).protocol.indications().get(0).netBufferList());

        // The token of the other face's object names nothing here.
        long stolen = trees.handle();
        trees.token(stolen, trees.token(two));
        hosts.get(0).binding.tcpOffloadSend(stolen, chain(1));
        work();
        assertThat(hosts.get(0).statuses()).containsExactly(OffloadStatus.INVALID_STATE);
        trees.freeHandle(stolen);
        hosts.get(0).terminate(one);
        hosts.get(1).terminate(two);
        assertThat(hosts.get(0).protocol.completions())
                .extracting(RecordingProtocol.Completion::operation)
                .containsExactly("initiate", "terminate");
    }

    @Rule("I-32")
    @Test
    void pauseUploadAllAndResumeReachEveryFaceAbove() {
        build(3, 1);
        List<StatusIndication> all =
                List.of(
                        StatusIndication.OFFLOAD_PAUSE,
                        StatusIndication.UPLOAD_ALL,
                        StatusIndication.OFFLOAD_RESUME);
        all.forEach(targets.get(0)::status);
        work();
        for (Host each : hosts) {
            assertThat(each.protocol.statuses()).isEqualTo(all);
        }
    }

    @Rule({"I-19", "I-33"})
    @Test
    void ioThatFindsNoContextAsksForAnUploadAndThenSaysThatOneWasAsked() {
        build(2, 1);
        long one = hosts.get(0).offload();
        long two = hosts.get(1).offload();
        targets.get(0).holdIo();
        hosts.get(1).binding.tcpOffloadSend(two, chain(LISTS - 2));
        hosts.get(0).binding.tcpOffloadSend(one, chain(3));
        assertThat(hosts.get(0).protocol.io()).as("never inside the call").isEmpty();
        work();
        assertThat(hosts.get(0).statuses())
                .containsExactly(
                        OffloadStatus.REQUEST_UPLOAD,
                        OffloadStatus.UPLOAD_REQUESTED,
                        OffloadStatus.UPLOAD_REQUESTED);
        // There would be room for these, but the connection is to be uploaded first.
        hosts.get(0).binding.tcpOffloadSend(one, chain(1));
        hosts.get(0).binding.tcpOffloadReceive(one, chain(1));
        hosts.get(0).binding.tcpOffloadForward(one, chain(1));
        hosts.get(0).binding.tcpOffloadDisconnect(one, chain(1), 1);
        work();
        assertThat(hosts.get(0).statuses()).hasSize(4).containsOnly(OffloadStatus.UPLOAD_REQUESTED);
        assertThat(targets.get(0).io()).as("nothing of it went down").hasSize(1);
        targets.get(0).release();
        hosts.get(0).terminate(one);
        one = hosts.get(0).offload();
        hosts.get(0).binding.tcpOffloadSend(one, chain(LISTS));
        work();
        assertThat(hosts.get(0).statuses())
                .as("offloaded again, with room")
                .hasSize(LISTS)
                .containsOnly(OffloadStatus.SUCCESS);
        hosts.get(1).statuses();
        hosts.get(0).terminate(one);
        hosts.get(1).terminate(two);
    }

    @Rule({"I-28", "I-29", "I-30"})
    @Test
    void listsThatGoDownInABlockComeBackAsTheyWereWhenItFailsOrIsTerminated() {
        build(2, 1);
        long handle = trees.handle();
        long root = trees.block(StateType.TCP, handle);
        long lists = chain(2);
        trees.at(root).netBufferListChain(lists);
        targets.get(0).fate((number, type) -> OffloadStatus.RESOURCES);
        hosts.get(1).binding.initiateOffload(root);
        assertThat(nbl.wrap(lists).context()).isNotEqualTo(0x77);
        work();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.RESOURCES.code());
        assertThat(nbl.wrap(lists).context()).isEqualTo(0x77);

        trees.at(root).netBufferListChain(0);
        long tooMany = chain(LISTS + 1);
        trees.at(root).netBufferListChain(tooMany);
        hosts.get(1).binding.initiateOffload(root);
        work();
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.FAILURE.code());
        assertThat(targets.get(0).operations()).as("the second never went down").hasSize(1);
        assertThat(nbl.wrap(tooMany).context()).isEqualTo(0x77);
        nbls.freeChain(tooMany);

        targets.get(0).fate((number, type) -> OffloadStatus.SUCCESS);
        trees.at(root).netBufferListChain(lists);
        targets.get(0).holdIo();
        hosts.get(1).binding.initiateOffload(root);
        work();
        assertThat(trees.at(root).netBufferListChain()).isZero();
        targets.get(0).dropPendingIo();
        hosts.get(1).binding.terminateOffload(root);
        trees.at(root).netBufferListChain(lists);
        work();
        assertThat(trees.token(handle)).isZero();
        assertThat(nbl.wrap(lists).context()).isEqualTo(0x77);
        nbls.freeChain(lists);
        trees.free(root);
        trees.freeHandle(handle);
    }

    @Test
    void framesFindTheFaceThatTheDriverNamesAndTheirSenderAgain() {
        build(2, 1);
        for (byte face : new byte[] {1, 0, 7}) {
            targets.get(0).frame(new byte[] {face, 9});
        }
        work();
        assertThat(hosts.get(0).protocol.frames()).containsExactly(new byte[] {0, 9});
        assertThat(hosts.get(1).protocol.frames()).containsExactly(new byte[] {1, 9});
        hosts.get(1).binding.sendNetBufferLists(chain(2));
        hosts.get(0).binding.sendNetBufferLists(chain(LISTS));
        work();
        assertThat(hosts.get(0).protocol.takeSentFrames(nbls))
                .as("no context: dropped, and given back")
                .isEqualTo(LISTS);
        assertThat(hosts.get(1).protocol.takeSentFrames(nbls)).isEqualTo(2);
        assertThat(targets.get(0).io()).hasSize(1);
    }

    @Test
    void objectsStayAtTheFaceBelowThatTheyWentTo() {
        build(1, 2);
        Host host = hosts.get(0);
        long[] handles = {host.offload(), host.offload(), host.offload()};
        assertThat(targets.get(0).objects()).hasSize(2);
        assertThat(targets.get(1).objects()).hasSize(1);
        for (int i = 0; i < handles.length; i++) {
            host.binding.tcpOffloadSend(handles[i], chain(1));
        }
        work();
        assertThat(targets.get(0).io()).hasSize(2);
        assertThat(targets.get(1).io()).hasSize(1);
        host.statuses();

        // What each has indicated goes back to it, also out of one chain.
        targets.forEach(t -> t.indicate(t.objects().keySet().iterator().next(), new byte[] {1}));
        targets.forEach(t -> t.frame(new byte[] {0}));
        work();
        long first = host.protocol.indications().get(0).netBufferList();
        nbl.wrap(first).next(host.protocol.indications().get(1).netBufferList());
        host.binding.tcpOffloadReceiveReturn(first);
        assertThat(targets).allSatisfy(t -> assertThat(t.returned()).hasSize(1));

        // A face below cannot speak for what is at the other one.
        long foreign = targets.get(1).objects().values().iterator().next().ndisOffloadHandle();
        targets.get(0).indicateTo(foreign, new byte[] {1});
        work();
        assertThat(driver.strayCalls()).isEqualTo(1);
        assertThat(host.protocol.indications()).hasSize(2);
        for (long each : handles) {
            host.terminate(each);
        }
        assertThat(targets).allSatisfy(t -> assertThat(t.objects()).isEmpty());
        strays = 1;
    }

    @Rule({"I-20", "I-22", "I-26"})
    @Test
    void aDriverThatBreaksOffloadsAnswersForWhatLiesBelow() {
        build(1, 1);
        Host host = hosts.get(0);
        assertThat(host.binding.miniport().capabilities().chimney()).isTrue();
        driver.chimney = false;
        assertThat(host.binding.miniport().capabilities().chimney()).isFalse();
        assertThat(host.binding.miniport().capabilities().unavailabilityCause()).contains("faces");
        RecordPool pool = new RecordPool(memory, OidRequest.BYTES, 2);
        OidRequest request = new OidRequest(memory);
        long query = pool.allocate();
        long set = pool.allocate();
        int oid = Oid.TCP_TASK_OFFLOAD.code();
        request.wrap(query).clear().oid(oid).type(OidRequest.REQUEST_QUERY);
        request.wrap(set).clear().oid(oid).type(OidRequest.REQUEST_SET);
        targets.get(0).oidStatus(OffloadStatus.SUCCESS);
        host.binding.oidRequest(query);
        host.binding.oidRequest(set);
        long handle = trees.handle();
        long root = trees.block(StateType.TCP, handle);
        host.binding.initiateOffload(root);
        assertThat(host.protocol.completions()).as("never inside the call").isEmpty();
        work();
        assertThat(request.wrap(query).status()).isEqualTo(OffloadStatus.NOT_SUPPORTED.code());
        assertThat(request.wrap(set).status()).isEqualTo(OffloadStatus.SUCCESS.code());
        assertThat(targets.get(0).oidRequests()).as("sets always pass").containsExactly(set);
        assertThat(trees.status(root)).isEqualTo(OffloadStatus.FAILURE.code());
        assertThat(targets.get(0).operations()).isEmpty();
        trees.free(root);
        trees.freeHandle(handle);
    }

    @Test
    void severalFacesNeedContexts() {
        build(1, 2);
        assertThatThrownBy(
                        () ->
                                new IntermediateDriver(
                                        memory,
                                        new MiniportAdapter(memory, new RecordingTarget(memory)),
                                        4) {
                                    {
                                        openUpper("second");
                                    }

                                    @Override
                                    public String name() {
                                        return "bare";
                                    }
                                })
                .isInstanceOf(IllegalStateException.class);
    }
}
