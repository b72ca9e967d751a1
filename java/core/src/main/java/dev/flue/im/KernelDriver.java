// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.spi.Memory;
import java.util.Map;
import java.util.TreeMap;

/**
 * A bump in the wire: the kernel has the network of the port as well, through an interface beside
 * it. Ordinary frames from the network go to the host stack, to the kernel or to both, as {@link
 * FrameSorter} says; what the kernel sends goes to the network, but for segments of connections
 * that are the host stack's. Connections and their data pass untouched.
 *
 * <pre>
 *        host stack
 *            |
 *      KernelDriver ---- the kernel's interface (a miniport that offloads nothing)
 *            |
 *   drivers, target, NIC
 * </pre>
 *
 * <p>It belongs right below the host stack: above drivers that change frames, or make one port of
 * several. No frame is copied here: one from the network is lent to the kernel's side and goes back
 * when that has it, one of the kernel's is lent to the network's. What either side has no room for
 * is lost, and counted.
 */
public final class KernelDriver extends IntermediateDriver {
    /** How long the kernel's interface is left alone when it had nothing the last time. */
    static final long IDLE_NANOS = 20_000;

    // In the context of an NBL: a frame of the kernel's that is below, one that goes to the kernel
    // when the host stack has given it back.
    private static final long OF_KERNEL = 0x4b46_0001_0000_0000L;
    private static final long THEN_KERNEL = 0x4b46_0002_0000_0000L;

    private final Binding kernel;
    private final FrameSorter sorter;
    private final FrameHead head;
    private final NetBufferList list;
    private final Chain toHost;
    private final Chain toKernel;
    private final Chain other;
    private long now;
    private long askedAt;
    private boolean asked;
    private boolean busy;

    private int atKernel;
    private int ofKernel;
    private long framesToKernel;
    private long framesFromKernel;
    private long framesReflected;
    private long framesClashing;
    private long framesLostToKernel;
    private long framesLostFromKernel;

    /** NBLs one behind the other. */
    private final class Chain {
        private long first;
        private long last;

        void add(long frame) {
            list.wrap(frame).next(0);
            if (last == 0) {
                first = frame;
            } else {
                list.wrap(last).next(frame);
            }
            last = frame;
        }

        /** All of them; it is empty afterwards. */
        long take() {
            long all = first;
            first = 0;
            last = 0;
            return all;
        }
    }

    /**
     * @param lower the network's side
     * @param side the kernel's
     * @param maxObjects neighbors, paths and connections offloaded at a time
     */
    public KernelDriver(
            Memory memory,
            MiniportAdapter lower,
            MiniportAdapter side,
            int maxObjects,
            KernelSettings settings) {
        super(memory, lower, maxObjects);
        this.kernel = new Binding(memory, new KernelSide(this), side);
        this.sorter = new FrameSorter(settings.mac(), settings.own(), settings.shared());
        this.head = new FrameHead(memory);
        this.list = new NetBufferList(memory);
        this.toHost = new Chain();
        this.toKernel = new Chain();
        this.other = new Chain();
    }

    /** What the host stack has; nothing, until somebody says. */
    public void claims(TcpClaims claims) {
        sorter.claims(claims);
    }

    @Override
    public String name() {
        return "kernel";
    }

    // ---- From the network.

    @Override
    protected void receiveFrames(LowerInterface from, long netBufferLists) {
        long next;
        for (long at = netBufferLists; at != 0; at = next) {
            next = list.wrap(at).next();
            int to = sorter.arrived(head.wrap(at), now);
            if (to == FrameSorter.HOST) {
                toHost.add(at);
            } else if (to == FrameSorter.KERNEL) {
                toKernel.add(at);
            } else if (to == FrameSorter.BOTH) {
                list.wrap(at).context(THEN_KERNEL);
                toHost.add(at);
            } else {
                framesReflected++;
                other.add(at);
            }
        }
        long back = other.take();
        if (back != 0) {
            from.binding().returnNetBufferLists(back);
        }
        sendToKernel();
        long up = toHost.take();
        if (up != 0) {
            upper().adapter().receiveNetBufferLists(up);
        }
    }

    /** The host stack has seen them: some are the kernel's now. */
    @Override
    protected void returnFrames(UpperInterface from, long netBufferLists) {
        long next;
        for (long at = netBufferLists; at != 0; at = next) {
            next = list.wrap(at).next();
            if (list.context() == THEN_KERNEL) {
                list.context(0);
                toKernel.add(at);
            } else {
                other.add(at);
            }
        }
        long back = other.take();
        if (back != 0) {
            super.returnFrames(from, back);
        }
        sendToKernel();
    }

    private void sendToKernel() {
        long chain = toKernel.take();
        if (chain != 0) {
            atKernel += length(chain);
            busy = true;
            kernel.sendNetBufferLists(chain);
        }
    }

    /** The kernel's side is done with them. */
    void atKernel(long netBufferLists) {
        for (long at = netBufferLists; at != 0; at = list.next()) {
            boolean sent = list.wrap(at).status() == OffloadStatus.SUCCESS.code();
            framesToKernel += sent ? 1 : 0;
            framesLostToKernel += sent ? 0 : 1;
            atKernel--;
        }
        super.returnFrames(upper(), netBufferLists);
    }

    private int length(long chain) {
        int count = 0;
        for (long at = chain; at != 0; at = list.wrap(at).next()) {
            count++;
        }
        return count;
    }

    // ---- From the kernel.

    void fromKernel(long netBufferLists) {
        long next;
        for (long at = netBufferLists; at != 0; at = next) {
            next = list.wrap(at).next();
            if (sorter.clashes(head.wrap(at))) {
                framesClashing++;
                toKernel.add(at);
            } else {
                list.wrap(at).context(OF_KERNEL);
                ofKernel++;
                other.add(at);
            }
        }
        long back = toKernel.take();
        if (back != 0) {
            kernel.returnNetBufferLists(back);
        }
        long down = other.take();
        if (down != 0) {
            lower().binding().sendNetBufferLists(down);
        }
    }

    @Override
    protected void framesSent(LowerInterface from, long netBufferLists) {
        long next;
        for (long at = netBufferLists; at != 0; at = next) {
            next = list.wrap(at).next();
            if (list.context() == OF_KERNEL) {
                boolean sent = list.status() == OffloadStatus.SUCCESS.code();
                framesFromKernel += sent ? 1 : 0;
                framesLostFromKernel += sent ? 0 : 1;
                list.context(0);
                ofKernel--;
                other.add(at);
            } else {
                toHost.add(at);
            }
        }
        long back = other.take();
        if (back != 0) {
            kernel.returnNetBufferLists(back);
        }
        long up = toHost.take();
        if (up != 0) {
            super.framesSent(from, up);
        }
    }

    // ---- Duty cycle.

    @Override
    protected int doWork(long nowNanos) {
        now = nowNanos;
        int work = super.doWork(nowNanos);
        // Asking an interface that has nothing costs a system call.
        if (busy || !asked || nowNanos - askedAt >= IDLE_NANOS) {
            asked = true;
            askedAt = nowNanos;
            busy = false;
            int done = kernel.doWork(nowNanos);
            busy |= done > 0;
            work += done;
        }
        return work;
    }

    @Override
    protected long nextDeadline() {
        long kernels = busy || !asked ? now : askedAt + IDLE_NANOS;
        return Math.min(super.nextDeadline(), kernels);
    }

    // ---- For people and tests.

    @Override
    public Map<String, Integer> held() {
        Map<String, Integer> held = new TreeMap<>(super.held());
        held.put("frames at the kernel", atKernel);
        held.put("frames of the kernel", ofKernel);
        return held;
    }

    @Override
    public DriverFigures figures() {
        DriverFigures figures = super.figures();
        Map<String, Long> counters = figures.counters();
        counters.put("frames to the kernel", framesToKernel);
        counters.put("frames from the kernel", framesFromKernel);
        counters.put("frames lost to the kernel", framesLostToKernel);
        counters.put("frames lost from the kernel", framesLostFromKernel);
        counters.put("frames clashing", framesClashing);
        counters.put("frames reflected", framesReflected);
        return figures;
    }
}
