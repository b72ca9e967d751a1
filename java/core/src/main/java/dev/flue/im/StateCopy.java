// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathConst;
import dev.flue.offload.PathDelegated;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpStateExt;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/** Copies the state structures behind blocks, from one block to another. */
final class StateCopy {
    private final Memory memory;
    private final TcpDelegated delegated;

    StateCopy(Memory memory) {
        this.memory = memory;
        this.delegated = new TcpDelegated(memory);
    }

    /** Bytes of what a block of this type carries behind it. */
    private int bytes(long block, int code) {
        StateType type = StateType.of(code);
        if (type == null) {
            return 0;
        }
        return switch (type) {
            case NONE -> 0;
            case NEIGHBOR_CONST, NEIGHBOR_CACHED -> NeighborCached.BYTES;
            case NEIGHBOR_DELEGATED -> NeighborDelegated.BYTES;
            case NEIGHBOR ->
                    StateOffsets.NEIGHBOR_DELEGATED
                            + NeighborDelegated.BYTES
                            - OffloadBlockList.BYTES;
            case IP4_CONST, IP6_CONST -> PathConst.BYTES;
            case IP4_CACHED, IP6_CACHED -> PathCached.BYTES;
            case IP4_DELEGATED, IP6_DELEGATED -> PathDelegated.BYTES;
            case IP4, IP6 ->
                    StateOffsets.PATH_DELEGATED + PathDelegated.BYTES - OffloadBlockList.BYTES;
            case TCP_CONST -> TcpConst.BYTES;
            case TCP_CACHED -> TcpCached.BYTES;
            case TCP_DELEGATED -> TcpDelegated.BYTES + ext(block + OffloadBlockList.BYTES);
            case TCP ->
                    StateOffsets.TCP_DELEGATED
                            + TcpDelegated.BYTES
                            - OffloadBlockList.BYTES
                            + ext(block + StateOffsets.TCP_DELEGATED);
        };
    }

    private int ext(long at) {
        int options = delegated.wrap(at).recognizedOptions();
        return (options & TcpDelegated.OPTION_EXT) == 0 ? 0 : TcpStateExt.BYTES;
    }

    /** What stands behind one block, as its type says, behind another. */
    void copy(long fromBlock, long toBlock, int type) {
        bytes(
                fromBlock + OffloadBlockList.BYTES,
                toBlock + OffloadBlockList.BYTES,
                bytes(fromBlock, type));
    }

    /** What stands behind a block, as its type says, into a record. */
    void keep(long fromBlock, long record, int type) {
        bytes(fromBlock + OffloadBlockList.BYTES, record, bytes(fromBlock, type));
    }

    /** So many bytes. */
    void bytes(long from, long to, int count) {
        if (count > 0) {
            ByteBuffer source = memory.buffer(Refs.region(from));
            memory.buffer(Refs.region(to)).put(Refs.offset(to), source, Refs.offset(from), count);
        }
    }
}
