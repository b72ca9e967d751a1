// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.offload.Capabilities;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The engine's end of a channel, played by a test: it reads submissions and posts entries. */
final class ScriptedEngine implements EngineControl {
    /** A submission as it came down. */
    record Submission(int op, int arg0, long token, long ref, long arg1) {}

    final List<Submission> taken = new ArrayList<>();
    final int subCapacity;
    final int upCapacity;
    int maxSends = 48;
    int pollResult;
    int polls;
    int budget;
    int destroyed;
    int link = 1;
    int linkAsked;
    long deadline = Long.MAX_VALUE;
    // How many submissions a poll takes; the rest stays on the ring.
    int appetite = Integer.MAX_VALUE;

    private final ByteBuffer channel;
    private long subHead;
    private long upTail;

    ScriptedEngine(int subCapacity, int upCapacity) {
        this.subCapacity = subCapacity;
        this.upCapacity = upCapacity;
        int rings = (subCapacity + upCapacity) * ChannelLayout.ENTRY_BYTES;
        channel =
                ByteBuffer.allocateDirect(ChannelLayout.HEADER_BYTES + rings)
                        .order(ByteOrder.LITTLE_ENDIAN);
        channel.putInt(ChannelLayout.MAGIC, ChannelLayout.MAGIC_VALUE);
        channel.putInt(ChannelLayout.VERSION, ChannelLayout.ABI_VERSION);
        channel.putInt(ChannelLayout.SUB_CAPACITY, subCapacity);
        channel.putInt(ChannelLayout.UP_CAPACITY, upCapacity);
        channel.putLong(ChannelLayout.SUB_OFFSET, ChannelLayout.HEADER_BYTES);
        channel.putLong(
                ChannelLayout.UP_OFFSET,
                ChannelLayout.HEADER_BYTES + subCapacity * ChannelLayout.ENTRY_BYTES);
    }

    NativeOffloadTarget target() {
        return new NativeOffloadTarget(
                this,
                EngineConfig.builder().build(),
                new Capabilities(
                        true,
                        "",
                        true,
                        false,
                        false,
                        16,
                        65536,
                        1500,
                        0x0200c6120001L,
                        "scripted"));
    }

    /** Read at most {@code count} submissions into {@link #taken}. */
    void take(int count) {
        long tail = channel.getLong(ChannelLayout.SUB_TAIL);
        for (int i = 0; i < count && subHead < tail; i++) {
            int at =
                    ChannelLayout.HEADER_BYTES
                            + ((int) subHead & (subCapacity - 1)) * ChannelLayout.ENTRY_BYTES;
            taken.add(
                    new Submission(
                            channel.getInt(at),
                            channel.getInt(at + 4),
                            channel.getLong(at + 8),
                            channel.getLong(at + 16),
                            channel.getLong(at + 24)));
            subHead++;
        }
        channel.putLong(ChannelLayout.SUB_HEAD, subHead);
    }

    /** Post an entry. */
    void post(int op, int arg0, long handle, long ref, long arg1) {
        long head = channel.getLong(ChannelLayout.UP_HEAD);
        if (upTail - head >= upCapacity) {
            throw new AssertionError("the up-ring is full");
        }
        int at =
                ChannelLayout.HEADER_BYTES
                        + (subCapacity + ((int) upTail & (upCapacity - 1)))
                                * ChannelLayout.ENTRY_BYTES;
        channel.putInt(at, op);
        channel.putInt(at + 4, arg0);
        channel.putLong(at + 8, handle);
        channel.putLong(at + 16, ref);
        channel.putLong(at + 24, arg1);
        channel.putLong(ChannelLayout.UP_TAIL, ++upTail);
    }

    void markStopped() {
        channel.putInt(ChannelLayout.ENGINE_STOPPED, 1);
    }

    @Override
    public int maxSends() {
        return maxSends;
    }

    @Override
    public ByteBuffer channel() {
        return channel;
    }

    @Override
    public int poll(long nowNanos, int most) {
        polls++;
        budget = most;
        take(appetite);
        return pollResult;
    }

    @Override
    public int link() {
        linkAsked++;
        return link;
    }

    @Override
    public long nextDeadline() {
        return deadline;
    }

    @Override
    public int start(int cpu, EngineIdle idle) {
        return 0;
    }

    @Override
    public void wake() {}

    @Override
    public int stop() {
        return 0;
    }

    @Override
    public int join(EngineGroup group, int index) {
        return 0;
    }

    @Override
    public long held(int which) {
        return which;
    }

    @Override
    public ArenaInfo arena() {
        return new ArenaInfo("heap", -1, 0, 0, "", 0, 0);
    }

    @Override
    public ByteBuffer counters() {
        return channel;
    }

    @Override
    public void destroy() {
        destroyed++;
    }
}
