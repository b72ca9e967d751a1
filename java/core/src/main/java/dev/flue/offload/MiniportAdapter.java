// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * NDIS's side of one miniport: the functions a miniport calls to complete and to indicate (the
 * {@code NdisM...} and {@code NdisTcpOffload...} functions). It finds the {@link Binding} that a
 * completion belongs to: block lists by their SourceHandle, NBLs by theirs when there is more than
 * one binding. One thread, that of the miniport's duty cycle.
 */
public final class MiniportAdapter {
    private final Memory memory;
    private final Miniport miniport;
    private final MiniportOffloadBlockList block;
    private final OidRequest oid;
    private final TcpConnectionOffloadParameters structure;
    private final List<Binding> bindings = new ArrayList<>();
    private Binding only;

    /** Who has offload enabled, or has asked for it; null = nobody. */
    private Binding enabler;

    public MiniportAdapter(Memory memory, Miniport miniport) {
        this.memory = memory;
        this.miniport = miniport;
        this.block = new MiniportOffloadBlockList(memory);
        this.oid = new OidRequest(memory);
        this.structure = new TcpConnectionOffloadParameters(memory);
        miniport.initialize(this);
    }

    public Miniport miniport() {
        return miniport;
    }

    public Memory memory() {
        return memory;
    }

    /** The index of the new binding plus one: its SourceHandle. */
    long attach(Binding binding) {
        bindings.add(binding);
        only = bindings.size() == 1 ? binding : null;
        return bindings.size();
    }

    // Completions of state operations: `root` is the MiniportOffloadBlockList that came down.

    public void initiateOffloadComplete(long root) {
        bindingOfBlock(root).initiateOffloadComplete(root);
    }

    public void queryOffloadComplete(long root) {
        bindingOfBlock(root).queryOffloadComplete(root);
    }

    public void updateOffloadComplete(long root) {
        bindingOfBlock(root).updateOffloadComplete(root);
    }

    public void invalidateOffloadComplete(long root) {
        bindingOfBlock(root).invalidateOffloadComplete(root);
    }

    public void terminateOffloadComplete(long root) {
        bindingOfBlock(root).terminateOffloadComplete(root);
    }

    // Completions of I/O.

    public void tcpOffloadSendComplete(long netBufferLists) {
        binding().upper().tcpOffloadSendComplete(netBufferLists);
    }

    public void tcpOffloadReceiveComplete(long netBufferLists) {
        binding().upper().tcpOffloadReceiveComplete(netBufferLists);
    }

    public void tcpOffloadDisconnectComplete(long netBufferList) {
        binding().upper().tcpOffloadDisconnectComplete(netBufferList);
    }

    public void tcpOffloadForwardComplete(long netBufferLists) {
        binding().upper().tcpOffloadForwardComplete(netBufferLists);
    }

    // Indications. `ndisOffloadHandle` is what the block of the object's initiate carried.

    public OffloadStatus tcpOffloadReceiveIndicate(
            long ndisOffloadHandle,
            long netBufferList,
            OffloadStatus status,
            BytesConsumed consumed) {
        return binding()
                .upper()
                .tcpOffloadReceiveIndicate(ndisOffloadHandle, netBufferList, status, consumed);
    }

    public void tcpOffloadEvent(long ndisOffloadHandle, TcpEvent event, long information) {
        binding().upper().tcpOffloadEvent(ndisOffloadHandle, event, information);
    }

    /** PAUSE, UPLOAD_ALL, RESUME: to every protocol bound here. */
    public void statusIndication(StatusIndication indication) {
        for (Binding each : bindings) {
            each.upper().statusIndication(indication);
        }
    }

    /**
     * NdisMOffloadEventIndicate: {@code block} is a MiniportOffloadBlockList with the neighbor's
     * NdisOffloadHandle; what the protocol answered is in its CACHED structure afterwards.
     */
    public void offloadEventIndicate(long block, OffloadEvent event) {
        binding().indicateOffloadEvent(block, event);
    }

    /** Whether a request may go down: only one protocol may enable offload here (H-49). */
    boolean mayEnable(Binding binding, long request) {
        if (!parameters(request)) {
            return true;
        }
        if (enabler != null && enabler != binding) {
            return false;
        }
        structure.wrap(oid.information());
        boolean enables = structure.ipv4Enabled() != 0 || structure.ipv6Enabled() != 0;
        enabler = enables ? binding : null;
        return true;
    }

    private boolean parameters(long request) {
        return oid.wrap(request).oid() == Oid.TCP_CONNECTION_OFFLOAD_PARAMETERS.code()
                && oid.type() == OidRequest.REQUEST_SET
                && oid.length() >= TcpConnectionOffloadParameters.BYTES;
    }

    /** To the binding that the request came from. */
    public void oidRequestComplete(long request) {
        boolean failed = oid.wrap(request).status() != OffloadStatus.SUCCESS.code();
        boolean its = enabler != null && bindingOf(oid.sourceHandle()) == enabler;
        if (failed && its && oid.oid() == Oid.TCP_CONNECTION_OFFLOAD_PARAMETERS.code()) {
            enabler = null;
        }
        bindingOf(oid.wrap(request).sourceHandle()).upper().oidRequestComplete(request);
    }

    // Ordinary frames.

    public void receiveNetBufferLists(long netBufferLists) {
        binding().upper().receiveNetBufferLists(netBufferLists);
    }

    public void sendNetBufferListsComplete(long netBufferLists) {
        binding().upper().sendNetBufferListsComplete(netBufferLists);
    }

    private Binding bindingOfBlock(long root) {
        return bindingOf(block.wrap(root).sourceHandle());
    }

    private Binding bindingOf(long source) {
        if (source < 1 || source > bindings.size()) {
            throw new IllegalStateException("completed with SourceHandle " + source);
        }
        return bindings.get((int) source - 1);
    }

    private Binding binding() {
        if (only == null) {
            throw new IllegalStateException(
                    "this miniport has " + bindings.size() + " bindings, exactly one is supported");
        }
        return only;
    }
}
