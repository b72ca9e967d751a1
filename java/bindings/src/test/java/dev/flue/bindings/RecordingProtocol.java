// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpEvent;
import java.util.ArrayList;
import java.util.List;

/** A protocol that writes down what it hears, one line a call. */
class RecordingProtocol implements Protocol {
    final List<String> heard = new ArrayList<>();
    Runnable onStatus = () -> {};
    OffloadStatus verdict = OffloadStatus.SUCCESS;
    int verdictBytes;

    @Override
    public void initiateOffloadComplete(long root) {
        heard.add("initiate " + root);
    }

    @Override
    public void queryOffloadComplete(long root) {
        heard.add("query " + root);
    }

    @Override
    public void updateOffloadComplete(long root) {
        heard.add("update " + root);
    }

    @Override
    public void invalidateOffloadComplete(long root) {
        heard.add("invalidate " + root);
    }

    @Override
    public void terminateOffloadComplete(long root) {
        heard.add("terminate " + root);
    }

    @Override
    public void tcpOffloadSendComplete(long netBufferLists) {
        heard.add("send " + netBufferLists);
    }

    @Override
    public void tcpOffloadReceiveComplete(long netBufferLists) {
        heard.add("receive " + netBufferLists);
    }

    @Override
    public void tcpOffloadDisconnectComplete(long netBufferList) {
        heard.add("disconnect " + netBufferList);
    }

    @Override
    public void tcpOffloadForwardComplete(long netBufferLists) {
        heard.add("forward " + netBufferLists);
    }

    @Override
    public OffloadStatus tcpOffloadReceiveIndicate(
            long offloadHandle, long netBufferList, OffloadStatus status, BytesConsumed consumed) {
        heard.add("indicate " + offloadHandle + " " + netBufferList + " " + status);
        consumed.bytes = verdictBytes;
        return verdict;
    }

    @Override
    public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
        heard.add("event " + offloadHandle + " " + event + " " + information);
    }

    @Override
    public void indicateOffloadEvent(long block, OffloadEvent event) {}

    @Override
    public void oidRequestComplete(long request) {}

    @Override
    public void statusIndication(StatusIndication indication) {
        onStatus.run();
        heard.add("status " + indication);
    }

    @Override
    public void receiveNetBufferLists(long netBufferLists) {
        heard.add("frames " + netBufferLists);
    }

    @Override
    public void sendNetBufferListsComplete(long netBufferLists) {
        heard.add("sent " + netBufferLists);
    }
}
