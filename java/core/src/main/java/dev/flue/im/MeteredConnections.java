// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.PathConst;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpConst;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What a {@link MeterDriver} knows of each object, by its entry: addresses of paths, addresses,
 * ports and figures of connections; and the figures of all together, which never go back. Nothing
 * is allocated after the constructor, but by who reads.
 */
final class MeteredConnections {
    private static final long MAPPED = 0xffffL << 32;
    private static final int ADDRESS_LONGS = 4;

    private final Memory memory;
    private final MiniportOffloadBlockList block;
    private final PathConst path;
    private final TcpConst tcp;
    private final long[] figures;
    private final long[] total = new long[MeterReading.FIGURES];
    private final long[] number;
    private final long[] addresses;
    private final int[] localPort;
    private final int[] remotePort;

    MeteredConnections(Memory memory, int limit) {
        this.memory = memory;
        this.block = new MiniportOffloadBlockList(memory);
        this.path = new PathConst(memory);
        this.tcp = new TcpConst(memory);
        this.figures = new long[Math.multiplyExact(limit, MeterReading.FIGURES)];
        this.number = new long[limit];
        this.addresses = new long[limit * ADDRESS_LONGS];
        this.localPort = new int[limit];
        this.remotePort = new int[limit];
    }

    // ---- Objects.

    /** A new object is on its way down. True when it is a connection. */
    boolean offering(int entry, long blockRef) {
        int type = block.wrap(blockRef).type();
        number[entry] = 0;
        if (type == StateType.TCP.code()) {
            tcp.wrap(blockRef + StateOffsets.TCP_CONST);
            localPort[entry] = tcp.localPort();
            remotePort[entry] = tcp.remotePort();
            int row = entry * MeterReading.FIGURES;
            Arrays.fill(figures, row, row + MeterReading.FIGURES, 0);
            return true;
        }
        if (type == StateType.IP4.code() || type == StateType.IP6.code()) {
            path.wrap(blockRef + StateOffsets.PATH_CONST);
            boolean four = type == StateType.IP4.code();
            keep(entry * ADDRESS_LONGS, path.sourceAddress(), four);
            keep(entry * ADDRESS_LONGS + 2, path.destinationAddress(), four);
        }
        return false;
    }

    private void keep(int at, long address, boolean four) {
        addresses[at] = 0;
        addresses[at + 1] = 0;
        if (address == 0) {
            return;
        }
        ByteBuffer region = memory.buffer(Refs.region(address));
        int offset = Refs.offset(address);
        if (four) {
            addresses[at + 1] = MAPPED | number(region, offset, Integer.BYTES);
        } else {
            addresses[at] = number(region, offset, Long.BYTES);
            addresses[at + 1] = number(region, offset + Long.BYTES, Long.BYTES);
        }
    }

    /** Bytes in network order. */
    private static long number(ByteBuffer region, int offset, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value = value << Byte.SIZE | region.get(offset + i) & 0xff;
        }
        return value;
    }

    /** A connection goes down over this path; -1 = over one that nobody told. */
    void over(int entry, int pathEntry) {
        int at = entry * ADDRESS_LONGS;
        if (pathEntry < 0) {
            Arrays.fill(addresses, at, at + ADDRESS_LONGS, 0);
        } else {
            System.arraycopy(addresses, pathEntry * ADDRESS_LONGS, addresses, at, ADDRESS_LONGS);
        }
    }

    /** A connection was taken by the driver below. */
    void offloaded(int entry) {
        add(entry, MeterReading.OFFLOADS, 1);
        number[entry] = total[MeterReading.OFFLOADS];
    }

    /** It is not there any more. */
    void gone(int entry) {
        number[entry] = 0;
    }

    boolean isThere(int entry) {
        return number[entry] != 0;
    }

    // ---- Figures.

    /** To those of a connection and to those of all. */
    void add(int entry, int figure, long more) {
        figures[entry * MeterReading.FIGURES + figure] += more;
        total[figure] += more;
    }

    /** Lists and their bytes. */
    void add(int entry, IoKind kind, IoOutcome outcome, int lists, long bytes) {
        int figure = MeterReading.figure(kind, outcome);
        add(entry, figure, lists);
        add(entry, figure + 1, bytes);
    }

    /** Of this kind, how much came from above and went nowhere: lists, or, one further, bytes. */
    long open(int entry, IoKind kind, int part) {
        int row = entry * MeterReading.FIGURES + part;
        return figures[row + MeterReading.figure(kind, IoOutcome.REQUESTED)]
                - figures[row + MeterReading.figure(kind, IoOutcome.DONE)]
                - figures[row + MeterReading.figure(kind, IoOutcome.FAILED)]
                - figures[row + MeterReading.figure(kind, IoOutcome.RETURNED)];
    }

    MeterReading total() {
        return new MeterReading(total.clone());
    }

    /** Bytes of a connection, as {@link MeterReading#payload} has them. */
    long payload(int entry) {
        return MeterReading.payload(figures, entry * MeterReading.FIGURES);
    }

    private MeterReading reading(int entry) {
        int row = entry * MeterReading.FIGURES;
        return new MeterReading(Arrays.copyOfRange(figures, row, row + MeterReading.FIGURES));
    }

    MeterConnection connection(int entry, Latency sends) {
        int at = entry * ADDRESS_LONGS;
        return new MeterConnection(
                number[entry],
                addresses[at],
                addresses[at + 1],
                localPort[entry],
                addresses[at + 2],
                addresses[at + 3],
                remotePort[entry],
                reading(entry),
                sends);
    }
}
