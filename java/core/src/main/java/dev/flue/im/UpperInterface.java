// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Capabilities;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OidRefusals;
import dev.flue.spi.Memory;

/**
 * A face of an intermediate driver towards what lies above: a miniport (chimney 7.1). A driver has
 * one, or several over the same miniports below; each is bound to by itself and knows nothing of
 * the others. What the driver answers itself waits here for the next turn of the duty cycle.
 */
public final class UpperInterface implements Miniport {
    private final IntermediateDriver driver;
    private final int number;
    private final String name;
    private final Refusals refusals;
    private final OidRefusals oidRefusals;
    private MiniportAdapter adapter;

    UpperInterface(Memory memory, IntermediateDriver driver, int number, String name) {
        this.driver = driver;
        this.number = number;
        this.name = name;
        this.refusals = new Refusals(memory);
        this.oidRefusals = new OidRefusals(memory);
    }

    /** 0 for the first one of its driver. */
    public int number() {
        return number;
    }

    /** For people: the driver's name, or what {@link IntermediateDriver#openUpper} was told. */
    public String name() {
        return name.isEmpty() ? driver.name() : name;
    }

    /** Where completions and indications go; null before somebody made an adapter over it. */
    public MiniportAdapter adapter() {
        return adapter;
    }

    Refusals refusals() {
        return refusals;
    }

    OidRefusals oidRefusals() {
        return oidRefusals;
    }

    boolean idle() {
        return refusals.isEmpty() && oidRefusals.isEmpty();
    }

    /** Complete what this driver answers itself and was there at the call. */
    int completeRefusals() {
        return adapter == null ? 0 : refusals.complete(adapter) + oidRefusals.complete(adapter);
    }

    @Override
    public void initialize(MiniportAdapter newAdapter) {
        adapter = newAdapter;
    }

    @Override
    public Capabilities capabilities() {
        return driver.capabilities(this);
    }

    @Override
    public void initiateOffload(long root) {
        driver.stateOperation(this, StateOperation.INITIATE, root);
    }

    @Override
    public void queryOffload(long root) {
        driver.stateOperation(this, StateOperation.QUERY, root);
    }

    @Override
    public void updateOffload(long root) {
        driver.stateOperation(this, StateOperation.UPDATE, root);
    }

    @Override
    public void invalidateOffload(long root) {
        driver.stateOperation(this, StateOperation.INVALIDATE, root);
    }

    @Override
    public void terminateOffload(long root) {
        driver.stateOperation(this, StateOperation.TERMINATE, root);
    }

    @Override
    public void tcpOffloadSend(long token, long netBufferLists) {
        driver.ioByToken(this, IoKind.SEND, token, netBufferLists, 0);
    }

    @Override
    public void tcpOffloadReceive(long token, long netBufferLists) {
        driver.ioByToken(this, IoKind.RECEIVE, token, netBufferLists, 0);
    }

    @Override
    public void tcpOffloadDisconnect(long token, long netBufferList, int flags) {
        driver.ioByToken(this, IoKind.DISCONNECT, token, netBufferList, flags);
    }

    @Override
    public void tcpOffloadForward(long token, long netBufferLists) {
        driver.ioByToken(this, IoKind.FORWARD, token, netBufferLists, 0);
    }

    @Override
    public void tcpOffloadReceiveReturn(long netBufferLists) {
        driver.receiveReturn(this, netBufferLists);
    }

    @Override
    public void sendNetBufferLists(long netBufferLists) {
        driver.sendFrames(this, netBufferLists);
    }

    @Override
    public void returnNetBufferLists(long netBufferLists) {
        driver.returnFrames(this, netBufferLists);
    }

    @Override
    public void oidRequest(long request) {
        driver.oidRequest(this, request);
    }

    /** A turn of the whole driver and of what lies below it. */
    @Override
    public int doWork(long nowNanos) {
        return driver.doWork(nowNanos);
    }

    @Override
    public long nextDeadline() {
        return driver.nextDeadline();
    }

    @Override
    public String toString() {
        return name();
    }
}
