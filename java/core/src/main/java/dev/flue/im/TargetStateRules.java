// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.im.VerifiedOperation.Block;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.spi.Memory;
import java.util.Map;

/** What a target must have done with the tree of an operation when it completes it. */
final class TargetStateRules {
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();
    private static final int PARTIAL = OffloadStatus.OFFLOAD_PARTIAL_SUCCESS.code();
    private static final int FAILURE = OffloadStatus.FAILURE.code();

    private final BreachLog log;
    private final NblTable table;
    private final NblView view;
    private final NetBufferList list;
    private final TcpDelegated tcp;

    TargetStateRules(Memory memory, BreachLog log, NblTable table) {
        this.log = log;
        this.table = table;
        this.view = new NblView(memory);
        this.list = new NetBufferList(memory);
        this.tcp = new TcpDelegated(memory);
    }

    static boolean succeeded(int status) {
        return status == SUCCESS || status == PARTIAL;
    }

    /** Statuses are read, nothing is converted yet. {@code tokens}: of the layer below, in use. */
    void check(VerifiedOperation operation, Map<Long, VerifiedObject> tokens) {
        boolean initiate = operation.operation == StateOperation.INITIATE;
        if (initiate && refusedWhole(operation)) {
            return;
        }
        for (Block block : operation.blocks) {
            if (initiate) {
                initiated(block, tokens);
            } else if (block.status != SUCCESS && block.status != FAILURE && !block.dangling()) {
                log.report(
                        "T-16",
                        block.object,
                        operation.operation + " completed with " + text(block.status));
            }
            if (block.placeholder && block.status != SUCCESS && !underFailure(block)) {
                log.report("T-25", null, "a placeholder completed with " + text(block.status));
            }
            if (operation.operation == StateOperation.TERMINATE
                    && block.object != null
                    && block.status == SUCCESS) {
                terminated(block);
            }
        }
    }

    /** A driver that could not pass it on completes it with FAILURE in all blocks (I-28). */
    private static boolean refusedWhole(VerifiedOperation operation) {
        return operation.blocks.stream()
                .allMatch(
                        block ->
                                block.status == FAILURE
                                        && (!block.creates || block.object.lowerToken == 0));
    }

    /** What lies under a block that failed was not tried (T-29). */
    private static boolean underFailure(Block block) {
        for (Block at = block.under; at != null; at = at.under) {
            if (!succeeded(at.status)) {
                return true;
            }
        }
        return false;
    }

    private void initiated(Block block, Map<Long, VerifiedObject> tokens) {
        if (block.object == null) {
            return;
        }
        if (!legalForInitiate(block.status)) {
            log.report("T-30", block.object, "its initiate completed with " + text(block.status));
        }
        if (!block.creates) {
            if (!underFailure(block)) {
                linked(block);
            }
            return;
        }
        boolean succeeded = succeeded(block.status);
        long token = block.object.lowerToken;
        if (succeeded && token == 0) {
            log.report("T-22", block.object, "offloaded without a token in its slot");
        } else if (!succeeded && token != 0) {
            log.report("T-23", block.object, "refused, but there is a token in its slot");
        } else if (succeeded && tokens.containsKey(token)) {
            log.report("T-20", block.object, "has the token of " + tokens.get(token).name());
        }
        dependents(block, succeeded);
        chain(block, succeeded);
    }

    /** T-26. What lies under a placeholder counts where it lies. */
    private void linked(Block block) {
        int taken = 0;
        int failed = 0;
        for (Block each : block.row) {
            if (succeeded(each.status)) {
                taken++;
            } else {
                failed++;
            }
        }
        int right = failed == 0 ? SUCCESS : taken == 0 ? FAILURE : PARTIAL;
        boolean inner = block.row.stream().anyMatch(each -> each.status == PARTIAL);
        if (block.status != right && !(inner && block.status == PARTIAL)) {
            log.report(
                    "T-26",
                    block.object,
                    "linked with "
                            + text(block.status)
                            + " while "
                            + failed
                            + " of its dependents failed, "
                            + taken
                            + " did not");
        }
    }

    private void dependents(Block block, boolean succeeded) {
        int failed = 0;
        boolean unsure = false;
        for (Block each : block.row) {
            if (!succeeded(each.status)) {
                failed++;
            }
            // Whether a partial dependent, or a linker, counts as failed is left open (4.2).
            unsure |= each.status == PARTIAL || !each.creates && !each.placeholder;
            if (!succeeded && !each.placeholder && succeeded(each.status)) {
                log.report(
                        "T-29", block.object, "refused, but a dependent of it is said to be taken");
            }
        }
        if (succeeded && !unsure && (failed > 0) != (block.status == PARTIAL)) {
            log.report(
                    "T-28",
                    block.object,
                    "completed with "
                            + text(block.status)
                            + " while "
                            + failed
                            + " of its dependents failed");
        }
    }

    private void chain(Block block, boolean succeeded) {
        if (succeeded && block.chain != 0) {
            log.report("T-48", block.object, "offloaded, its NetBufferListChain is not NULL");
        }
        if (succeeded) {
            return;
        }
        for (int i = 0; i < block.chainRefs.length; i++) {
            if (list.wrap(block.chainRefs[i]).status() != block.chainStatus[i]) {
                log.report("T-31", block.object, "refused, but the status of its send is changed");
                return;
            }
        }
    }

    private void terminated(Block block) {
        VerifiedObject object = block.object;
        if (object.operating()) {
            log.report("T-65", object, "terminated before its other operations completed");
        }
        for (int kind = VerifiedObject.RECEIVE; kind <= VerifiedObject.FORWARD; kind++) {
            if (object.out[kind] > 0) {
                log.report("T-65", object, "terminated with " + object.out[kind] + kinds(kind));
            }
        }
        if (object.delivering > 0) {
            log.report("T-66", object, "terminated while an indication of it runs");
        }
        sendsBack(block);
        if (block.type == StateType.TCP.code() && object.layer == VerifiedObject.TCP) {
            delegated(block);
        }
    }

    private static String kinds(int kind) {
        return switch (kind) {
            case VerifiedObject.RECEIVE -> " posted receives not completed";
            case VerifiedObject.DISCONNECT -> " disconnects not completed";
            default -> " forwards not completed";
        };
    }

    /** T-72, T-73: what comes back are the sends that did not complete, in their order. */
    private void sendsBack(Block block) {
        VerifiedObject object = block.object;
        int back = 0;
        int last = 0;
        long next;
        for (long ref = block.chain; ref != 0; ref = next) {
            next = list.wrap(ref).next();
            int at = table.find(ref);
            if (at < 0 || table.state(at) != NblTable.SEND || table.owner(at) != object) {
                log.report("T-72", object, "hands back a list that is no send of it");
                return;
            }
            if (table.number(at) <= last) {
                log.report("T-72", object, "hands sends back in another order");
            }
            last = table.number(at);
            if (++back > object.out[VerifiedObject.SEND]) {
                log.report("T-72", object, "hands back a chain that does not end");
                return;
            }
        }
        if (back != object.out[VerifiedObject.SEND]) {
            int lost = object.out[VerifiedObject.SEND] - back;
            log.report("T-65", object, "terminated with " + lost + " sends neither done nor back");
        }
        if (back > 0 && object.abortIndicated) {
            log.report("T-131", object, "hands sends back although it was reset");
        }
    }

    private void delegated(Block block) {
        VerifiedObject object = block.object;
        tcp.wrap(block.ref + StateOffsets.TCP_DELEGATED);
        int sent = tcp.sndMax() - tcp.sndUna();
        int next = tcp.sndNxt() - tcp.sndUna();
        if (next < 0 || sent < next) {
            log.report("T-72", object, "gives SND.UNA, SND.NXT, SND.MAX that are not in order");
        }
        if (block.chain != 0 && tcp.sendDataHead() != block.chain) {
            log.report("T-72", object, "gives a SendDataHead that is not the head of its chain");
        }
        boolean idle =
                sent == 0
                        && tcp.sndWnd() != 0
                        && tcp.state() != TcpState.FIN_WAIT2.code()
                        && tcp.state() >= TcpState.ESTABLISHED.code();
        if (idle && tcp.retransmitTimeoutDelta() != -1) {
            log.report(
                    "T-53",
                    object,
                    "nothing is outstanding, but its retransmit timer is "
                            + tcp.retransmitTimeoutDelta());
        }
        long next2;
        int buffered = 0;
        for (long ref = tcp.bufferedData(); ref != 0 && buffered < 1 << 20; ref = next2) {
            next2 = list.wrap(ref).next();
            buffered++;
            lend(object, ref);
        }
    }

    /** T-74: the host has BufferedData until it returns it. */
    private void lend(VerifiedObject object, long ref) {
        int at = table.place(ref);
        if (table.state(at) == NblTable.LENT || NblTable.withTarget(table.state(at))) {
            log.report("T-74", object, "gives as BufferedData a list that somebody has");
        }
        int bytes = view.sample(ref, 0);
        table.lent(at, object, bytes, bytes == 0 ? 0 : view.sampled);
    }

    private static boolean legalForInitiate(int code) {
        OffloadStatus status = OffloadStatus.of(code);
        if (status == null) {
            return false;
        }
        return switch (status) {
            case SUCCESS,
                    OFFLOAD_PARTIAL_SUCCESS,
                    FAILURE,
                    RESOURCES,
                    OFFLOAD_TCP_ENTRIES,
                    OFFLOAD_PATH_ENTRIES,
                    OFFLOAD_NEIGHBOR_ENTRIES,
                    OFFLOAD_IP_ADDRESS_ENTRIES,
                    OFFLOAD_HW_ADDRESS_ENTRIES,
                    OFFLOAD_VLAN_ENTRIES,
                    OFFLOAD_VLAN_MISMATCH,
                    OFFLOAD_TCP_XMIT_BUFFER,
                    OFFLOAD_TCP_RCV_BUFFER,
                    OFFLOAD_TCP_RCV_WINDOW,
                    OFFLOAD_POLICY,
                    OFFLOAD_CONNECTION_REJECTED,
                    OFFLOAD_PATH_MTU ->
                    true;
            default -> false;
        };
    }

    static String text(int code) {
        OffloadStatus status = OffloadStatus.of(code);
        return status == null ? "status 0x" + Integer.toHexString(code) : status.name();
    }
}
