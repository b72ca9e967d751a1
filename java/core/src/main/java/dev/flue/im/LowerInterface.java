// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;

/** A face of an intermediate driver towards a miniport below it: a protocol (chimney 7.1). */
public final class LowerInterface implements Protocol {
    private final IntermediateDriver driver;
    private final int number;
    private final Binding binding;

    LowerInterface(Memory memory, IntermediateDriver driver, int number, MiniportAdapter adapter) {
        this.driver = driver;
        this.number = number;
        this.binding = new Binding(memory, this, adapter);
    }

    /** 0 for the first one of its driver. */
    public int number() {
        return number;
    }

    /** The way down. */
    public Binding binding() {
        return binding;
    }

    @Override
    public void initiateOffloadComplete(long root) {
        driver.stateOperationComplete(this, StateOperation.INITIATE, root);
    }

    @Override
    public void queryOffloadComplete(long root) {
        driver.stateOperationComplete(this, StateOperation.QUERY, root);
    }

    @Override
    public void updateOffloadComplete(long root) {
        driver.stateOperationComplete(this, StateOperation.UPDATE, root);
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        driver.stateOperationComplete(this, StateOperation.INVALIDATE, root);
    }

    @Override
    public void terminateOffloadComplete(long root) {
        driver.stateOperationComplete(this, StateOperation.TERMINATE, root);
    }

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        driver.ioComplete(this, IoKind.SEND, netBufferLists);
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {
        driver.ioComplete(this, IoKind.RECEIVE, netBufferLists);
    }

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {
        driver.ioComplete(this, IoKind.DISCONNECT, netBufferList);
    }

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {
        driver.ioComplete(this, IoKind.FORWARD, netBufferLists);
    }

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        int entry = driver.indicated(this, offloadHandle, false);
        if (entry < 0) {
            consumed.bytes = 0;
            return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
        }
        return driver.receiveIndicate(entry, netBufferList, status, consumed);
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        int entry = driver.indicated(this, offloadHandle, true);
        if (entry >= 0) {
            driver.event(entry, event, information);
        }
    }

    @Override
    public void statusIndication(StatusIndication indication) {
        driver.status(this, indication);
    }

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {
        driver.neighborEvent(this, block, event);
    }

    @Override
    public void oidRequestComplete(long request) {
        driver.oidRequestComplete(this, request);
    }

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        driver.receiveFrames(this, netBufferLists);
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        driver.framesSent(this, netBufferLists);
    }
}
