// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.im.VerifierDriver;
import dev.flue.offload.Binding;
import dev.flue.offload.BytesConsumed;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Protocol;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpEvent;
import dev.flue.spi.Memory;
import dev.flue.testkit.NblPool;
import dev.flue.testkit.Verifiers;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * An offload target as a script's subject: a connection is initiated into it in the state the
 * script starts from, and a bare protocol plays its application. The script's end is another
 * miniport on the same wire, used for frames only.
 */
public final class MiniportSubject implements WireSubject {
    private static final long START = 1_000_000_000L;
    private static final int SEND_BYTES = 65_536;
    private static final int TURNS = 10_000;
    private static final long TURN_NANOS = 1_000_000L;

    private static final int VERIFIED_OBJECTS = 16;

    private final String name;
    private final IpVersion version;
    private final VerifierDriver verifier;
    private final Miniport target;
    private final Binding binding;
    private final WirePeer peer;
    private final LongSupplier wireNext;
    private final Runnable onClose;
    private final NblPool sends;
    private final NetBufferList nbl;
    private final TcpDelegated delegated;
    private final EstablishedTree tree;
    private final Application application = new Application();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final List<Long> toReturn = new ArrayList<>();
    private ScriptConnection connection;
    private ScriptOptions options;
    private boolean reading = true;
    private boolean ended;
    private boolean reset;
    private boolean completed;
    private long now = START;

    /**
     * @param name for messages
     * @param version of IP; the wire has its {@link IpVersion#mtu}
     * @param ground the target to bind to, and the script's end of the wire
     */
    public MiniportSubject(String name, IpVersion version, Ground ground) {
        Memory memory = ground.memory();
        this.name = name;
        this.version = version;
        this.verifier = new VerifierDriver(memory, ground.stack(), VERIFIED_OBJECTS, "verifier");
        MiniportAdapter verified = new MiniportAdapter(memory, verifier.upper());
        this.target = verified.miniport();
        this.peer = new WirePeer(memory, ground.peer(), version.peer());
        this.wireNext = ground.nextEvent();
        this.onClose = ground.onClose();
        this.sends = new NblPool(memory, 64, SEND_BYTES);
        this.nbl = new NetBufferList(memory);
        this.delegated = new TcpDelegated(memory);
        this.tree = new EstablishedTree(memory, version);
        this.binding = new Binding(memory, application, verified);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long establish(ScriptConnection wanted) {
        connection = wanted;
        options = wanted.options();
        long root = tree.initiate(wanted);
        binding.initiateOffload(root);
        turnsUntilCompleted();
        tree.checkOffloaded();
        now += JavaStackSide.SETTLING_NANOS;
        turns(4);
        return now;
    }

    @Override
    public int iss() {
        return connection.iss();
    }

    @Override
    public int irs() {
        return connection.irs();
    }

    @Override
    public int windowShift() {
        return 0;
    }

    @Override
    public Endpoint local() {
        return version.local();
    }

    @Override
    public Endpoint peer() {
        return version.peer();
    }

    @Override
    public void inject(byte[] frame) {
        peer.send(frame);
    }

    @Override
    public int doWork(long nowNanos) {
        now = nowNanos;
        int work = target.doWork(nowNanos) + peer.doWork(nowNanos);
        for (long ref : toReturn) {
            binding.tcpOffloadReceiveReturn(ref);
            work++;
        }
        toReturn.clear();
        return work;
    }

    @Override
    public long nextDeadline() {
        long next = Math.min(target.nextDeadline(), peer.nextDeadline());
        return Math.min(next, wireNext.getAsLong());
    }

    @Override
    public List<byte[]> sent() {
        return peer.received();
    }

    @Override
    public void send(byte[] data) {
        binding.tcpOffloadSend(tree.tcpHandle(), sends.allocate(data));
    }

    @Override
    public void shutdown() {
        long empty = sends.allocate(new byte[0]);
        binding.tcpOffloadDisconnect(tree.tcpHandle(), empty, Miniport.DISCONNECT_GRACEFUL);
    }

    @Override
    public void abort() {
        long empty = sends.allocate(new byte[0]);
        binding.tcpOffloadDisconnect(tree.tcpHandle(), empty, Miniport.DISCONNECT_ABORTIVE);
    }

    @Override
    public void reading(boolean on) {
        if (on && !reading) {
            binding.tcpOffloadReceive(tree.tcpHandle(), sends.allocate(new byte[0]));
        }
        reading = on;
    }

    @Override
    public void set(ScriptOptions wanted) {
        boolean window = wanted.receiveBuffer() != options.receiveBuffer();
        options = wanted;
        update(tree.update(wanted, window));
    }

    @Override
    public void path(int bytes) {
        update(tree.updatePath(version.mtu(bytes)));
    }

    private void update(long block) {
        binding.updateOffload(block);
        turnsUntilCompleted();
        tree.checkUpdated(block);
    }

    @Override
    public byte[] received() {
        return received.toByteArray();
    }

    @Override
    public boolean endOfStream() {
        return ended;
    }

    @Override
    public boolean reset() {
        return reset;
    }

    @Override
    public void close() {
        if (tree.offloaded()) {
            long root = tree.terminate();
            binding.terminateOffload(root);
            turnsUntilCompleted();
            if (tree.tcpSucceeded()) {
                takeBack();
            }
            turns(4);
        }
        Verifiers.assertNoBreach(List.of(verifier));
        verifier.close();
        int leaked = sends.held() + peer.held();
        tree.close();
        sends.close();
        peer.close();
        onClose.run();
        if (leaked != 0) {
            throw new AssertionError(leaked + " buffers did not come back from " + name);
        }
    }

    /** What a terminate hands back: unacknowledged sends, unread data. */
    private void takeBack() {
        sends.freeChain(tree.takeSendChain());
        long buffered = delegated.wrap(tree.delegated()).bufferedData();
        if (buffered != 0) {
            binding.tcpOffloadReceiveReturn(buffered);
        }
    }

    private void turnsUntilCompleted() {
        completed = false;
        for (int i = 0; !completed; i++) {
            if (i > TURNS) {
                throw new AssertionError(name + " does not complete a state operation");
            }
            if (doWork(now) == 0) {
                now += i < 16 ? 0 : TURN_NANOS;
            }
        }
    }

    private void turns(int count) {
        for (int i = 0; i < count; i++) {
            doWork(now);
        }
        peer.received();
    }

    /** The protocol edge. */
    private final class Application implements Protocol {
        @Override
        public void initiateOffloadComplete(long root) {
            completed = true;
        }

        @Override
        public void queryOffloadComplete(long root) {
            completed = true;
        }

        @Override
        public void updateOffloadComplete(long root) {
            completed = true;
        }

        @Override
        public void invalidateOffloadComplete(long root) {
            completed = true;
        }

        @Override
        public void terminateOffloadComplete(long root) {
            completed = true;
        }

        @Override
        public void tcpOffloadSendComplete(long netBufferLists) {
            sends.freeChain(netBufferLists);
        }

        @Override
        public void tcpOffloadReceiveComplete(long netBufferLists) {
            sends.freeChain(netBufferLists);
        }

        @Override
        public void tcpOffloadDisconnectComplete(long netBufferList) {
            sends.freeChain(netBufferList);
        }

        @Override
        public void tcpOffloadForwardComplete(long netBufferLists) {
            sends.freeChain(netBufferLists);
        }

        @Override
        public OffloadStatus tcpOffloadReceiveIndicate(
                long offloadHandle,
                long netBufferList,
                OffloadStatus status,
                BytesConsumed consumed) {
            if (!reading) {
                consumed.bytes = 0;
                return OffloadStatus.OFFLOAD_DATA_NOT_ACCEPTED;
            }
            byte[] data = sends.bytes(netBufferList);
            received.writeBytes(data);
            consumed.bytes = data.length;
            toReturn.add(netBufferList);
            return OffloadStatus.SUCCESS;
        }

        @Override
        public void tcpOffloadEvent(long offloadHandle, TcpEvent event, long information) {
            ended |= event == TcpEvent.DISCONNECT;
            reset |= event == TcpEvent.ABORT;
        }

        @Override
        public void indicateOffloadEvent(long block, OffloadEvent event) {}

        @Override
        public void oidRequestComplete(long request) {}

        @Override
        public void statusIndication(StatusIndication indication) {}

        @Override
        public void receiveNetBufferLists(long netBufferLists) {
            binding.returnNetBufferLists(netBufferLists);
        }

        @Override
        public void sendNetBufferListsComplete(long netBufferLists) {
            for (long ref = netBufferLists; ref != 0; ref = nbl.wrap(ref).next()) {
                throw new AssertionError("a frame that nobody sent was completed");
            }
        }
    }
}
