// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.host.Rule;
import dev.flue.spi.HeapMemory;
import org.junit.jupiter.api.Test;

class MiniportAdapterTest {
    private final HeapMemory memory = new HeapMemory();
    private final RecordPool blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, 8);
    private final MiniportOffloadBlockList block = new MiniportOffloadBlockList(memory);
    private final Calls below = new Calls();
    private final Calls first = new Calls();
    private final Calls second = new Calls();
    private final MiniportAdapter adapter = new MiniportAdapter(memory, below.of(Miniport.class));

    private Binding bind(Calls calls) {
        return new Binding(memory, calls.of(Protocol.class), adapter);
    }

    private long block() {
        long ref = blocks.allocate();
        block.wrap(ref).clear(StateType.NONE);
        return ref;
    }

    @Test
    void aBlockListGoesBackToTheBindingItCameThrough() {
        Binding one = bind(first);
        Binding two = bind(second);
        long a = block();
        long b = block();
        one.queryOffload(a);
        two.queryOffload(b);
        adapter.queryOffloadComplete(b);
        assertThat(first.take()).isEmpty();
        assertThat(second.take()).containsExactly("queryOffloadComplete [" + b + "]");
        adapter.queryOffloadComplete(a);
        assertThat(first.take()).containsExactly("queryOffloadComplete [" + a + "]");
    }

    private long parameters(RecordPool pool, int ipv4) {
        long ref = pool.allocate();
        long structure = ref + OidRequest.BYTES;
        new TcpConnectionOffloadParameters(memory).wrap(structure).clear().ipv4Enabled(ipv4);
        return new OidRequest(memory)
                .wrap(ref)
                .clear()
                .oid(Oid.TCP_CONNECTION_OFFLOAD_PARAMETERS.code())
                .type(OidRequest.REQUEST_SET)
                .length(TcpConnectionOffloadParameters.BYTES)
                .information(structure)
                .ref();
    }

    @Test
    @Rule("H-49")
    void onlyOneProtocolAtATimeMayEnableOffload() {
        Binding one = bind(first);
        Binding two = bind(second);
        RecordPool pool = new RecordPool(memory, 128, 8);
        OidRequest request = new OidRequest(memory);
        long a = parameters(pool, 1);
        one.oidRequest(a);
        assertThat(below.take()).contains("oidRequest [" + a + "]");
        long b = parameters(pool, 1);
        two.oidRequest(b);
        assertThat(below.take()).as("it does not get to the miniport").isEmpty();
        assertThat(second.take()).as("not out of the call").isEmpty();
        two.doWork(1);
        assertThat(second.take()).containsExactly("oidRequestComplete [" + b + "]");
        assertThat(request.wrap(b).status()).isEqualTo(OffloadStatus.FAILURE.code());
        below.take();
        long off = parameters(pool, 0);
        one.oidRequest(off);
        long again = parameters(pool, 1);
        two.oidRequest(again);
        assertThat(below.take())
                .as("free again once the first one has nothing enabled")
                .containsExactly("oidRequest [" + off + "]", "oidRequest [" + again + "]");
        request.wrap(again).status(OffloadStatus.FAILURE.code());
        adapter.oidRequestComplete(again);
        long retry = parameters(pool, 1);
        one.oidRequest(retry);
        assertThat(below.take())
                .as("who was refused by the miniport has nothing enabled")
                .containsExactly("oidRequest [" + retry + "]");
        pool.close();
    }

    @Test
    void aBlockListWithASourceHandleOfNobodyIsMisuse() {
        bind(first);
        long ref = block();
        for (long source : new long[] {0, 2, -1, Long.MIN_VALUE}) {
            block.wrap(ref).sourceHandle(source);
            assertThatThrownBy(() -> adapter.terminateOffloadComplete(ref))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("SourceHandle");
        }
        assertThat(first.take()).isEmpty();
    }

    @Test
    void ioCompletionsIndicationsAndFramesGoToTheOneProtocol() {
        bind(first);
        BytesConsumed consumed = new BytesConsumed();
        adapter.tcpOffloadSendComplete(1);
        adapter.tcpOffloadReceiveComplete(2);
        adapter.tcpOffloadDisconnectComplete(3);
        adapter.tcpOffloadForwardComplete(4);
        adapter.tcpOffloadReceiveIndicate(5, 6, OffloadStatus.SUCCESS, consumed);
        adapter.tcpOffloadEvent(7, TcpEvent.RETRIEVE, 8);
        adapter.receiveNetBufferLists(9);
        adapter.sendNetBufferListsComplete(10);
        assertThat(first.take())
                .containsExactly(
                        "tcpOffloadSendComplete [1]",
                        "tcpOffloadReceiveComplete [2]",
                        "tcpOffloadDisconnectComplete [3]",
                        "tcpOffloadForwardComplete [4]",
                        "tcpOffloadReceiveIndicate [5, 6, SUCCESS, " + consumed + "]",
                        "tcpOffloadEvent [7, RETRIEVE, 8]",
                        "receiveNetBufferLists [9]",
                        "sendNetBufferListsComplete [10]");
    }

    @Test
    void statusIndicationsGoToEveryProtocol() {
        bind(first);
        bind(second);
        adapter.statusIndication(StatusIndication.UPLOAD_ALL);
        assertThat(first.take()).containsExactly("statusIndication [UPLOAD_ALL]");
        assertThat(second.take()).containsExactly("statusIndication [UPLOAD_ALL]");
    }

    @Test
    void ioWithoutExactlyOneBindingIsMisuse() {
        assertThatThrownBy(() -> adapter.tcpOffloadSendComplete(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("0 bindings");
        bind(first);
        bind(second);
        assertThatThrownBy(() -> adapter.tcpOffloadSendComplete(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("2 bindings");
    }
}
