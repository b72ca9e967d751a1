// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;

/** A protocol that counts calls, without an allocation. */
final class QuietProtocol implements Protocol {
    long calls;

    @Override
    public void initiateOffloadComplete(long root) {}

    @Override
    public void queryOffloadComplete(long root) {}

    @Override
    public void updateOffloadComplete(long root) {}

    @Override
    public void invalidateOffloadComplete(long root) {}

    @Override
    public void terminateOffloadComplete(long root) {}

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        calls++;
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {
        calls++;
    }

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {
        calls++;
    }

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {
        calls++;
    }

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        calls++;
        consumed.bytes = 4;
        return OffloadStatus.SUCCESS;
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        calls++;
    }

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {}

    @Override
    public void oidRequestComplete(long request) {}

    @Override
    public void statusIndication(StatusIndication indication) {}

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        calls++;
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        calls++;
    }
}
