// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.StateType;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * A block list under construction: one neighbor, its paths, their connections, in that order (3.5).
 * What stands in it without being named is a placeholder.
 */
final class Tree {
    /** Connections in one operation, at most. */
    static final int MAX_CONNECTIONS = 64;

    /** A path in the tree. */
    private static final class Branch {
        final PathObject path;
        final long block;
        long lastConnection;
        int connections;

        Branch(PathObject path, long block) {
            this.path = path;
            this.block = block;
        }
    }

    final NeighborObject neighbor;
    private final BlockPool blocks;
    private final ProtocolOffloadBlockList block;
    private final List<Branch> branches = new ArrayList<>();
    private final long root;
    private int connections;

    /** {@code blocks} must have three left for each connection that is to be added. */
    Tree(Memory memory, BlockPool blocks, NeighborObject neighbor) {
        this.blocks = blocks;
        this.neighbor = neighbor;
        this.block = new ProtocolOffloadBlockList(memory);
        this.root = blocks.allocate(neighbor, StateType.NEIGHBOR, 0);
    }

    /** The neighbor's block. */
    long root() {
        return root;
    }

    /** Connections of all paths. */
    int connections() {
        return connections;
    }

    /** Connections of one path that stand here. */
    int connections(PathObject path) {
        return branch(path).connections;
    }

    boolean full() {
        return connections >= MAX_CONNECTIONS;
    }

    List<PathObject> paths() {
        List<PathObject> paths = new ArrayList<>();
        branches.forEach(branch -> paths.add(branch.path));
        return paths;
    }

    /** The block of a path; added as a placeholder when it is not there. */
    long path(PathObject path) {
        return branch(path).block;
    }

    private Branch branch(PathObject path) {
        for (Branch branch : branches) {
            if (branch.path == path) {
                return branch;
            }
        }
        Branch branch = new Branch(path, blocks.allocate(path, type(path), 0));
        if (branches.isEmpty()) {
            block.wrap(root).dependentBlockList(branch.block);
        } else {
            block.wrap(branches.get(branches.size() - 1).block).nextBlock(branch.block);
        }
        branches.add(branch);
        return branch;
    }

    private static StateType type(PathObject path) {
        return path.destination.isIpv4() ? StateType.IP4 : StateType.IP6;
    }

    /** A connection's block, behind those of its path. */
    long connection(Flow flow) {
        Branch branch = branch(flow.path);
        long added = blocks.allocate(flow, StateType.TCP, flow.handle);
        if (branch.lastConnection == 0) {
            block.wrap(branch.block).dependentBlockList(added);
        } else {
            block.wrap(branch.lastConnection).nextBlock(added);
        }
        branch.lastConnection = added;
        branch.connections++;
        connections++;
        return added;
    }

    /** Name an object: no placeholder any more. */
    void name(long ref, long handle) {
        block.wrap(ref).offloadHandle(handle);
    }

    /**
     * The root to send: without the placeholders when nothing but one block has a name ("a lone
     * block", 3.5).
     */
    long finish() {
        boolean named = block.wrap(root).offloadHandle() != 0;
        if (named || branches.size() != 1) {
            return root;
        }
        long path = branches.get(0).block;
        block.wrap(path);
        boolean pathNamed = block.offloadHandle() != 0;
        if (pathNamed) {
            blocks.free(root);
            return path;
        }
        if (connections != 1) {
            return root;
        }
        long lone = block.dependentBlockList();
        blocks.free(path);
        blocks.free(root);
        return lone;
    }
}
