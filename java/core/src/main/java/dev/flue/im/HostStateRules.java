// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.im.VerifiedObject.Phase;
import dev.flue.im.VerifiedOperation.Block;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.spi.Memory;
import java.util.HashMap;
import java.util.Map;

/** What a host may ask of which object when: the H rules of state operations, and table 4.8. */
final class HostStateRules {
    private final BreachLog log;
    private final NeighborCached neighborCached;
    private final NeighborDelegated neighborDelegated;
    private final TcpDelegated tcp;
    private boolean paused;

    HostStateRules(Memory memory, BreachLog log) {
        this.log = log;
        this.neighborCached = new NeighborCached(memory);
        this.neighborDelegated = new NeighborDelegated(memory);
        this.tcp = new TcpDelegated(memory);
    }

    /** The host was told to stop offloading, or that it may offload again. */
    void paused(boolean now) {
        paused = now;
    }

    /** An operation, its objects known, on its way down. */
    void check(VerifiedOperation operation, Map<Long, VerifiedObject> byHandle) {
        for (Block block : operation.blocks) {
            if (block.dangling()) {
                log.report("H-4", null, dangling(operation, block));
            } else if (block.object != null) {
                checkBlock(operation, block, byHandle);
            }
        }
        if (operation.operation == StateOperation.TERMINATE) {
            checkDependents(operation);
        }
    }

    private static String dangling(VerifiedOperation operation, Block block) {
        return operation.operation.name()
                + " by a handle that stands for nothing offloaded, block "
                + Long.toHexString(block.ref);
    }

    private void checkBlock(
            VerifiedOperation operation, Block block, Map<Long, VerifiedObject> byHandle) {
        switch (operation.operation) {
            case INITIATE -> {
                if (block.creates) {
                    created(block, byHandle);
                } else {
                    linker(block);
                }
            }
            case QUERY -> idleFor(block, "a query");
            case UPDATE -> update(block);
            case INVALIDATE -> invalidate(block);
            case TERMINATE -> terminate(block);
        }
    }

    private void created(Block block, Map<Long, VerifiedObject> byHandle) {
        VerifiedObject object = block.object;
        VerifiedObject other = byHandle.get(object.upperHandle);
        if (other != null && other != object && other.phase != Phase.GONE) {
            String rule = other.phase == Phase.INITIATING ? "H-3" : "H-6";
            log.report(rule, other, "initiated again, by the same handle");
        }
        if (paused) {
            log.report("H-32", object, "offloaded although the target paused offloading");
        }
        if (block.type == StateType.TCP.code()) {
            int state = tcp.wrap(block.ref + StateOffsets.TCP_DELEGATED).state();
            if (state < TcpState.ESTABLISHED.code() || state > TcpState.LAST_ACK.code()) {
                log.report("H-1", object, "offloaded in state " + state);
            }
        } else if (block.type == StateType.NEIGHBOR.code()) {
            int host =
                    neighborCached
                            .wrap(block.ref + StateOffsets.NEIGHBOR_CACHED)
                            .hostReachabilityDelta();
            int nic =
                    neighborDelegated
                            .wrap(block.ref + StateOffsets.NEIGHBOR_DELEGATED)
                            .nicReachabilityDelta();
            if (host != nic) {
                log.report("H-10", object, "offloaded with HRD " + host + " and NRD " + nic);
            }
        } else if (block.type != StateType.IP4.code() && block.type != StateType.IP6.code()) {
            log.report("H-6", object, "a new object with type " + block.type);
        }
    }

    private void linker(Block block) {
        if (block.object.phase != Phase.OFFLOADED) {
            log.report("4.8", block.object, "linked to while it is not simply offloaded");
        }
    }

    private boolean idleFor(Block block, String what) {
        Phase phase = block.object.phase;
        if (phase == Phase.INITIATING) {
            log.report("H-4", block.object, what + " before its initiate completed");
        } else if (phase == Phase.TERMINATING) {
            log.report("4.8", block.object, what + " while it is being terminated");
        }
        return phase == Phase.OFFLOADED;
    }

    private void update(Block block) {
        VerifiedObject object = block.object;
        relink(block);
        if (!idleFor(block, "an update") || block.reference) {
            return;
        }
        if (object.updates > 0) {
            log.report("H-15", object, "updated while an update of it runs");
        }
        if (object.invalidated) {
            log.report("H-15", object, "updated after it was invalidated");
        }
    }

    private void relink(Block block) {
        Block under = block.under;
        boolean moves =
                under != null && under.object != null && under.object != block.object.parent;
        if (moves && block.object.layer == VerifiedObject.TCP && block.object.parent != null) {
            log.report("H-16", block.object, "relinked to " + under.object.name());
        }
    }

    private void invalidate(Block block) {
        if (!idleFor(block, "an invalidate")) {
            return;
        }
        if (block.type != StateType.NONE.code()) {
            log.report("H-19", block.object, "invalidated with a state structure: " + block.type);
        }
    }

    private void terminate(Block block) {
        VerifiedObject object = block.object;
        if (!idleFor(block, "a terminate")) {
            return;
        }
        if (object.operating()) {
            log.report(
                    "H-21",
                    object,
                    "terminated while "
                            + object.queries
                            + " queries, "
                            + object.updates
                            + " updates, "
                            + object.invalidates
                            + " invalidates of it run");
        }
    }

    private void checkDependents(VerifiedOperation operation) {
        Map<VerifiedObject, Integer> inRequest = new HashMap<>();
        for (Block block : operation.blocks) {
            if (block.object != null && block.object.parent != null) {
                inRequest.merge(block.object.parent, 1, Integer::sum);
            }
        }
        for (Block block : operation.blocks) {
            int left =
                    block.object == null
                            ? 0
                            : block.object.dependents - inRequest.getOrDefault(block.object, 0);
            if (left > 0) {
                log.report(
                        "H-20", block.object, "terminated while " + left + " others depend on it");
            }
        }
    }
}
