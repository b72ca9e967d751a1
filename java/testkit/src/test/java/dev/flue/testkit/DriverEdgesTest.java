// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.PassThroughDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.OidRequest;
import dev.flue.offload.Protocol;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.HeapMemory;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both edges of a driver whole; OID requests and neighbor events through none to three drivers. */
class DriverEdgesTest {
    private static final Set<String> OWN =
            Set.of("initialize", "capabilities", "doWork", "transmit", "nextDeadline", "toString");

    /** Names of what was called on an interface; answers with nothing. */
    private static <T> T recorder(Class<T> type, Set<String> called, List<Object> adapters) {
        InvocationHandler handler =
                (proxy, method, arguments) -> {
                    called.add(method.getName());
                    if (method.getName().equals("initialize")) {
                        adapters.add(arguments[0]);
                    }
                    return nothing(method);
                };
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static Object nothing(Method method) {
        Class<?> type = method.getReturnType();
        if (type == int.class) {
            return 0;
        } else if (type == long.class) {
            return Long.MAX_VALUE;
        } else if (type == OffloadStatus.class) {
            return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
        }
        return null;
    }

    private static Set<String> methods(Class<?> type) {
        Set<String> names = new TreeSet<>();
        for (Method method : type.getMethods()) {
            names.add(method.getName());
        }
        names.removeAll(OWN);
        return names;
    }

    /** A driver of this project registers by being bound: below as protocol, above as miniport. */
    @Rule("I-1")
    @Test
    void oneBindingToEachEdgeRegistersEveryHandlerOfThatEdge() {
        HeapMemory memory = new HeapMemory();
        Set<String> down = new TreeSet<>();
        Set<String> up = new TreeSet<>();
        List<Object> adapters = new ArrayList<>();
        Miniport lowest = recorder(Miniport.class, down, adapters);
        MiniportAdapter lower = new MiniportAdapter(memory, lowest);
        PassThroughDriver driver = new PassThroughDriver(memory, lower, 16);
        Binding binding =
                new Binding(
                        memory,
                        recorder(Protocol.class, up, adapters),
                        new MiniportAdapter(memory, driver.upper()));
        assertThat(adapters).as("registered below, once").containsExactly(lower);

        OffloadTrees trees = new OffloadTrees(memory, 16);
        NblPool nbls = new NblPool(memory, 4, 16);
        long handle = trees.handle();
        long root = trees.block(StateType.TCP, handle);
        binding.initiateOffload(root);
        MiniportOffloadBlockList block = new MiniportOffloadBlockList(memory).wrap(root);
        long below = block.ndisOffloadHandle();
        block.status(OffloadStatus.SUCCESS.code());
        new OffloadHandle(memory).wrap(below).miniportOffloadContext(5);
        lower.initiateOffloadComplete(root);
        operations(binding, lower, root);
        long list = nbls.allocate(new byte[4]);
        data(binding, lower, handle, below, list);
        block.wrap(root).ndisOffloadHandle(below);
        lower.offloadEventIndicate(root, OffloadEvent.NEIGHBOR_REACHABILITY_QUERY);
        lower.statusIndication(StatusIndication.OFFLOAD_PAUSE);
        long request = new RecordPool(memory, OidRequest.BYTES, 1).allocate();
        binding.oidRequest(request);
        lower.oidRequestComplete(request);
        binding.terminateOffload(root);
        lower.terminateOffloadComplete(root);

        down.removeAll(OWN);
        up.removeAll(OWN);
        assertThat(down).isEqualTo(methods(Miniport.class));
        assertThat(up).isEqualTo(methods(Protocol.class));
    }

    private static void operations(Binding binding, MiniportAdapter lower, long root) {
        binding.queryOffload(root);
        lower.queryOffloadComplete(root);
        binding.updateOffload(root);
        lower.updateOffloadComplete(root);
        binding.invalidateOffload(root);
        lower.invalidateOffloadComplete(root);
    }

    private static void data(
            Binding binding, MiniportAdapter lower, long handle, long below, long list) {
        binding.tcpOffloadSend(handle, list);
        lower.tcpOffloadSendComplete(list);
        binding.tcpOffloadReceive(handle, list);
        lower.tcpOffloadReceiveComplete(list);
        binding.tcpOffloadForward(handle, list);
        lower.tcpOffloadForwardComplete(list);
        binding.tcpOffloadDisconnect(handle, list, Miniport.DISCONNECT_GRACEFUL);
        lower.tcpOffloadDisconnectComplete(list);
        binding.tcpOffloadReceiveReturn(list);
        binding.sendNetBufferLists(list);
        lower.sendNetBufferListsComplete(list);
        binding.returnNetBufferLists(list);
        lower.receiveNetBufferLists(list);
        lower.tcpOffloadReceiveIndicate(below, list, OffloadStatus.SUCCESS, new BytesConsumed());
        lower.tcpOffloadEvent(below, TcpEvent.DISCONNECT, 0);
    }

    @Rule({"I-20", "I-21"})
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void anOidRequestGoesDownAsItIsAndComesBackOnceAnswered(int depth) {
        DriverStack stack = new DriverStack(depth, 64);
        RecordPool pool = new RecordPool(stack.memory, OidRequest.BYTES, 2);
        OidRequest request = new OidRequest(stack.memory);
        long query = pool.allocate();
        long set = pool.allocate();
        int oid = Oid.TCP_CONNECTION_OFFLOAD_PARAMETERS.code();
        request.wrap(query).clear().oid(oid).type(OidRequest.REQUEST_QUERY).imReserved0(7);
        request.wrap(set).clear().oid(oid).type(OidRequest.REQUEST_SET).protocolReserved1(8);

        stack.binding.oidRequest(query);
        assertThat(stack.protocol.oids()).as("never inside the call").isEmpty();
        stack.work();
        stack.target.oidStatus(OffloadStatus.SUCCESS);
        stack.binding.oidRequest(set);
        stack.work();

        assertThat(stack.target.oidRequests()).containsExactly(query, set);
        assertThat(stack.protocol.oids()).containsExactly(query, set);
        assertThat(request.wrap(query).status()).isEqualTo(OffloadStatus.NOT_SUPPORTED.code());
        assertThat(request.imReserved0()).isEqualTo(7);
        assertThat(request.sourceHandle()).isEqualTo(1);
        assertThat(request.wrap(set).status()).isEqualTo(OffloadStatus.SUCCESS.code());
        assertThat(request.oid()).isEqualTo(oid);
        assertThat(request.protocolReserved1()).isEqualTo(8);
        stack.nothingHeld();
        stack.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anOidRequestThatComesTwiceFromBelowIsNotPassedOn(int depth) {
        DriverStack stack = new DriverStack(depth, 64);
        long request = new RecordPool(stack.memory, OidRequest.BYTES, 1).allocate();
        new OidRequest(stack.memory).wrap(request).clear().sourceHandle(1);
        stack.target.later(() -> stack.target.adapter().oidRequestComplete(request));
        stack.work();
        assertThat(stack.protocol.oids()).isEmpty();
        assertThat(stack.below.strayCalls()).isEqualTo(1);
        stack.nothingHeld();
        stack.close();
    }

    @Rule("I-17")
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void aNeighborEventGoesUpWithTheHandleAboveAndTheAnswerComesBack(int depth) {
        DriverStack stack = new DriverStack(depth, 64);
        long[] handles = stack.offloadConnection();
        long token = stack.targetToken(handles[0]);
        long own = stack.target.objects().get(token).ndisOffloadHandle();
        long ref = stack.trees.block(StateType.NEIGHBOR, 0);
        stack.miniportBlock.wrap(ref).ndisOffloadHandle(own).sourceHandle(1);
        stack.protocol.reachabilityDelta(1234);
        stack.target.later(
                () ->
                        stack.target
                                .adapter()
                                .offloadEventIndicate(
                                        ref, OffloadEvent.NEIGHBOR_REACHABILITY_QUERY));
        stack.work();

        assertThat(stack.protocol.neighborEvents())
                .containsExactly(
                        new RecordingProtocol.NeighborEvent(
                                handles[0], OffloadEvent.NEIGHBOR_REACHABILITY_QUERY));
        NeighborCached cached = new NeighborCached(stack.memory);
        assertThat(cached.wrap(ref + StateOffsets.NEIGHBOR_CACHED).hostReachabilityDelta())
                .isEqualTo(1234);
        assertThat(stack.miniportBlock.wrap(ref).ndisOffloadHandle())
                .as("the target's again as it was")
                .isEqualTo(own);
        stack.trees.free(ref);
        stack.terminate(handles);
        stack.nothingHeld();
        stack.close();
    }
}
