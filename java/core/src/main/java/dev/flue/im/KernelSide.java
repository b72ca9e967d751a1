// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;

/** The face of a {@link KernelDriver} towards the kernel's interface: frames, nothing else. */
final class KernelSide implements Protocol {
    private final KernelDriver driver;

    KernelSide(KernelDriver driver) {
        this.driver = driver;
    }

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        driver.fromKernel(netBufferLists);
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        driver.atKernel(netBufferLists);
    }

    /** The link of an interface: who sends there loses what he sends, as he should. */
    @Override
    public void statusIndication(StatusIndication indication) {}

    // Nothing is offloaded there.

    @Override
    public void initiateOffloadComplete(long root) {
        throw unasked();
    }

    @Override
    public void queryOffloadComplete(long root) {
        throw unasked();
    }

    @Override
    public void updateOffloadComplete(long root) {
        throw unasked();
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        throw unasked();
    }

    @Override
    public void terminateOffloadComplete(long root) {
        throw unasked();
    }

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        throw unasked();
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {
        throw unasked();
    }

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {
        throw unasked();
    }

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {
        throw unasked();
    }

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        consumed.bytes = 0;
        return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {}

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {}

    @Override
    public void oidRequestComplete(long request) {
        throw unasked();
    }

    private static IllegalStateException unasked() {
        return new IllegalStateException("the kernel's interface completed what nobody asked for");
    }
}
